#include "upstream/retry_policy.hpp"

#include <catch2/catch.hpp>

using namespace totemd;

TEST_CASE("Retry-After is read as seconds or a date") {
    constexpr std::int64_t kSecond = 1'000'000'000;
    const std::int64_t now = 784'111'777 * kSecond;  // Sun, 06 Nov 1994 08:49:37 GMT
    CHECK(retryAfterNs("0", now) == 0);
    CHECK(retryAfterNs("120", now) == 120 * kSecond);
    CHECK(retryAfterNs("Sun, 06 Nov 1994 08:49:47 GMT", now) == 10 * kSecond);
    CHECK(retryAfterNs("Sun, 06 Nov 1994 08:00:00 GMT", now) == 0);
    CHECK(retryAfterNs("4294967295", now) == 4'294'967'295 * kSecond);
    for (const char* bad : {"", "soon", "-5", "1.5x", "99999999999999999999"}) {
        INFO(bad);
        CHECK_FALSE(retryAfterNs(bad, now));
    }
}

TEST_CASE("the wait between tries doubles, with half of it random") {
    std::minstd_rand random(1);
    for (int i = 0; i < 100; ++i) {
        const auto first = backOffNs(1000, 1, random);
        CHECK((first >= 500 && first <= 1000));
        const auto third = backOffNs(1000, 3, random);
        CHECK((third >= 2000 && third <= 4000));
    }
    CHECK(backOffNs(1000, 60, random) > 0);
}
