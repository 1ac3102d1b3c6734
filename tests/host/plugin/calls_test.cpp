#include <catch2/catch.hpp>
#include <future>

#include "host/plugin/fixtures.hpp"

using nlohmann::json;
using totem_test::HttpReply;
using totem_test::pluginOf;
using totem_test::TestDaemon;
using totem_test::touch;
using totem_test::withFixtures;

namespace {

/// A gate that does not exist yet, in the folder of the first configuration's name.
std::filesystem::path newGate() {
    std::string name = (std::filesystem::temp_directory_path() / "totem-gate-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
    return std::filesystem::path(name) / "open";
}

}  // namespace

TEST_CASE("a handler that throws across the line is answered 500, and the plugin goes on") {
    TestDaemon daemon(withFixtures({{"odd", json::object()}}, {{"stop_timeout_s", 1}}));
    CHECK(daemon.get("main", "/odd/throw").status == 500);
    CHECK(daemon.get("main", "/odd/complete-throw").status == 200);
    CHECK(daemon.get("main", "/odd/thread").body == "ok ");
    CHECK(daemon.waitForLog("thrown by a handler"));
    CHECK(pluginOf(daemon, "odd").at("open_calls") == 1);  // the one that throws never completed its call
}

TEST_CASE("calls are counted by kind and status, with their time") {
    TestDaemon daemon(withFixtures({{"odd", json::object()}}, {{"stop_timeout_s", 1}}));
    daemon.get("main", "/odd/x");
    daemon.get("main", "/odd/throw");
    CHECK(daemon.post("admin", "/api/v1/actions/odd.do", json::object()).status == 200);
    const std::string metrics = daemon.get("admin", "/metrics").body;
    CHECK_THAT(metrics, Catch::Contains(R"(totem_plugin_calls_total{plugin="odd",kind="route",status="ok"} 1)") ||
                            Catch::Contains(R"(totem_plugin_calls_total{kind="route",plugin="odd",status="ok"} 1)"));
    CHECK_THAT(metrics, Catch::Contains(R"(status="fault"} 1)"));
    CHECK_THAT(metrics, Catch::Contains("totem_plugin_call_seconds_count"));
}

TEST_CASE("a handler that hangs takes only its plugin's routes out of service, until it returns") {
    const auto gate = newGate();
    TestDaemon daemon(withFixtures({{"even", json::object()}, {"odd", {{"config", {{"gate", gate.string()}}}}}}, {{"call_soft_limit_s", 0.2}}));
    const int port = daemon.port("main");
    auto hanging = std::async(std::launch::async, [port] { return totem_test::askHttp(port, "GET", "/odd/hang"); });
    REQUIRE(daemon.waitForLog("plugin.unresponsive"));
    CHECK(daemon.get("admin", "/health").json().at("components").at("odd").at("state") == "unhealthy");
    CHECK(pluginOf(daemon, "odd").at("unresponsive") == true);
    const HttpReply refused = daemon.get("main", "/odd/x");
    CHECK(refused.status == 503);
    CHECK_THAT(refused.body, Catch::Contains("does not respond"));
    CHECK(daemon.get("main", "/even/x").status == 200);
    touch(gate);
    REQUIRE(daemon.waitForLog("plugin.responsive"));
    CHECK(hanging.get().status == 200);
    CHECK(daemon.get("main", "/odd/x").status == 200);
}

TEST_CASE("a call that its plugin keeps is answered 504 after the listener's request_timeout_s") {
    json configuration = withFixtures({{"odd", {{"config", {{"never", true}}}}}}, {{"stop_timeout_s", 1}});
    configuration["listeners"]["main"]["limits"]["request_timeout_s"] = 0.2;
    TestDaemon daemon(configuration);
    const HttpReply late = daemon.get("main", "/odd/never");
    CHECK(late.status == 504);
    CHECK_THAT(late.body, Catch::Contains("no answer in time"));
}

TEST_CASE("a handler beyond the hard limit is said to hang the daemon") {
    TestDaemon daemon(withFixtures({{"odd", {{"config", {{"gate", "/nowhere"}}}}}}, {{"call_soft_limit_s", 0.1}, {"call_hard_limit_s", 0.3}, {"stop_timeout_s", 1}}));
    const int port = daemon.port("main");
    auto hanging = std::async(std::launch::async, [port] { return totem_test::askHttp(port, "GET", "/odd/hang"); });
    CHECK(daemon.waitForLog("plugins.hung"));
    CHECK(daemon.stop() == 0);  // the hung instance is abandoned, not waited for
    CHECK_THAT(daemon.log(), Catch::Contains("plugin.abandoned"));
}

TEST_CASE("an instance that keeps a call for ever, or hangs in a hook of its end, is abandoned") {
    const std::string hook = GENERATE("never", "drain", "stop", "destroy");
    INFO(hook);
    TestDaemon daemon(withFixtures({{"even", json::object()}, {"odd", {{"config", {{hook, "hang"}}}}}}, {{"stop_timeout_s", 1}}));
    const int port = daemon.port("main");
    std::future<HttpReply> waiting;
    if (hook == "never") {
        waiting = std::async(std::launch::async, [port] { return totem_test::askHttp(port, "GET", "/odd/never"); });
        CHECK(daemon.waitForLog("plugin.started"));
    }
    CHECK(daemon.reload(withFixtures({{"even", json::object()}, {"odd", {{"enabled", false}}}}, {{"stop_timeout_s", 1}})));
    if (hook == "never") CHECK(waiting.get().status >= 500);
    else CHECK_THAT(daemon.log(), Catch::Contains("plugin.abandoned") && Catch::Contains(hook + " did not return in time"));
    CHECK(daemon.get("main", "/even/x").status == 200);
    CHECK(daemon.stop() == 0);
}
