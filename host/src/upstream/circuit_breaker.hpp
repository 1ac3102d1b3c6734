#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "upstream/upstream_client.hpp"

namespace totemd {

/// Stops asking an upstream that fails, and tries it again with one request at a time.
/// Pure: time comes in with each call (CLOCK_MONOTONIC nanoseconds). One thread.
class CircuitBreaker {
public:
    using State = UpstreamSnapshot::Breaker;
    /// Given out by `admit`, given back with what became of the request.
    struct Permit {
        std::uint64_t generation = 0;
        bool probe = false;
    };
    enum Result { kSuccess, kFailure, kNeutral };  ///< kNeutral says nothing about the upstream

    explicit CircuitBreaker(BreakerOptions options, std::uint32_t seed = std::random_device{}());

    /// Closes the breaker when the options differ from the present ones.
    void configure(const BreakerOptions& options);
    /// True when a request that came now would be refused.
    bool refuses(std::int64_t now) const;
    /// Only after `refuses(now)` said no.
    Permit admit(std::int64_t now);
    /// True when this result opened the breaker. Results from before an opening change nothing.
    bool record(const Permit& permit, Result result, std::int64_t now);
    void reset();

    State state(std::int64_t now) const;
    std::int64_t openForNs(std::int64_t now) const;
    std::uint64_t openedCount() const { return opened_; }

private:
    void open(std::int64_t now);
    bool shouldOpen() const;
    void count(bool failed);

    BreakerOptions options_;
    std::minstd_rand random_;
    bool open_ = false;
    bool probing_ = false;
    std::int64_t openUntil_ = 0;
    std::int64_t nextOpenNs_ = 0;
    std::uint64_t generation_ = 0;
    std::uint64_t opened_ = 0;
    int consecutive_ = 0;
    std::vector<bool> window_;  // ring of the latest results, true for a failure
    std::size_t windowNext_ = 0;
    int windowFailures_ = 0;
};

}  // namespace totemd
