#include "plugin/extensions/extensions.hpp"
#include "plugin/plugin_instance.hpp"

namespace totemd {

const totem_host_timer kTimerExtension{
    sizeof(totem_host_timer), 0,
    [](const totem_host* host, std::int64_t delayNs, void (*fire)(void*, std::int32_t), void* ctx) {
        return PluginInstance::of(host).startTimer(delayNs, fire, ctx);
    },
    [](const totem_host* host, std::uint64_t id) { PluginInstance::of(host).cancelTimer(id); }};

}  // namespace totemd
