#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace totemd {

/// The whole configuration, typed, with defaults filled in and references resolved. It is a plain
/// value: copy it, compare it, keep it. The member names are the keys of the file in camelCase;
/// durations are milliseconds whatever unit the key ends with (`_ms`, `_s`, `_days`).
///
/// Secrets: strings that came from `${env:}`, `${file:}` or `${credential:}` stand here in clear.
/// Never print a Configuration; `LoadedConfig::maskedDump` is what may be shown.
using Milliseconds = std::chrono::milliseconds;

struct ListenerLimits {
    std::uint64_t headerBytes = 16 * 1024;
    std::uint64_t bodyBytes = 32 * 1024 * 1024;  ///< larger requests get 413
    std::uint64_t memoryBodyBytes = 64 * 1024;   ///< larger bodies are spooled to a file
    std::uint32_t connections = 10000;
    std::uint32_t requestsPerSecond = 0;   ///< per client address; 0: no limit
    Milliseconds headerTimeout{10'000};    ///< for the whole header
    Milliseconds bodyTimeout{60'000};      ///< for the whole body
    Milliseconds idleTimeout{75'000};      ///< keep-alive between requests
    Milliseconds requestTimeout{300'000};  ///< for a plugin's answer; then 504
    bool operator==(const ListenerLimits&) const = default;
};

struct ListenerConfig {
    std::string address;                      ///< "host:port", "[v6]:port"; port 0: any free one
    std::vector<std::string> plugins;         ///< served here; empty: all
    std::string token;                        ///< bearer token (admin); empty: none set
    std::vector<std::string> allow;           ///< networks that may connect; empty: all
    std::vector<std::string> trustedProxies;  ///< networks whose X-Forwarded-For counts
    ListenerLimits limits;
    bool operator==(const ListenerConfig&) const = default;
};

struct StorageConfig {
    std::string url = "sqlite:/var/lib/totemd/totem.db";
    Milliseconds eventsRetention{7 * 86'400'000LL};  ///< done events, effects, requests
    Milliseconds deadLettersRetention{30 * 86'400'000LL};
    Milliseconds duplicateKeysRetention{30 * 86'400'000LL};
    std::uint64_t maxBytes = 8ULL << 30;      ///< of the database
    std::uint64_t maxOpenEvents = 1'000'000;  ///< beyond: not accepted
    std::uint64_t maxUndecoded = 100'000;     ///< raw requests kept for a plugin that is away
    std::uint64_t maxUndecodedBytes = 1ULL << 30;
    bool operator==(const StorageConfig&) const = default;
};

struct CacheConfig {
    std::string url = "memory:";
    std::uint64_t maxBytes = 64ULL * 1024 * 1024;  ///< of the in-process cache
    bool operator==(const CacheConfig&) const = default;
};

struct UpstreamLimits {
    std::uint32_t connections = 256;     ///< at once to one upstream
    std::uint32_t queue = 20'000;        ///< requests that may wait for one of them
    std::uint32_t retries = 2;           ///< of what may be repeated, within the deadline
    std::uint32_t breakerFailures = 10;  ///< in a row open the breaker; 0: never
    Milliseconds breakerOpen{5'000};     ///< until one request tries again; doubles up to a minute
    Milliseconds connectTimeout{5'000};
    Milliseconds timeout{30'000};  ///< total, when the asker names none
    std::uint64_t responseBytes = 16ULL * 1024 * 1024;
    bool operator==(const UpstreamLimits&) const = default;
};

struct UpstreamConfig {
    std::map<std::string, std::string> connectTo;  ///< "name:port" → "host:port" or "listener:NAME"
    std::vector<std::string> allow;                ///< networks that may be reached; empty: all
    std::vector<std::string> deny;                 ///< "address:port", beside the built-in ones
    std::uint32_t connections = 512;               ///< to all upstreams together
    UpstreamLimits limits;                         ///< of an upstream that `hosts` does not name
    std::map<std::string, UpstreamLimits> hosts;  ///< "host" or "host:port" → its own limits
    bool operator==(const UpstreamConfig&) const = default;
};

struct PluginConfig {
    bool enabled = true;
    bool required = false;                           ///< `/readyz` waits for it
    std::optional<std::string> logLevel;             ///< none: that of `log.level`
    std::optional<std::vector<std::string>> grants;  ///< extension ids; none: all it asks for
    std::uint32_t threads = 4;                       ///< of its blocking pool
    std::uint32_t maxOpenAsks = 20'000;
    std::string config = "{}";  ///< JSON text for `create`, secrets resolved
    bool operator==(const PluginConfig&) const = default;
};

struct LogConfig {
    std::string level = "info";   ///< debug, info, warn, error, off
    std::string format = "text";  ///< text, json, journal
    bool operator==(const LogConfig&) const = default;
};

struct DeliveryConfig {
    std::uint32_t maxAttempts = 8;       ///< then a dead letter
    Milliseconds backoffInitial{1'000};  ///< doubles with each attempt
    Milliseconds backoffMax{300'000};
    Milliseconds attemptTimeout{120'000};  ///< of one delivery
    Milliseconds maxAnswerAge{900'000};    ///< replies to older messages go to an agent
    bool operator==(const DeliveryConfig&) const = default;
};

/// What the host does about plugins that hang or crash, and how long it waits at start and stop.
struct GuardConfig {
    Milliseconds callSoftLimit{10'000};   ///< a blocking call beyond it makes the plugin unhealthy
    Milliseconds callHardLimit{120'000};  ///< beyond it the process is given up
    Milliseconds startTimeout{30'000};    ///< of one plugin
    Milliseconds stopTimeout{20'000};     ///< of the whole drain
    bool operator==(const GuardConfig&) const = default;
};

struct Configuration {
    /// Without a `listeners` section: main, fnb, images, admin. With one: those that it names.
    std::map<std::string, ListenerConfig> listeners;
    StorageConfig storage;
    CacheConfig cache;
    UpstreamConfig upstream;
    std::vector<std::string> pluginPath{"/usr/lib/totemd/plugins"};
    std::map<std::string, PluginConfig> plugins;
    LogConfig log;
    DeliveryConfig delivery;
    GuardConfig guard;
    /// Every value that came from a reference: what the log must mask.
    std::vector<std::string> secrets;
    bool operator==(const Configuration&) const = default;
};

}  // namespace totemd
