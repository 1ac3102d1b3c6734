#include "journal/store.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "loop/event_loop.hpp"
#include "plugin/extensions/extensions.hpp"
#include "plugin/plugin_instance.hpp"
#include "plugin/plugin_services.hpp"

namespace totemd {
namespace {

std::string text(totem_str value) {
    return std::string(totem::view(value));
}

Store::Done written(std::shared_ptr<PendingAsk> pending) {
    return [pending = std::move(pending)](std::string error) {
        if (error.empty())
            pending->answer(TOTEM_OK);
        else
            pending->answer(TOTEM_E_UNAVAILABLE, std::move(error));
    };
}

void get(const totem_host* host, totem_str key, const totem_ask* ask) {
    PluginInstance& instance = PluginInstance::of(host);
    auto pending = instance.beginAsk(*ask);
    if (!pending) return;
    instance.services().store.get(
        instance.id(), text(key), [pending](std::optional<std::string> value, std::string error) {
            if (!error.empty()) return pending->answer(TOTEM_E_UNAVAILABLE, std::move(error));
            if (!value) return pending->answer(TOTEM_E_NOT_FOUND, "no such key");
            pending->answer(TOTEM_OK, std::move(*value));
        });
}

void put(const totem_host* host, totem_str key, totem_str value, std::int64_t expiresUnixNs,
         const totem_ask* ask) {
    PluginInstance& instance = PluginInstance::of(host);
    auto pending = instance.beginAsk(*ask);
    if (!pending) return;
    const std::int64_t ttl =
        expiresUnixNs == 0 ? 0 : std::max<std::int64_t>(1, expiresUnixNs - unixNow());
    instance.services().store.put(instance.id(), text(key), text(value), ttl,
                                  written(std::move(pending)));
}

void remove(const totem_host* host, totem_str key, const totem_ask* ask) {
    PluginInstance& instance = PluginInstance::of(host);
    auto pending = instance.beginAsk(*ask);
    if (pending)
        instance.services().store.remove(instance.id(), text(key), written(std::move(pending)));
}

std::string entriesJson(const Store::Rows& rows) {
    nlohmann::json entries = nlohmann::json::array();
    for (const auto& [key, value] : rows) {
        nlohmann::json entry{{"key", key}, {"value", value}};
        try {
            entry.dump();
        } catch (const nlohmann::json::exception&) {
            continue;  // not UTF-8
        }
        entries.push_back(std::move(entry));
    }
    return nlohmann::json{{"entries", std::move(entries)}}.dump();
}

void list(const totem_host* host, totem_str prefix, totem_str after, std::uint32_t limit,
          const totem_ask* ask) {
    PluginInstance& instance = PluginInstance::of(host);
    auto pending = instance.beginAsk(*ask);
    if (!pending) return;
    const int rows = limit == 0 ? 1000 : static_cast<int>(std::min<std::uint32_t>(limit, 100'000));
    instance.services().store.list(instance.id(), text(prefix), text(after), rows,
                                   [pending](Store::Rows rows, std::string error) {
                                       if (!error.empty())
                                           return pending->answer(TOTEM_E_UNAVAILABLE,
                                                                  std::move(error));
                                       pending->answer(TOTEM_OK, entriesJson(rows));
                                   });
}

}  // namespace

const totem_host_store kStoreExtension{sizeof(totem_host_store), 0, get, put, remove, list};

}  // namespace totemd
