#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace totemd {

struct BreakerOptions {
    int consecutiveFailures = 10;             ///< opens after so many in a row; 0: never opens
    double failureRate = 0.6;                 ///< or when this share of the window failed
    int windowRequests = 50;                  ///< the rate counts over so many latest results
    std::int64_t openNs = 5'000'000'000;      ///< first time open; doubles with each failed probe
    std::int64_t maxOpenNs = 60'000'000'000;  ///< both shortened at random by up to a quarter

    bool operator==(const BreakerOptions&) const = default;
};

/// What holds for one upstream. Times in nanoseconds.
struct LaneOptions {
    std::size_t maxInFlight = 256;   ///< so many connections, too
    std::size_t maxQueued = 20'000;  ///< beyond, asks end with kBulkheadFull
    std::int64_t connectTimeoutNs = 5'000'000'000;
    std::int64_t defaultTimeoutNs = 30'000'000'000;
    int maxRetries = 2;  ///< of repeatable requests, within the deadline
    std::uint64_t maxResponseBytes = 16u << 20;
    BreakerOptions breaker;
};

/// Settings of the outgoing HTTP: those of every upstream, and those of single ones.
struct UpstreamOptions : LaneOptions {
    /// "host:port" or "host", in lower case -> what holds there instead.
    std::map<std::string, LaneOptions> own;

    /// "name:port" of a URL -> "address:port" or "listener:<name>" where it really is.
    /// The name stays in the Host header and in TLS.
    std::map<std::string, std::string> connectTo;
    /// The real "address:port" of an own listener; called on the loop's thread, must not throw.
    std::function<std::optional<std::string>(const std::string& listener)> resolveListener;

    std::size_t maxIdleConnections = 512;  ///< of all upstreams together
    std::int64_t retryBaseNs = 200'000'000;

    /// "address:port" that is never connected to, e.g. the admin listener. Link-local addresses
    /// (cloud metadata) never are, whatever stands here.
    std::vector<std::string> denied;
    /// "10.0.0.0/8", "fd00::/8", "203.0.113.7"; empty: every network.
    std::vector<std::string> allowedNetworks;
};

}  // namespace totemd
