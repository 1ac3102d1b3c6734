#include "observe/health.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "observe/mask.hpp"

using namespace totemd;

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

struct Clocked {
    std::int64_t now = 1'795'506'421 * kSecond;
    Masker masker;
    HealthRegistry health{masker, [this] { return now; }};
};

}  // namespace

TEST_CASE("health shows each part with its state, since when, last error and latency") {
    Clocked test;
    test.health.add("journal", true);
    test.health.add("fnb", false);
    test.health.add("idle", false);
    test.now += kSecond;
    test.health.set("journal", HealthState::healthy);
    test.health.succeeded("fnb", 1'500'400);
    test.now += kSecond;
    test.health.set("fnb", HealthState::unhealthy, "login failed: password=hunter2 dni 08408122");
    CHECK(test.health.json() == nlohmann::json::parse(R"({"status": "healthy", "components": {
        "journal": {"state": "healthy", "required": true, "since": "2026-11-24T07:47:02.000Z",
                    "last_error": null, "last_latency_ms": null},
        "fnb": {"state": "unhealthy", "required": false, "since": "2026-11-24T07:47:03.000Z",
                "last_error": "login failed: password=*** dni 084****2",
                "last_error_at": "2026-11-24T07:47:03.000Z", "last_latency_ms": 1.5},
        "idle": {"state": "none", "required": false, "since": "2026-11-24T07:47:01.000Z",
                 "last_error": null, "last_latency_ms": null}}})"));
}

TEST_CASE("failures make it unhealthy when there were enough in a row") {
    Clocked test;
    HealthPolicy policy;
    policy.retries = 3;
    test.health.add("chatwoot", true, policy);
    test.health.succeeded("chatwoot", 1);
    test.health.failed("chatwoot", "timed out");
    test.health.failed("chatwoot", "timed out");
    CHECK(test.health.find("chatwoot")->state == HealthState::healthy);
    test.health.succeeded("chatwoot", 1);
    for (int i = 0; i < 3; ++i) test.health.failed("chatwoot", "timed out");
    CHECK(test.health.find("chatwoot")->state == HealthState::unhealthy);
    CHECK(test.health.find("chatwoot")->lastError == "timed out");
    test.health.succeeded("chatwoot", 1);
    CHECK(test.health.find("chatwoot")->state == HealthState::healthy);
    CHECK(test.health.find("chatwoot")->lastError == "timed out");
}

TEST_CASE("failures in the start period count for nothing until a first success") {
    Clocked test;
    HealthPolicy policy;
    policy.retries = 1;
    policy.startPeriodNs = 10 * kSecond;
    test.health.add("db", true, policy);
    test.now += 5 * kSecond;
    test.health.failed("db", "refused");
    CHECK(test.health.find("db")->state == HealthState::starting);
    test.now += 5 * kSecond;
    test.health.failed("db", "refused");
    CHECK(test.health.find("db")->state == HealthState::unhealthy);

    test.health.add("early", true, policy);
    test.health.succeeded("early", 1);
    test.health.failed("early", "refused");
    CHECK(test.health.find("early")->state == HealthState::unhealthy);
}

TEST_CASE("only required parts decide the whole") {
    Clocked test;
    CHECK(test.health.overall() == HealthState::healthy);
    test.health.add("optional", false);
    test.health.set("optional", HealthState::unhealthy);
    CHECK(test.health.overall() == HealthState::healthy);
    test.health.add("journal", true);
    CHECK(test.health.overall() == HealthState::starting);
    test.health.set("journal", HealthState::healthy);
    test.health.add("flows", true);
    test.health.set("flows", HealthState::unhealthy);
    CHECK(test.health.overall() == HealthState::unhealthy);
    test.health.remove("flows");
    CHECK(test.health.overall() == HealthState::healthy);
}

TEST_CASE("since is the last change, not the last report; unknown names are ignored") {
    Clocked test;
    test.health.add("a", true);
    test.health.set("a", HealthState::healthy);
    const std::int64_t changed = test.now;
    test.now += kSecond;
    test.health.succeeded("a", 5);
    test.health.add("a", false);
    CHECK(test.health.find("a")->sinceNs == changed);
    CHECK_FALSE(test.health.find("a")->required);
    test.health.failed("gone", "late");
    test.health.succeeded("gone", 1);
    test.health.set("gone", HealthState::healthy);
    CHECK_FALSE(test.health.find("gone").has_value());
}

TEST_CASE("a long error is cut") {
    Clocked test;
    test.health.add("a", true);
    test.health.failed("a", std::string(10'000, 'x'));
    CHECK(test.health.find("a")->lastError.size() == 500);
}
