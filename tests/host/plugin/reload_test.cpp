#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/StreamCopier.h>

#include <catch2/catch.hpp>
#include <future>

#include "host/plugin/fixtures.hpp"

using nlohmann::json;
using totem_test::pluginOf;
using totem_test::TestDaemon;
using totem_test::touch;
using totem_test::withFixtures;

namespace {

json named(const std::string& name, const std::string& gate) { return {{"config", {{"name", name}, {"gate", gate}}}}; }

/// One request on a connection that is kept.
std::string askOn(Poco::Net::HTTPClientSession& session, const std::string& path) {
    Poco::Net::HTTPRequest request("GET", path, "HTTP/1.1");
    session.sendRequest(request);
    Poco::Net::HTTPResponse response;
    std::string body;
    Poco::StreamCopier::copyToString(session.receiveResponse(response), body);
    return body;
}

std::size_t countOf(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
    return count;
}

}  // namespace

TEST_CASE("a plugin takes over a new configuration while connections stay and the old one answers what it has") {
    TestDaemon daemon(withFixtures({{"even", json::object()}}));
    const std::string gate = (daemon.folder() / "gate").string();
    CHECK(daemon.reload(withFixtures({{"even", json::object()}, {"odd", named("first", gate)}})));
    Poco::Net::HTTPClientSession kept("127.0.0.1", static_cast<Poco::UInt16>(daemon.port("main")));
    kept.setKeepAlive(true);
    CHECK(askOn(kept, "/odd/x") == "ok first");
    const auto local = kept.socket().address();
    const int port = daemon.port("main");
    auto slow = std::async(std::launch::async, [port] { return totem_test::askHttp(port, "GET", "/odd/wait"); });
    for (bool arrived = false; !arrived;) arrived = pluginOf(daemon, "odd").at("open_calls") == 1;
    auto reloaded = std::async(std::launch::async, [&] { return daemon.reload(withFixtures({{"even", json::object()}, {"odd", named("second", gate)}})); });
    for (std::string now; now != "ok second";) now = askOn(kept, "/odd/x");
    touch(gate);
    CHECK(slow.get().body == "ok first");
    CHECK(reloaded.get());
    CHECK(askOn(kept, "/odd/x") == "ok second");
    CHECK(kept.socket().address() == local);
    CHECK(countOf(daemon.log(), R"("plugin":"even")") > 0);
    CHECK(pluginOf(daemon, "even").at("state") == "running");
}

TEST_CASE("a new configuration that cannot start keeps the old instance; unchanged plugins are not touched") {
    TestDaemon daemon(withFixtures({{"even", json::object()}, {"odd", named("good", "")}}));
    const json since = pluginOf(daemon, "even").at("since");
    CHECK(daemon.reload(withFixtures({{"even", {{"required", true}}}, {"odd", {{"config", {{"create", "fail"}}}}}})));
    CHECK(daemon.get("main", "/odd/x").body == "ok good");
    CHECK_THAT(pluginOf(daemon, "odd").at("reason").get<std::string>(), Catch::Contains("the old instance goes on"));
    CHECK(pluginOf(daemon, "even").at("since") == since);
    CHECK(daemon.reload(withFixtures({{"even", json::object()}, {"odd", named("better", "")}})));
    CHECK(daemon.get("main", "/odd/x").body == "ok better");
    CHECK_FALSE(pluginOf(daemon, "odd").contains("reason"));
}

TEST_CASE("a plugin that the configuration no longer names is gone without a trace") {
    TestDaemon daemon(withFixtures({{"even", json::object()}, {"odd", {{"required", true}, {"config", {{"create", "fail"}}}}}}));
    CHECK(daemon.get("admin", "/readyz").status == 503);
    CHECK(daemon.reload(withFixtures({{"even", json::object()}})));
    CHECK(pluginOf(daemon, "odd").is_null());
    CHECK(daemon.get("main", "/odd/x").status == 404);
    CHECK(daemon.get("admin", "/readyz").status == 200);
    CHECK_FALSE(daemon.get("admin", "/health").json().at("components").contains("odd"));
}

TEST_CASE("listeners are added, moved and removed by a reload") {
    TestDaemon daemon(withFixtures({{"even", json::object()}}));
    json more = withFixtures({{"even", json::object()}});
    more["listeners"]["second"] = {{"address", "127.0.0.1:0"}};
    CHECK(daemon.reload(more));
    const int second = daemon.port("second");
    CHECK(daemon.get("second", "/even/x").status == 200);
    more["listeners"]["second"]["address"] = "127.0.0.2:0";
    CHECK(daemon.reload(more));
    CHECK(totem_test::askHttp(second, "GET", "/even/x").status == 0);
    CHECK(daemon.reload(withFixtures({{"even", json::object()}})));
    CHECK(daemon.get("main", "/even/x").status == 200);
    json taken = withFixtures({{"even", json::object()}});
    taken["listeners"]["second"] = {{"address", "127.0.0.1:" + std::to_string(daemon.port("admin"))}};
    CHECK_FALSE(daemon.reload(taken));
    CHECK(daemon.get("main", "/even/x").status == 200);
}

TEST_CASE("a daemon with nothing in flight ends at once, also with idle connections") {
    TestDaemon daemon(withFixtures({{"even", json::object()}, {"odd", json::object()}}, {{"stop_timeout_s", 600}}));
    Poco::Net::HTTPClientSession kept("127.0.0.1", static_cast<Poco::UInt16>(daemon.port("main")));
    kept.setKeepAlive(true);
    CHECK(askOn(kept, "/odd/x") == "ok ");
    CHECK(daemon.stop() == 0);  // waits 30 s at most
    const std::string log = daemon.log();
    CHECK(log.find("plugin.stopped", log.find(R"("plugin":"odd")", log.find("daemon.stopping"))) != std::string::npos);
}
