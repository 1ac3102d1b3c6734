#include "world/world.hpp"

#include <nlohmann/json.hpp>
#include <totem/health.hpp>
#include <totem/plugin.hpp>

namespace {

/// The skin of the outside world: it lives as long as the plugin runs.
class SandboxPlugin : public totem::Plugin {
public:
    explicit SandboxPlugin(const totem::Init& init)
        : Plugin(init), health_(init.host), world_(nlohmann::json::parse(init.config)) {}

    void start() override {
        world_.start();
        const totem_sandbox::WorldPorts ports = world_.ports();
        tell("chatwoot", ports.chatwoot);
        tell("evolution", ports.evolution);
        tell("fnb", ports.fnb);
        tell("gaso", ports.gaso);
        tell("page", ports.page);
    }

    void stop() override { world_.stop(); }

private:
    void tell(const char* service, std::uint16_t port) {
        if (port == 0) return;
        const std::string where = "port " + std::to_string(port);
        log.info("sandbox.listening", {{"service", service}, {"port", port}});
        health_.healthy(service, where);
    }

    totem::Health health_;
    totem_sandbox::World world_;
};

}  // namespace

TOTEM_PLUGIN(SandboxPlugin);
