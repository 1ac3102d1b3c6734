#include "e2e/daemon.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using nlohmann::json;
using totem_test::TestDaemon;

namespace {
const json kHello = {{"plugins", {{"hello", {{"enabled", true}}}}}};
}

TEST_CASE("totemd starts, serves a plugin, says so in /health and ends cleanly") {
    TestDaemon daemon(kHello);
    CHECK(daemon.get("main", "/hello").body == "Hello!\n");
    CHECK(daemon.get("main", "/nothing").status == 404);
    CHECK(daemon.get("admin", "/health").json().is_object());
    CHECK(daemon.stop() == 0);
}

TEST_CASE("a killed totemd comes back in the same folder") {
    TestDaemon daemon(kHello);
    daemon.kill();
    daemon.start();
    CHECK(daemon.get("main", "/hello").status == 200);
}

TEST_CASE("a reload takes a plugin away, and a bad configuration is refused") {
    TestDaemon daemon(kHello);
    CHECK(daemon.reload({{"plugins", {{"hello", {{"enabled", false}}}}}}));
    CHECK(daemon.get("main", "/hello").status == 404);
    CHECK_FALSE(daemon.reload({{"plugins", {{"hello", {{"enabled", "yes"}}}}}}));
}

TEST_CASE("a configuration that totemd refuses ends with its message") {
    const json wrong = {{"listeners", {{"main", {{"address", 7}}}}}};
    CHECK_THROWS_WITH(TestDaemon(wrong), Catch::Contains("listeners.main.address"));
}
