#pragma once

#include <list>
#include <memory>
#include <string>

#include "loop/event_loop.hpp"
#include "upstream/circuit_breaker.hpp"
#include "upstream/transfer.hpp"
#include "upstream/upstream_client.hpp"

namespace totemd {

struct Lane;

/// One request from `ask` to its callback. It lives in exactly one of its lane's lists, which own
/// it and say what it is doing; moving between them keeps its address.
struct Ask {
    UpstreamRequest request;
    UpstreamClient::Done done;
    UpstreamTarget target;
    std::int64_t askedNs = 0;
    std::int64_t startedNs = 0;
    bool repeatable = false;
    bool maySent = false;  ///< in any attempt so far
    int attempts = 0;
    int retries = 0;
    int redirects = 0;

    Lane* lane = nullptr;
    std::list<Ask>* home = nullptr;
    std::list<Ask>::iterator self;
    EventLoop::TimerId timer = 0;  ///< deadline in the queue, or the time of the next try
    CircuitBreaker::Permit permit;
    std::unique_ptr<Transfer> transfer;        ///< while in flight
    std::unique_ptr<UpstreamResult> previous;  ///< of the attempt before a retry
};

/// One upstream: who waits for it, and how it has been doing.
struct Lane {
    Lane(std::string name, const LaneOptions& options);
    /// `options` outlives the lane or the next call of this.
    void configure(const LaneOptions& options);

    bool idle() const { return queue.empty() && inFlight.empty() && retrying.empty(); }
    /// Health and counters of one finished attempt.
    void noteAttempt(const UpstreamResult& result, std::int64_t now);
    /// Counters of one finished ask.
    void noteEnd(const UpstreamResult& result);
    void noteRetry() { ++facts_.retries; }
    UpstreamSnapshot snapshot(std::int64_t now) const;

    std::list<Ask> queue;  ///< first come, first served
    std::list<Ask> inFlight;
    std::list<Ask> retrying;
    const LaneOptions* options;
    CircuitBreaker breaker;
    std::int64_t lastUsedNs = 0;
    // Each look-up of a name is a thread in libcurl: see UpstreamEngine::mayStart.
    std::size_t resolving = 0;
    std::int64_t resolvedNs = INT64_MIN / 2;

private:
    void setState(UpstreamSnapshot::State state);
    UpstreamSnapshot facts_;  // what is not counted elsewhere
};

/// What an attempt says about the health of its upstream: connect failures, lost connections, 5xx
/// and time-outs are failures; what we refused or the asker stopped says nothing.
CircuitBreaker::Result healthOf(const UpstreamResult& result);

}  // namespace totemd
