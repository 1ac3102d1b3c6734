#include "config/typed.hpp"

#include <cmath>

namespace totemd {

using nlohmann::json;

namespace {

Milliseconds milliseconds(const json& object, const char* key, double unit) {
    return Milliseconds(std::llround(object.at(key).get<double>() * unit));
}
Milliseconds seconds(const json& object, const char* key) {
    return milliseconds(object, key, 1e3);
}
Milliseconds days(const json& object, const char* key) {
    return milliseconds(object, key, 86.4e6);
}

ListenerLimits listenerLimits(const json& from) {
    ListenerLimits limits;
    from.at("header_bytes").get_to(limits.headerBytes);
    from.at("body_bytes").get_to(limits.bodyBytes);
    from.at("memory_body_bytes").get_to(limits.memoryBodyBytes);
    from.at("connections").get_to(limits.connections);
    from.at("requests_per_second").get_to(limits.requestsPerSecond);
    limits.headerTimeout = seconds(from, "header_timeout_s");
    limits.bodyTimeout = seconds(from, "body_timeout_s");
    limits.idleTimeout = seconds(from, "idle_timeout_s");
    limits.requestTimeout = seconds(from, "request_timeout_s");
    return limits;
}

ListenerConfig listener(const json& from) {
    ListenerConfig result;
    from.at("address").get_to(result.address);
    from.at("plugins").get_to(result.plugins);
    from.at("token").get_to(result.token);
    from.at("allow").get_to(result.allow);
    from.at("trusted_proxies").get_to(result.trustedProxies);
    result.limits = listenerLimits(from.at("limits"));
    return result;
}

StorageConfig storage(const json& from) {
    StorageConfig result;
    from.at("url").get_to(result.url);
    const json& retention = from.at("retention");
    result.eventsRetention = days(retention, "events_days");
    result.deadLettersRetention = days(retention, "dead_letters_days");
    result.duplicateKeysRetention = days(retention, "duplicate_keys_days");
    from.at("max_bytes").get_to(result.maxBytes);
    from.at("max_open_events").get_to(result.maxOpenEvents);
    from.at("max_undecoded").get_to(result.maxUndecoded);
    from.at("max_undecoded_bytes").get_to(result.maxUndecodedBytes);
    return result;
}

UpstreamLimits upstreamLimits(const json& from) {
    UpstreamLimits limits;
    from.at("connections").get_to(limits.connections);
    from.at("queue").get_to(limits.queue);
    from.at("retries").get_to(limits.retries);
    from.at("breaker_failures").get_to(limits.breakerFailures);
    limits.breakerOpen = seconds(from, "breaker_open_s");
    limits.connectTimeout = seconds(from, "connect_timeout_s");
    limits.timeout = seconds(from, "timeout_s");
    from.at("response_bytes").get_to(limits.responseBytes);
    return limits;
}

UpstreamConfig upstream(const json& from) {
    UpstreamConfig result;
    from.at("connect_to").get_to(result.connectTo);
    from.at("allow").get_to(result.allow);
    from.at("deny").get_to(result.deny);
    from.at("connections").get_to(result.connections);
    result.limits = upstreamLimits(from.at("limits"));
    for (const auto& [host, own] : from.at("hosts").items()) {
        json merged = from.at("limits");
        merged.update(own);
        result.hosts[host] = upstreamLimits(merged);
    }
    return result;
}

PluginConfig plugin(const json& from) {
    PluginConfig result;
    from.at("enabled").get_to(result.enabled);
    from.at("required").get_to(result.required);
    if (from.contains("log_level")) result.logLevel = from["log_level"].get<std::string>();
    if (from.contains("grants")) result.grants = from["grants"].get<std::vector<std::string>>();
    from.at("threads").get_to(result.threads);
    from.at("max_open_asks").get_to(result.maxOpenAsks);
    result.config = from.at("config").dump();
    return result;
}

DeliveryConfig delivery(const json& from) {
    DeliveryConfig result;
    from.at("max_attempts").get_to(result.maxAttempts);
    result.backoffInitial = milliseconds(from, "backoff_initial_ms", 1);
    result.backoffMax = seconds(from, "backoff_max_s");
    result.attemptTimeout = seconds(from, "attempt_timeout_s");
    result.maxAnswerAge = seconds(from, "max_answer_age_s");
    return result;
}

GuardConfig guard(const json& from) {
    GuardConfig result;
    result.callSoftLimit = seconds(from, "call_soft_limit_s");
    result.callHardLimit = seconds(from, "call_hard_limit_s");
    result.startTimeout = seconds(from, "start_timeout_s");
    result.stopTimeout = seconds(from, "stop_timeout_s");
    return result;
}

}  // namespace

Configuration toConfiguration(const json& root) {
    Configuration result;
    for (const auto& [name, value] : root.at("listeners").items())
        result.listeners[name] = listener(value);
    result.storage = storage(root.at("storage"));
    root.at("cache").at("url").get_to(result.cache.url);
    root.at("cache").at("max_bytes").get_to(result.cache.maxBytes);
    result.upstream = upstream(root.at("upstream"));
    root.at("plugin_path").get_to(result.pluginPath);
    for (const auto& [id, value] : root.at("plugins").items()) result.plugins[id] = plugin(value);
    root.at("log").at("level").get_to(result.log.level);
    root.at("log").at("format").get_to(result.log.format);
    result.delivery = delivery(root.at("delivery"));
    result.guard = guard(root.at("guard"));
    return result;
}

}  // namespace totemd
