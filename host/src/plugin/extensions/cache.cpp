#include "state/memory_cache.hpp"

#include "observe/trace.hpp"
#include "plugin/extensions/extensions.hpp"
#include "plugin/plugin_instance.hpp"
#include "plugin/plugin_services.hpp"

namespace totemd {
namespace {

std::string text(totem_str value) {
    return std::string(totem::view(value));
}

void get(const totem_host* host, totem_str key, const totem_ask* ask) {
    PluginInstance& instance = PluginInstance::of(host);
    auto pending = instance.beginAsk(*ask);
    if (!pending) return;
    auto value = instance.services().cache.get(totem::view(key));
    if (value)
        pending->answer(TOTEM_OK, std::move(*value));
    else
        pending->answer(TOTEM_E_NOT_FOUND, "no such key");
}

void set(const totem_host* host, totem_str key, totem_str value, std::int64_t ttlNs,
         const totem_ask* ask) {
    PluginInstance& instance = PluginInstance::of(host);
    auto pending = instance.beginAsk(*ask);
    if (!pending) return;
    if (ttlNs <= 0)
        return pending->answer(TOTEM_E_INVALID, "a cache entry needs a time to live above 0");
    if (instance.services().cache.set(totem::view(key), text(value), ttlNs))
        return pending->answer(TOTEM_OK);
    pending->answer(TOTEM_E_TOO_LARGE, "the value is larger than the cache");
}

void remove(const totem_host* host, totem_str key, const totem_ask* ask) {
    PluginInstance& instance = PluginInstance::of(host);
    auto pending = instance.beginAsk(*ask);
    if (!pending) return;
    instance.services().cache.erase(totem::view(key));
    pending->answer(TOTEM_OK);
}

void lock(const totem_host* host, totem_str key, std::int64_t ttlNs, const totem_ask* ask) {
    PluginInstance& instance = PluginInstance::of(host);
    auto pending = instance.beginAsk(*ask);
    if (!pending) return;
    if (ttlNs <= 0) return pending->answer(TOTEM_E_INVALID, "a lock needs a time to live above 0");
    std::string token = TraceContext::make().traceIdHex();
    if (instance.services().cache.lock(totem::view(key), token, ttlNs))
        return pending->answer(TOTEM_OK, std::move(token));
    pending->answer(TOTEM_E_BUSY, "somebody else holds the lock");
}

void unlock(const totem_host* host, totem_str key, totem_str token, const totem_ask* ask) {
    PluginInstance& instance = PluginInstance::of(host);
    auto pending = instance.beginAsk(*ask);
    if (!pending) return;
    instance.services().cache.unlock(totem::view(key), totem::view(token));
    pending->answer(TOTEM_OK);
}

void increment(const totem_host* host, totem_str key, std::int64_t by, std::int64_t ttlNs,
               const totem_ask* ask) {
    PluginInstance& instance = PluginInstance::of(host);
    auto pending = instance.beginAsk(*ask);
    if (!pending) return;
    if (ttlNs <= 0)
        return pending->answer(TOTEM_E_INVALID, "a cache entry needs a time to live above 0");
    auto sum = instance.services().cache.increment(totem::view(key), by, ttlNs);
    if (sum) return pending->answer(TOTEM_OK, std::to_string(*sum));
    pending->answer(TOTEM_E_INVALID, "the entry is no number, or the sum is too large");
}

}  // namespace

const totem_host_cache kCacheExtension{
    sizeof(totem_host_cache), 0, get, set, remove, lock, unlock, increment};

}  // namespace totemd
