#include "plugin/extensions/extensions.hpp"

#include <map>
#include <string_view>

namespace totemd {
namespace {

const std::map<std::string_view, const void*>& table() {
    static const std::map<std::string_view, const void*> extensions{
        {TOTEM_EXT_ACTION, &kActionExtension}, {TOTEM_EXT_CACHE, &kCacheExtension},
        {TOTEM_EXT_CLOCK, &kClockExtension},   {TOTEM_EXT_EVENT, &kEventExtension},
        {TOTEM_EXT_HEALTH, &kHealthExtension}, {TOTEM_EXT_HTTP_CLIENT, &kHttpClientExtension},
        {TOTEM_EXT_LOG, &kLogExtension},       {TOTEM_EXT_METRICS, &kMetricsExtension},
        {TOTEM_EXT_STORE, &kStoreExtension},   {TOTEM_EXT_TIMER, &kTimerExtension},
        {TOTEM_EXT_WORKER, &kWorkerExtension},
    };
    return extensions;
}

}  // namespace

const void* findExtension(const char* id) {
    auto found = table().find(id);
    return found == table().end() ? nullptr : found->second;
}

const std::vector<std::string>& extensionIds() {
    static const std::vector<std::string> ids = [] {
        std::vector<std::string> list;
        for (const auto& [id, extension] : table()) list.emplace_back(id);
        return list;
    }();
    return ids;
}

}  // namespace totemd
