#include "world/world.hpp"

#include "world/base/event_log.hpp"
#include "world/base/faults.hpp"
#include "world/base/http_caller.hpp"
#include "world/base/http_server.hpp"
#include "world/base/journeys.hpp"
#include "world/base/phones.hpp"
#include "world/base/settings.hpp"
#include "world/base/stop_signal.hpp"
#include "world/chatwoot/service.hpp"
#include "world/evolution/service.hpp"
#include "world/page/control_service.hpp"
#include "world/portal/fnb_portal.hpp"
#include "world/portal/gaso_report.hpp"

#include <thread>

namespace totem_sandbox {
namespace {

using nlohmann::json;

// Connections at once; a slow portal has to hold thousands of customers who wait.
constexpr int kDeskThreads = 512;
constexpr int kPortalThreads = 8000;
constexpr int kPageThreads = 256;

std::string urlOf(const std::string& address, std::uint16_t port) {
    std::string host = address.substr(0, address.rfind(':'));
    if (host == "0.0.0.0") host = "127.0.0.1";
    return "http://" + host + ":" + std::to_string(port);
}

}  // namespace

class World::Impl {
public:
    explicit Impl(const json& config)
        : settings_(Settings::parse(config)), log_(settings_.logEntries, settings_.logBodyBytes) {
        build();
    }

    ~Impl() { stop(); }

    void start() {
        try {
            for (const auto& server : servers_) server->bind();
            connectServices();
            for (const auto& server : servers_) server->start();
        } catch (...) {
            stop();
            throw;
        }
    }

    void stop() {
        stop_.stop();
        log_.stop();
        phones_.stop();
        caller_.stop();
        // Each waits for its accepting thread; together they wait once.
        std::vector<std::thread> stopping;
        for (const auto& server : servers_) stopping.emplace_back([&server] { server->stop(); });
        for (std::thread& thread : stopping) thread.join();
        if (chatwoot_) chatwoot_->events().stop();
        if (evolution_) evolution_->shutDown();
    }

    WorldPorts ports() const {
        return {portOf(chatwootServer_), portOf(evolutionServer_), portOf(fnbServer_),
                portOf(gasoServer_), portOf(pageServer_)};
    }

private:
    static std::uint16_t portOf(const ServiceServer* server) {
        return server ? server->port() : std::uint16_t{0};
    }

    ServiceServer* serve(const char* name, const std::string& address, int threads,
                         Service& service) {
        servers_.push_back(std::make_unique<ServiceServer>(name, address, threads, service,
                                                           ServerContext{faults_, log_, stop_}));
        return servers_.back().get();
    }

    void build() {
        if (settings_.chatwoot.enabled) {
            chatwoot_ = std::make_unique<chatwoot::ChatwootService>(chatwoot::EventContext{
                caller_, faults_, log_, journeys_, settings_.chatwoot, settings_.timeScale});
            chatwootServer_ =
                serve("chatwoot", settings_.chatwoot.address, kDeskThreads, *chatwoot_);
        }
        if (settings_.evolution.enabled) {
            evolution_ = std::make_unique<evolution::EvolutionService>(
                evolution::Context{caller_, faults_, log_, journeys_, settings_.evolution,
                                   settings_.timeScale},
                phones_, stop_);
            evolutionServer_ =
                serve("evolution", settings_.evolution.address, kDeskThreads, *evolution_);
        }
        if (settings_.fnb.enabled) {
            fnb_ = std::make_unique<FnbPortal>(settings_.fnb, journeys_, stop_);
            fnbServer_ = serve("fnb", settings_.fnb.address, kPortalThreads, *fnb_);
        }
        if (settings_.gaso.enabled) {
            gaso_ = std::make_unique<GasoReport>(settings_.gaso, journeys_, stop_);
            gasoServer_ = serve("gaso", settings_.gaso.address, kPortalThreads, *gaso_);
        }
        if (!settings_.page) return;
        control_ = std::make_unique<ControlService>(ControlContext{
            faults_, log_, journeys_, phones_, caller_, chatwoot_.get(), evolution_.get(),
            fnb_.get(), gaso_.get(), [this] { return describe(); }});
        pageServer_ = serve("page", settings_.pageAddress, kPageThreads, *control_);
    }

    /// The ports are known now: tells the bridge where Chatwoot is and the other way round, before
    /// anybody is served.
    void connectServices() {
        if (!evolution_) return;
        const std::string evolutionUrl =
            urlOf(settings_.evolution.address, evolutionServer_->port());
        evolution_->setServerUrl(evolutionUrl);
        if (!settings_.evolution.bridge) return;
        const std::string hook = evolutionUrl + "/chatwoot/webhook/" + settings_.evolution.instance;
        {
            std::lock_guard lock(chatwoot_->store().mutex);
            std::string& url = chatwoot_->store().inbox(1)->webhookUrl;
            if (url.empty()) url = hook;
        }
        chatwoot_->events().setBridge(hook);
        evolution_->bridge({urlOf(settings_.chatwoot.address, chatwootServer_->port()),
                            std::to_string(settings_.chatwoot.accountId),
                            settings_.chatwoot.userToken, settings_.chatwoot.inboxName});
    }

    json describe() const {
        json out = json::object();
        if (chatwoot_)
            out["chatwoot"] = {{"url", urlOf(settings_.chatwoot.address, chatwootServer_->port())},
                               {"account_id", settings_.chatwoot.accountId},
                               {"user_token", settings_.chatwoot.userToken},
                               {"bot_token", settings_.chatwoot.botToken}};
        if (evolution_)
            out["evolution"] = {
                {"url", urlOf(settings_.evolution.address, evolutionServer_->port())},
                {"api_key", settings_.evolution.apiKey},
                {"instance", settings_.evolution.instance}};
        if (fnb_) out["fnb"] = {{"url", urlOf(settings_.fnb.address, fnbServer_->port())}};
        if (gaso_) out["gaso"] = {{"url", urlOf(settings_.gaso.address, gasoServer_->port())}};
        if (pageServer_) out["page"] = {{"url", urlOf(settings_.pageAddress, pageServer_->port())}};
        return out;
    }

    const Settings settings_;
    StopSignal stop_;
    EventLog log_;
    Faults faults_;
    Journeys journeys_;
    Phones phones_;
    HttpCaller caller_;
    std::unique_ptr<chatwoot::ChatwootService> chatwoot_;
    std::unique_ptr<evolution::EvolutionService> evolution_;
    std::unique_ptr<FnbPortal> fnb_;
    std::unique_ptr<GasoReport> gaso_;
    std::unique_ptr<ControlService> control_;
    std::vector<std::unique_ptr<ServiceServer>> servers_;
    ServiceServer* chatwootServer_ = nullptr;
    ServiceServer* evolutionServer_ = nullptr;
    ServiceServer* fnbServer_ = nullptr;
    ServiceServer* gasoServer_ = nullptr;
    ServiceServer* pageServer_ = nullptr;
};

World::World(const json& config) : impl_(std::make_unique<Impl>(config)) {}
World::~World() = default;
void World::start() {
    impl_->start();
}
void World::stop() {
    impl_->stop();
}
WorldPorts World::ports() const {
    return impl_->ports();
}

json World::demo() {
    return {{"chatwoot", json::object()}, {"evolution", {{"bridge", true}}},
            {"fnb", json::object()},      {"gaso", json::object()},
            {"page", json::object()},     {"time_scale", 0.05}};
}

}  // namespace totem_sandbox
