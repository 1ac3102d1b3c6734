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

TEST_CASE("health shows each part with its state, since when and last error") {
    Clocked test;
    test.health.add("journal", true);
    test.health.add("fnb", false);
    test.health.add("idle", false);
    test.now += kSecond;
    test.health.set("journal", HealthState::healthy);
    test.health.set("fnb", HealthState::healthy);
    test.now += kSecond;
    test.health.set("fnb", HealthState::unhealthy, "login failed: password=hunter2 dni 08408122");
    CHECK(test.health.json() ==
          nlohmann::json::parse(R"({"status": "degraded", "unhealthy": ["fnb"],
        "components": {
        "journal": {"state": "healthy", "required": true, "since": "2026-11-24T07:47:02.000Z",
                    "last_error": null},
        "fnb": {"state": "unhealthy", "required": false, "since": "2026-11-24T07:47:03.000Z",
                "last_error": "login failed: password=*** dni 084****2",
                "last_error_at": "2026-11-24T07:47:03.000Z"},
        "idle": {"state": "none", "required": false, "since": "2026-11-24T07:47:01.000Z",
                 "last_error": null}}})"));
}

TEST_CASE("required parts decide the whole; another that is unhealthy degrades it") {
    Clocked test;
    CHECK(test.health.overall() == HealthState::healthy);
    test.health.add("optional", false);
    test.health.set("optional", HealthState::unhealthy);
    CHECK(test.health.overall() == HealthState::degraded);
    test.health.add("journal", true);
    CHECK(test.health.overall() == HealthState::starting);
    test.health.set("journal", HealthState::healthy);
    test.health.add("flows", true);
    test.health.set("flows", HealthState::unhealthy);
    CHECK(test.health.overall() == HealthState::unhealthy);
    test.health.remove("flows");
    CHECK(test.health.overall() == HealthState::degraded);
    test.health.set("optional", HealthState::healthy);
    CHECK(test.health.overall() == HealthState::healthy);
}

TEST_CASE("since is the last change, not the last report; unknown names are ignored") {
    Clocked test;
    test.health.add("a", true);
    test.health.set("a", HealthState::healthy);
    const std::int64_t changed = test.now;
    test.now += kSecond;
    test.health.set("a", HealthState::healthy, "slow, but there");
    test.health.add("a", false);
    CHECK(test.health.find("a")->sinceNs == changed);
    CHECK_FALSE(test.health.find("a")->required);
    test.health.set("gone", HealthState::healthy);
    CHECK_FALSE(test.health.find("gone").has_value());
}

TEST_CASE("a long error is cut") {
    Clocked test;
    test.health.add("a", true);
    test.health.set("a", HealthState::unhealthy, std::string(10'000, 'x'));
    CHECK(test.health.find("a")->lastError.size() == 500);
}

TEST_CASE("a part goes with all of its own parts, and with nothing of others") {
    Clocked test;
    for (const char* name : {"fnb", "fnb.login", "fnb-two", "evolution.totem"})
        test.health.add(name, false);
    test.health.remove("fnb");
    CHECK(test.health.all().size() == 2);
    CHECK(test.health.find("fnb-two"));
}
