#include "observe/log.hpp"

#include <algorithm>
#include <vector>

#include "plugin/extensions/extensions.hpp"
#include "plugin/plugin_instance.hpp"
#include "plugin/plugin_services.hpp"

namespace totemd {
namespace {

LogLevel levelOf(std::int32_t level) {
    if (level <= TOTEM_LOG_DEBUG) return LogLevel::debug;
    if (level == TOTEM_LOG_INFO) return LogLevel::info;
    return level == TOTEM_LOG_WARNING ? LogLevel::warn : LogLevel::error;
}

}  // namespace

const totem_host_log kLogExtension{
    sizeof(totem_host_log), 0,
    [](const totem_host* host, std::int32_t level) -> std::int32_t {
        return PluginInstance::of(host).logger().enabled(levelOf(level)) ? 1 : 0;
    },
    [](const totem_host* host, std::int32_t level, totem_str event, const totem_header* fields,
       std::uint32_t count) {
        std::vector<LogField> list;
        list.reserve(count);
        for (std::uint32_t i = 0; i < count; ++i) {
            list.emplace_back(totem::view(fields[i].name), totem::view(fields[i].value));
        }
        PluginInstance::of(host).logger().write(levelOf(level), totem::view(event), list);
    }};

}  // namespace totemd
