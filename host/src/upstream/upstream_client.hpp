#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "upstream/upstream_options.hpp"
#include "upstream/upstream_request.hpp"

namespace totemd {

class EventLoop;

/// One upstream (host:port as in the URLs) as seen from here, for health and metrics.
struct UpstreamSnapshot {
    enum State { kNone, kHealthy, kUnhealthy };  ///< kNone: nothing has been tried yet
    enum Breaker { kClosed, kOpen, kHalfOpen };
    std::string upstream;
    State state = kNone;
    std::int64_t sinceUnixNs = 0;
    std::string lastError;  ///< of the last failure, kept after recovery
    std::int64_t lastErrorUnixNs = 0;
    std::int64_t lastLatencyNs = 0;  ///< of the last response, from sending to its end
    std::size_t inFlight = 0;
    std::size_t queued = 0;
    Breaker breaker = kClosed;
    std::int64_t breakerOpenForNs = 0;  ///< until the next probe, when open
    // Counters since the start.
    std::uint64_t responses = 0;  ///< of any status
    std::uint64_t responses5xx = 0;
    std::uint64_t notSent = 0;
    std::uint64_t failed = 0;
    std::uint64_t unknown = 0;
    std::uint64_t retries = 0;
    std::uint64_t breakerOpened = 0;
};

/// The daemon's outgoing HTTP/1.1: keep-alive pools, a bulkhead, a breaker and retries per
/// upstream, one total deadline per request, and no request sent twice behind its asker's back.
///
/// Threads: everything may be called from any thread. Callbacks run on the loop's thread and must
/// neither wait nor throw.
/// Lifetime: `loop` is started before the first call that waits (`snapshot`, `stop`) and stopped
/// after `stop()` or the destructor, which ends all that is under way.
class UpstreamClient {
public:
    using Done = std::function<void(UpstreamResult&&)>;

    /// Throws std::invalid_argument for options that cannot be read, naming the entry.
    UpstreamClient(EventLoop& loop, UpstreamOptions options);
    ~UpstreamClient();
    UpstreamClient(const UpstreamClient&) = delete;
    UpstreamClient& operator=(const UpstreamClient&) = delete;

    /// `done` is called exactly once, on the loop's thread, never inside `ask`.
    void ask(UpstreamRequest request, Done done);

    /// Applies to requests that have not left yet; throws as the constructor does and then changes
    /// nothing.
    void configure(UpstreamOptions options);

    /// Closes the breaker of "host:port" at once.
    void resetBreaker(std::string upstream);

    /// All upstreams by name. Waits for the loop: a few microseconds, not for the network.
    std::vector<UpstreamSnapshot> snapshot();

    /// Ends everything under way with kStopped and refuses what comes later.
    void stop();

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace totemd
