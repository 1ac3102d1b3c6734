#include "observe/health.hpp"

#include "plugin/extensions/extensions.hpp"
#include "plugin/plugin_instance.hpp"
#include "plugin/plugin_services.hpp"

namespace totemd {

const totem_host_health kHealthExtension{
    sizeof(totem_host_health), 0,
    [](const totem_host* host, totem_str component, std::int32_t state, totem_str detail) {
        PluginInstance& instance = PluginInstance::of(host);
        const std::string name = instance.id() + "." + std::string(totem::view(component));
        HealthState wanted = HealthState::none;
        if (state == TOTEM_HEALTH_STARTING) wanted = HealthState::starting;
        if (state == TOTEM_HEALTH_HEALTHY) wanted = HealthState::healthy;
        if (state == TOTEM_HEALTH_UNHEALTHY) wanted = HealthState::unhealthy;
        HealthRegistry& health = instance.services().health;
        if (!health.find(name)) health.add(name, false);
        health.set(name, wanted, totem::view(detail));
    }};

}  // namespace totemd
