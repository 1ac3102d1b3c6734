// What becomes of the effects that a plugin asks for while it handles an event.

#include <catch2/catch.hpp>
#include <fstream>

#include "host/plugin/fixtures.hpp"

using nlohmann::json;
using totem_test::limitFiles;
using totem_test::pollUntil;
using totem_test::TestDaemon;
using totem_test::touch;
using totem_test::withFixtures;
using namespace std::chrono_literals;

namespace {

json odd(json config, json delivery = json::object()) {
    json configuration = withFixtures({{"odd", {{"config", std::move(config)}}}}, {{"stop_timeout_s", 1}});
    configuration["delivery"] = std::move(delivery);
    return configuration;
}

/// The delivery of the one event.
json delivery(const TestDaemon& daemon) {
    return daemon.get("admin", "/api/v1/events").json().at("events").at(0).at("deliveries").at(0);
}

bool becomes(const std::function<json()>& state, const char* wanted) {
    return pollUntil(60s, [&] { return state() == wanted; });
}

json effectState(const TestDaemon& daemon) {
    const json effects = daemon.get("admin", "/api/v1/effects").json().at("effects");
    return effects.empty() ? json() : effects.at(0).at("state");
}

std::string contentOf(const std::filesystem::path& file) {
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
}

std::size_t countOf(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
    return count;
}

int retried(const TestDaemon& daemon) {
    const std::string metrics = daemon.get("admin", "/metrics").body;
    const std::string name = "\ntotem_deliveries_retried ";
    const auto at = metrics.find(name);
    return at == std::string::npos ? 0 : std::stoi(metrics.substr(at + name.size()));
}

}  // namespace

TEST_CASE("an outage longer than all attempts together kills no event: it waits for its effect") {
    const json hasty{{"attempt_timeout_s", 0.1}, {"max_attempts", 2}};
    TestDaemon daemon(odd({{"send", "unavailable"}}, hasty));
    const std::string record = (daemon.folder() / "record").string();
    CHECK(daemon.post("main", "/odd/publish", json::object()).status == 200);
    REQUIRE(pollUntil(60s, [&] { return retried(daemon) >= 3; }));
    CHECK(delivery(daemon).at("state") == "open");
    CHECK(delivery(daemon).at("attempts").get<int>() <= 1);
    CHECK(daemon.reload(odd({{"record", record}}, hasty)));
    CHECK(becomes([&] { return delivery(daemon).at("state"); }, "done"));
    CHECK(countOf(contentOf(record), "sent") == 1);
}

TEST_CASE("a full disk in the middle of an event delays its effect and loses nothing") {
    TestDaemon daemon(withFixtures({}));
    const std::string gate = (daemon.folder() / "gate").string();
    const std::string record = (daemon.folder() / "record").string();
    CHECK(daemon.reload(odd({{"gate", gate}, {"record", record}})));
    CHECK(daemon.post("main", "/odd/publish", json::object()).status == 200);
    limitFiles(daemon, 1);
    touch(gate);
    CHECK(pollUntil(30s, [&] { return daemon.get("admin", "/readyz").status == 503; }));
    limitFiles(daemon, RLIM_INFINITY);
    CHECK(becomes([&] { return delivery(daemon).at("state"); }, "done"));
    CHECK(effectState(daemon) == "done");
    CHECK(countOf(contentOf(record), "sent") == 1);
}

TEST_CASE("a question about an effect that its plugin could not answer is asked again") {
    TestDaemon daemon(odd({{"send", "unknown"}, {"reconcile", "throw"}}));
    const std::string record = (daemon.folder() / "record").string();
    CHECK(daemon.post("main", "/odd/publish", json::object()).status == 200);
    REQUIRE(daemon.waitForLog("thrown by reconcile"));
    CHECK(daemon.reload(odd({{"record", record}})));
    CHECK(becomes([&] { return effectState(daemon); }, "done"));
    CHECK(contentOf(record) == "asked\n");
}

TEST_CASE("an answer about an effect that makes no sense is one that nobody knows") {
    TestDaemon daemon(odd({{"send", "unknown"}, {"reconcile", "nonsense"}}));
    CHECK(daemon.post("main", "/odd/publish", json::object()).status == 200);
    CHECK(becomes([&] { return effectState(daemon); }, "dead"));
    const std::string shown = daemon.get("admin", "/api/v1/effects").body;
    CHECK_THAT(shown, Catch::Contains(R"(["Authorization","***"])") && !Catch::Contains("abc"));
    CHECK(daemon.get("main", "/odd/x").status == 200);
}

TEST_CASE("an action of a plugin that does not run is unavailable, with the reason") {
    TestDaemon daemon(odd({{"create", "fail"}}));
    const auto refused = daemon.post("admin", "/api/v1/actions/odd.do", json::object());
    CHECK(refused.status == 503);
    CHECK_THAT(refused.body, Catch::Contains("plugin odd is not running: create failed"));
    CHECK_THAT(daemon.get("admin", "/api/v1/actions").body, Catch::Contains("odd.do"));
    const json health = daemon.get("admin", "/health").json();
    CHECK(health.at("status") == "degraded");
    CHECK(health.at("unhealthy") == json{"odd"});
    CHECK(daemon.post("admin", "/api/v1/actions/no.such", json::object()).status == 404);
}
