#include <sqlite3.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "host/plugin/fixtures.hpp"

using nlohmann::json;
using totem_test::limitFiles;
using totem_test::TestDaemon;
using totem_test::withFixtures;

namespace {

json odd(const std::string& route) {
    return withFixtures({{"odd", {{"config", {{"route", route}}}}}}, {{"stop_timeout_s", 1}});
}

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

TEST_CASE("a stored request is not used up by a connector that is unwell, and a dead one can be replayed") {
    TestDaemon daemon(odd("unavailable"));
    CHECK(daemon.post("main", "/odd-in", {{"text", "hola"}}).status == 200);
    for (int i = 0; i < 20; ++i) replayUntil(daemon, "open");
    const json open = storedRequests(daemon, "open");
    REQUIRE(open.size() == 1);
    CHECK(open[0].at("attempts").get<int>() <= 1);
    CHECK(daemon.reload(odd("invalid")));
    const json dead = replayUntil(daemon, "dead");
    REQUIRE(dead.size() == 1);
    const std::string path = "/api/v1/events/" + dead[0].at("seq").dump() + "/replay";
    CHECK(daemon.reload(odd("x")));
    CHECK(daemon.post("admin", path, json::object()).json() == json{{"replayed", 1}});
    CHECK(replayUntil(daemon, "done").size() == 1);
    CHECK(daemon.post("admin", "/api/v1/events/17/replay", json::object()).status == 404);
}

TEST_CASE("a request that is handed in again comes from its listener and goes on with its trace") {
    const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    json configuration = odd("throw");
    configuration["listeners"]["second"] = {{"address", "127.0.0.1:0"}};
    TestDaemon daemon(configuration);
    const std::string record = (daemon.folder() / "record").string();
    CHECK(daemon.ask("second", "POST", "/odd-in", "{}", {{"traceparent", "00-" + trace + "-00f067aa0ba902b7-01"}}).status == 200);
    CHECK(daemon.post("main", "/odd-in", json::object()).status == 200);
    const json stored = storedRequests(daemon, "open");
    REQUIRE(stored.size() == 2);
    configuration["plugins"]["odd"]["config"] = {{"record", record}};
    CHECK(daemon.reload(configuration));
    while (storedRequests(daemon, "done").size() < 2) replayUntil(daemon, "done");
    std::ifstream stream(record);
    const std::string seen{std::istreambuf_iterator<char>(stream), {}};
    CHECK_THAT(seen, Catch::Contains("route second 00-" + trace));
    CHECK_THAT(seen, Catch::Contains("route main " + stored[0].at("trace").get<std::string>()));
}

TEST_CASE("a customer's stored requests that are forgotten wait no more") {
    TestDaemon daemon(odd("unavailable"));
    CHECK(daemon.post("main", "/odd-in", {{"phone", "51987654321"}}).status == 200);
    CHECK(daemon.post("admin", "/api/v1/forget", {{"numbers", {"51987654321"}}}).json().at("requests") == 1);
    CHECK(totem_test::pollUntil(std::chrono::seconds(30), [&] {
        return daemon.post("admin", "/api/v1/requests/replay", json::object()).json().at("waiting") == 0;
    }));
}

namespace {

/// Keeps the journal's writer waiting, as a disk that hangs does.
class JournalLock {
public:
    explicit JournalLock(const TestDaemon& daemon) {
        sqlite3_open((daemon.folder() / "totem.db").c_str(), &db_);
        REQUIRE(sqlite3_exec(db_, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
    }
    ~JournalLock() { sqlite3_close(db_); }

private:
    sqlite3* db_ = nullptr;
};

}  // namespace

TEST_CASE("a webhook that cannot be stored, or not in time, is answered with what its sender repeats") {
    TestDaemon daemon(odd("throw"));
    SECTION("no space") {
        limitFiles(daemon, 1);
        const auto refused = daemon.post("main", "/odd-in", {{"text", "hola"}});
        CHECK(refused.status == 429);
        CHECK(refused.headers.at("retry-after") == "5");
        limitFiles(daemon, RLIM_INFINITY);
    }
    SECTION("a disk that hangs") {
        const JournalLock lock(daemon);
        const auto refused = daemon.post("main", "/odd-in", {{"text", "hola"}});
        CHECK(refused.status == 429);
        CHECK_THAT(refused.body, Catch::Contains("too slow"));
    }
}
