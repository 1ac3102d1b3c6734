#include "upstream/circuit_breaker.hpp"

#include <algorithm>

namespace totemd {

CircuitBreaker::CircuitBreaker(BreakerOptions options, std::uint32_t seed)
    : options_(options), random_(seed), nextOpenNs_(options.openNs) {}

void CircuitBreaker::configure(const BreakerOptions& options) {
    if (options == options_) return;
    options_ = options;
    reset();
}

void CircuitBreaker::reset() {
    open_ = probing_ = false;
    nextOpenNs_ = options_.openNs;
    ++generation_;
    consecutive_ = windowFailures_ = 0;
    window_.clear();
    windowNext_ = 0;
}

bool CircuitBreaker::refuses(std::int64_t now) const {
    return open_ && (probing_ || now < openUntil_);
}

CircuitBreaker::Permit CircuitBreaker::admit(std::int64_t) {
    if (!open_) return {generation_, false};
    probing_ = true;
    return {generation_, true};
}

bool CircuitBreaker::record(const Permit& permit, Result result, std::int64_t now) {
    if (permit.generation != generation_) return false;
    if (permit.probe) {
        probing_ = false;
        if (result == kSuccess) reset();
        if (result == kFailure) open(now);
        return result == kFailure;
    }
    if (result == kNeutral) return false;
    count(result == kFailure);
    if (!shouldOpen()) return false;
    open(now);
    return true;
}

void CircuitBreaker::count(bool failed) {
    consecutive_ = failed ? consecutive_ + 1 : 0;
    const auto size = static_cast<std::size_t>(std::max(options_.windowRequests, 1));
    if (window_.size() < size) {
        window_.push_back(failed);
    } else {
        windowFailures_ -= window_[windowNext_] ? 1 : 0;
        window_[windowNext_] = failed;
        windowNext_ = (windowNext_ + 1) % size;
    }
    windowFailures_ += failed ? 1 : 0;
}

bool CircuitBreaker::shouldOpen() const {
    if (options_.consecutiveFailures <= 0) return false;
    if (consecutive_ >= options_.consecutiveFailures) return true;
    const auto size = static_cast<std::size_t>(std::max(options_.windowRequests, 1));
    return window_.size() >= size && windowFailures_ >= options_.failureRate * window_.size();
}

void CircuitBreaker::open(std::int64_t now) {
    const std::int64_t length = nextOpenNs_;
    nextOpenNs_ = std::min(std::max(length, length * 2), options_.maxOpenNs);
    const std::int64_t generation = generation_ + 1;
    const std::int64_t keepNext = nextOpenNs_;
    reset();
    generation_ = generation;
    nextOpenNs_ = keepNext;
    open_ = true;
    ++opened_;
    // Shortened at random, so that many daemons do not probe at the same moment.
    openUntil_ = now + length - std::uniform_int_distribution<std::int64_t>(0, length / 4)(random_);
}

CircuitBreaker::State CircuitBreaker::state(std::int64_t now) const {
    if (!open_) return State::kClosed;
    return now < openUntil_ ? State::kOpen : State::kHalfOpen;
}

std::int64_t CircuitBreaker::openForNs(std::int64_t now) const {
    return open_ ? std::max<std::int64_t>(openUntil_ - now, 0) : 0;
}

}  // namespace totemd
