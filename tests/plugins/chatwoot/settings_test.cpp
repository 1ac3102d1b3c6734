#include "settings.hpp"

#include <catch2/catch.hpp>

using totem::chatwoot::parseSettings;

TEST_CASE("an empty secret is none, given alone or in a list") {
    CHECK_FALSE(parseSettings(R"({"base_url": "http://c", "webhook_secret": ""})").hasSecret());
    CHECK_FALSE(parseSettings(R"({"base_url": "http://c", "webhook_secret": [""]})").hasSecret());
    const auto settings = parseSettings(R"({"base_url": "http://c", "webhook_secret": ["", "s"]})");
    CHECK(settings.accounts.front().secrets == std::vector<std::string>{"s"});
}
