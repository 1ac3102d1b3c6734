#include "upstream/circuit_breaker.hpp"

#include <catch2/catch.hpp>

using totemd::BreakerOptions;
using totemd::CircuitBreaker;
using State = CircuitBreaker::State;

namespace {

BreakerOptions options() {
    BreakerOptions result;
    result.consecutiveFailures = 3;
    result.failureRate = 0.5;
    result.windowRequests = 10;
    result.openNs = 1000;
    result.maxOpenNs = 3000;
    return result;
}

bool fail(CircuitBreaker& breaker, std::int64_t now) {
    return breaker.record(breaker.admit(now), CircuitBreaker::kFailure, now);
}

void succeed(CircuitBreaker& breaker, std::int64_t now) {
    breaker.record(breaker.admit(now), CircuitBreaker::kSuccess, now);
}

}  // namespace

TEST_CASE("failures in a row open the breaker, a success between them does not let it") {
    CircuitBreaker breaker(options(), 1);
    CHECK_FALSE(fail(breaker, 0));
    CHECK_FALSE(fail(breaker, 0));
    succeed(breaker, 0);
    CHECK_FALSE(fail(breaker, 0));
    CHECK_FALSE(fail(breaker, 0));
    CHECK(breaker.state(0) == State::kClosed);
    CHECK(fail(breaker, 0));
    CHECK(breaker.state(0) == State::kOpen);
    CHECK(breaker.refuses(0));
    CHECK(breaker.openedCount() == 1);
}

TEST_CASE("a share of failures opens the breaker only once the window is full") {
    CircuitBreaker breaker(options(), 1);
    for (int i = 0; i < 4; ++i) {
        CHECK_FALSE(fail(breaker, 0));
        succeed(breaker, 0);
    }
    CHECK_FALSE(fail(breaker, 0));
    CHECK(breaker.state(0) == State::kClosed);
    CHECK(fail(breaker, 0));
}

TEST_CASE("the window forgets what is old") {
    CircuitBreaker breaker(options(), 1);
    for (int i = 0; i < 4; ++i) {
        fail(breaker, 0);
        succeed(breaker, 0);
    }
    for (int i = 0; i < 10; ++i) succeed(breaker, 0);
    CHECK_FALSE(fail(breaker, 0));
    CHECK_FALSE(fail(breaker, 0));
    CHECK(breaker.state(0) == State::kClosed);
}

TEST_CASE("after the open time one probe goes, the others are refused, and success closes") {
    CircuitBreaker breaker(options(), 1);
    for (int i = 0; i < 3; ++i) fail(breaker, 0);
    CHECK(breaker.openForNs(0) >= 750);
    CHECK(breaker.openForNs(0) <= 1000);
    CHECK(breaker.refuses(749));
    CHECK_FALSE(breaker.refuses(1000));
    CHECK(breaker.state(1000) == State::kHalfOpen);
    const auto probe = breaker.admit(1000);
    CHECK(probe.probe);
    CHECK(breaker.refuses(1000));
    CHECK_FALSE(breaker.record(probe, CircuitBreaker::kSuccess, 1100));
    CHECK(breaker.state(1100) == State::kClosed);
    CHECK_FALSE(breaker.refuses(1100));
    CHECK_FALSE(fail(breaker, 1100));
}

TEST_CASE("a failed probe opens for twice as long, up to the longest") {
    CircuitBreaker breaker(options(), 1);
    for (int i = 0; i < 3; ++i) fail(breaker, 0);
    CHECK(breaker.record(breaker.admit(1000), CircuitBreaker::kFailure, 1000));
    CHECK(breaker.openForNs(1000) >= 1500);
    CHECK(breaker.openForNs(1000) <= 2000);
    for (std::int64_t now = 4000; now < 40'000; now += 4000) fail(breaker, now);
    CHECK(breaker.openForNs(36'000) >= 2250);
    CHECK(breaker.openForNs(36'000) <= 3000);
}

TEST_CASE("a probe that tells nothing lets the next request be the probe") {
    CircuitBreaker breaker(options(), 1);
    for (int i = 0; i < 3; ++i) fail(breaker, 0);
    CHECK_FALSE(breaker.record(breaker.admit(1000), CircuitBreaker::kNeutral, 1000));
    CHECK(breaker.state(1000) == State::kHalfOpen);
    CHECK_FALSE(breaker.refuses(1000));
}

TEST_CASE("results of requests that left before the opening change nothing") {
    CircuitBreaker breaker(options(), 1);
    const auto early = breaker.admit(0);
    for (int i = 0; i < 3; ++i) fail(breaker, 0);
    breaker.record(early, CircuitBreaker::kSuccess, 500);
    CHECK(breaker.state(500) == State::kOpen);
    CHECK_FALSE(breaker.record(early, CircuitBreaker::kFailure, 500));
    CHECK(breaker.openedCount() == 1);
}

TEST_CASE("a reset closes at once, and zero failures never open") {
    CircuitBreaker breaker(options(), 1);
    for (int i = 0; i < 3; ++i) fail(breaker, 0);
    breaker.reset();
    CHECK(breaker.state(0) == State::kClosed);
    auto never = options();
    never.consecutiveFailures = 0;
    breaker.configure(never);
    for (int i = 0; i < 100; ++i) CHECK_FALSE(fail(breaker, 0));
}
