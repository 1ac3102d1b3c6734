#include <catch2/catch.hpp>

#include "config/difference.hpp"

using totemd::Configuration;
using Names = std::vector<std::string>;

namespace {

Configuration base() {
    Configuration configuration;
    configuration.listeners["main"].address = "127.0.0.1:1";
    configuration.listeners["admin"].address = "127.0.0.1:2";
    configuration.listeners["old"].address = "127.0.0.1:3";
    configuration.plugins["stays"] = {};
    configuration.plugins["off"].enabled = false;
    configuration.plugins["edited"] = {};
    configuration.plugins["gone"] = {};
    return configuration;
}

}  // namespace

TEST_CASE("equal configurations have no difference") {
    const auto result = totemd::difference(base(), base());
    CHECK(result.empty());
    CHECK_FALSE(result.needsRestart());
}

TEST_CASE("the difference names what a reload has to do") {
    Configuration after = base();
    after.listeners["main"].address = "127.0.0.1:9";
    after.listeners["admin"].token = "new";
    after.listeners.erase("old");
    after.listeners["new"].address = "127.0.0.1:4";
    after.plugins["off"].enabled = true;
    after.plugins["edited"].config = R"({"a":1})";
    after.plugins["stays"].logLevel = "debug";
    after.plugins.erase("gone");
    after.plugins["unused"].enabled = false;
    after.log.level = "debug";
    after.storage.url = "sqlite:other.db";
    const auto result = totemd::difference(base(), after);
    CHECK(result.listenersMoved == Names{"main"});
    CHECK(result.listenersChanged == Names{"admin"});
    CHECK(result.listenersRemoved == Names{"old"});
    CHECK(result.listenersAdded == Names{"new"});
    CHECK(result.pluginsEnabled == Names{"off"});
    CHECK(result.pluginsDisabled == Names{"gone"});
    CHECK(result.pluginsReconfigured == Names{"edited"});
    CHECK(result.pluginsLogLevelChanged == Names{"stays"});
    CHECK(result.needsRestart());
    CHECK(result.lines() == Names{"listeners added: new", "listeners removed: old",
                                  "listeners moved to another address: main",
                                  "listeners changed: admin", "plugins enabled: off",
                                  "plugins disabled: gone", "plugins reconfigured: edited",
                                  "plugins with another log level: stays", "sections changed: log",
                                  "sections changed that wait for a restart: storage"});
}

TEST_CASE("what the services took at the start waits for a restart; the log's level does not") {
    Configuration after = base();
    after.log.level = "error";
    CHECK_FALSE(totemd::difference(base(), after).needsRestart());
    after.log.format = "journal";
    CHECK(totemd::difference(base(), after).needsRestart());
    after = base();
    after.storage.maxOpenEvents = 1;
    CHECK(totemd::difference(base(), after).needsRestart());
    after = base();
    after.delivery.maxAttempts = 1;
    CHECK(totemd::difference(base(), after).needsRestart());
}
