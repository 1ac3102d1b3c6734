#include <catch2/catch.hpp>

#include "host/plugin/fixtures.hpp"

using nlohmann::json;
using totem_test::TestDaemon;
using totem_test::withFixtures;

namespace {

json odd(const std::string& route) { return withFixtures({{"odd", {{"config", {{"route", route}}}}}}); }

json storedRequests(const TestDaemon& daemon, const std::string& state) {
    return daemon.get("admin", "/api/v1/requests?state=" + state).json().at("requests");
}

/// Hands stored requests in until one with this state is listed; the replay works in the background.
json replayUntil(const TestDaemon& daemon, const std::string& state) {
    for (int i = 0; i < 200; ++i) {
        CHECK(daemon.post("admin", "/api/v1/requests/replay", json::object()).status == 200);
        const json found = storedRequests(daemon, state);
        if (!found.empty()) return found;
    }
    return json::array();
}

}  // namespace

TEST_CASE("what a connector cannot take is stored, answered 200 and handed in again when it can") {
    TestDaemon daemon(odd("throw"));
    CHECK(daemon.post("main", "/odd-in", {{"text", "hola"}}).status == 200);
    const json stored = storedRequests(daemon, "open");
    REQUIRE(stored.size() == 1);
    CHECK(stored[0].at("plugin") == "odd");
    daemon.kill();
    daemon.start();
    CHECK(storedRequests(daemon, "open").size() == 1);
    CHECK(daemon.reload(odd("x")));
    const json done = replayUntil(daemon, "done");
    REQUIRE(done.size() == 1);
    CHECK(done[0].at("received") == stored[0].at("received"));
}

TEST_CASE("requests to a connector that is not running are stored as well") {
    TestDaemon daemon(withFixtures({{"odd", {{"config", {{"create", "fail"}}}}}}));
    CHECK(daemon.post("main", "/odd-in", {{"text", "hola"}}).status == 200);
    CHECK(storedRequests(daemon, "open").size() == 1);
    CHECK(daemon.reload(odd("x")));
    CHECK(replayUntil(daemon, "done").size() == 1);
}

TEST_CASE("a stored request that its connector then refuses is a dead letter with the reason") {
    TestDaemon daemon(odd("throw"));
    CHECK(daemon.post("main", "/odd-in", {{"text", "hola"}}).status == 200);
    CHECK(daemon.reload(odd("invalid")));
    const json dead = replayUntil(daemon, "dead");
    REQUIRE(dead.size() == 1);
    CHECK_THAT(dead[0].dump(), Catch::Contains("no such thing"));
}
