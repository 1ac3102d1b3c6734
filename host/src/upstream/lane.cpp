#include "upstream/lane.hpp"

namespace totemd {

Lane::Lane(std::string name, const LaneOptions& given) : options(&given), breaker(given.breaker) {
    facts_.upstream = std::move(name);
}

void Lane::configure(const LaneOptions& given) {
    options = &given;
    breaker.configure(given.breaker);
}

CircuitBreaker::Result healthOf(const UpstreamResult& result) {
    switch (result.reason) {
        case UpstreamResult::kNone:
            return result.status >= 500 ? CircuitBreaker::kFailure : CircuitBreaker::kSuccess;
        case UpstreamResult::kResolve:
        case UpstreamResult::kConnect:
        case UpstreamResult::kConnectionLost:
        case UpstreamResult::kDeadline:
            return CircuitBreaker::kFailure;
        default:
            return CircuitBreaker::kNeutral;
    }
}

void Lane::setState(UpstreamSnapshot::State state) {
    if (facts_.state == state) return;
    facts_.state = state;
    facts_.sinceUnixNs = unixNow();
}

void Lane::noteAttempt(const UpstreamResult& result, std::int64_t now) {
    lastUsedNs = now;
    if (result.outcome == UpstreamResult::kResponse) {
        ++facts_.responses;
        if (result.status >= 500) ++facts_.responses5xx;
        facts_.lastLatencyNs = result.totalNs - result.startedNs;
    }
    const CircuitBreaker::Result health = healthOf(result);
    if (health == CircuitBreaker::kSuccess) setState(UpstreamSnapshot::kHealthy);
    if (health != CircuitBreaker::kFailure) return;
    setState(UpstreamSnapshot::kUnhealthy);
    facts_.lastErrorUnixNs = unixNow();
    facts_.lastError = result.outcome == UpstreamResult::kResponse
                           ? facts_.upstream + ": answered " + std::to_string(result.status)
                           : result.error;
}

void Lane::noteEnd(const UpstreamResult& result) {
    if (result.outcome == UpstreamResult::kNotSent) ++facts_.notSent;
    if (result.outcome == UpstreamResult::kFailed) ++facts_.failed;
    if (result.outcome == UpstreamResult::kUnknown) ++facts_.unknown;
}

UpstreamSnapshot Lane::snapshot(std::int64_t now) const {
    UpstreamSnapshot result = facts_;
    result.inFlight = inFlight.size();
    result.queued = queue.size();
    result.breaker = breaker.state(now);
    result.breakerOpenForNs = breaker.openForNs(now);
    result.breakerOpened = breaker.openedCount();
    return result;
}

}  // namespace totemd
