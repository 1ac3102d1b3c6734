#include "daemon/settings.hpp"

#include <stdexcept>

#include "daemon/front.hpp"
#include "loop/event_loop.hpp"
#include "upstream/upstream_target.hpp"

namespace totemd {

namespace {

LaneOptions laneOptions(const UpstreamLimits& from) {
    LaneOptions options;
    options.maxInFlight = from.connections;
    options.maxQueued = from.queue;
    options.connectTimeoutNs = nanoseconds(from.connectTimeout);
    options.defaultTimeoutNs = nanoseconds(from.timeout);
    options.maxRetries = static_cast<int>(from.retries);
    options.maxResponseBytes = from.responseBytes;
    options.breaker.consecutiveFailures = static_cast<int>(from.breakerFailures);
    options.breaker.openNs = nanoseconds(from.breakerOpen);
    return options;
}

}  // namespace

LogOptions logOptions(const Configuration& configuration) {
    LogOptions options;
    if (configuration.log.format == "json") options.format = LogFormat::json;
    if (configuration.log.format == "journal") options.format = LogFormat::journal;
    if (auto level = parseLogLevel(configuration.log.level)) options.level = *level;
    return options;
}

MemoryCacheOptions cacheOptions(const Configuration& configuration) {
    if (configuration.cache.url != "memory:") {
        throw std::runtime_error(
            "cache.url: this build knows only \"memory:\", found \"" +
            configuration.cache.url.substr(0, configuration.cache.url.find(':')) + ":\"");
    }
    MemoryCacheOptions options;
    options.maxBytes = configuration.cache.maxBytes;
    return options;
}

DatabaseOptions databaseOptions(const Configuration& configuration) {
    const std::string prefix = "sqlite:";
    if (configuration.storage.url.rfind(prefix, 0) != 0) {
        throw std::runtime_error("storage.url: this build knows only \"sqlite:/path/to/file\"");
    }
    DatabaseOptions options;
    options.path = configuration.storage.url.substr(prefix.size());
    options.clock = unixNow;
    options.maxBytes = static_cast<std::int64_t>(configuration.storage.maxBytes);
    return options;
}

DispatcherOptions dispatcherOptions(const Configuration& configuration) {
    DispatcherOptions options;
    options.maxAttempts = static_cast<int>(configuration.delivery.maxAttempts);
    options.backoffNs = nanoseconds(configuration.delivery.backoffInitial);
    options.maxBackoffNs = nanoseconds(configuration.delivery.backoffMax);
    options.maxQueued = static_cast<std::int64_t>(configuration.storage.maxOpenEvents);
    return options;
}

RequestsOptions requestsOptions(const Configuration& configuration) {
    RequestsOptions options;
    options.maxCount = static_cast<std::int64_t>(configuration.storage.maxUndecoded);
    options.maxBytes = static_cast<std::int64_t>(configuration.storage.maxUndecodedBytes);
    options.maxAttempts = static_cast<int>(configuration.delivery.maxAttempts);
    options.backoffNs = nanoseconds(configuration.delivery.backoffInitial);
    options.maxBackoffNs = nanoseconds(configuration.delivery.backoffMax);
    return options;
}

UpkeepOptions upkeepOptions(const Configuration& configuration) {
    UpkeepOptions options;
    options.doneNs = nanoseconds(configuration.storage.eventsRetention);
    options.deadNs = nanoseconds(configuration.storage.deadLettersRetention);
    options.seenNs = nanoseconds(configuration.storage.duplicateKeysRetention);
    return options;
}

UpstreamOptions upstreamOptions(const Configuration& configuration,
                                const std::atomic<Front*>& front) {
    const UpstreamConfig& from = configuration.upstream;
    UpstreamOptions options;
    options.connectTo = from.connectTo;
    options.resolveListener = [&front](const std::string& name) -> std::optional<std::string> {
        const Front* bound = front.load();
        const std::string address = bound == nullptr ? std::string() : bound->boundAddress(name);
        return address.empty() ? std::nullopt : std::make_optional(address);
    };
    static_cast<LaneOptions&>(options) = laneOptions(from.limits);
    for (const auto& [host, own] : from.hosts) options.own[lowerCase(host)] = laneOptions(own);
    options.maxIdleConnections = from.connections;
    options.allowedNetworks = from.allow;
    options.denied = from.deny;
    if (const Front* bound = front.load()) {
        const std::string admin = bound->boundAddress("admin");
        if (!admin.empty()) options.denied.push_back(admin);
    }
    return options;
}

std::filesystem::path stateFolder(const Configuration& configuration) {
    return std::filesystem::path(databaseOptions(configuration).path).parent_path();
}

}  // namespace totemd
