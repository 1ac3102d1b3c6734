#include "settings.hpp"

#include <catch2/catch.hpp>
#include <totem/status.hpp>

using namespace totem::evolution;
using Catch::Contains;

TEST_CASE("the first configured instance is the default, with its own token when it has one") {
    const Settings settings = parseSettings(
        R"({"base_url":"http://e/","api_key":"k","instances":["a",{"name":"b","token":"t"}]})");
    CHECK(settings.target("").instance == "a");
    CHECK(settings.target("a").key == "k");
    CHECK(settings.target("b").key == "t");
    CHECK(settings.target("b").baseUrl == "http://e");
    CHECK(settings.timeoutNs == 30'000'000'000);
}

TEST_CASE("an unlisted instance is asked at the only server, and nowhere when there are several") {
    const Settings one =
        parseSettings(R"({"base_url":"http://e","api_key":"k","instances":["a"]})");
    CHECK(one.target("new").key == "k");
    const Settings two = parseSettings(
        R"({"servers":[{"base_url":"http://e","instances":["a"]},{"base_url":"http://f","instances":["b"]}]})");
    CHECK(two.target("b").baseUrl == "http://f");
    CHECK_THROWS_WITH(two.target("c"), Contains("no configured server has the instance \"c\""));
}

TEST_CASE("what is missing in the configuration is named") {
    CHECK_THROWS_WITH(parseSettings("{}").target("a"),
                      Contains("plugins.evolution.config.base_url"));
    CHECK_THROWS_WITH(parseSettings(R"({"base_url":"http://e"})").target(""),
                      Contains("name the instance"));
}

TEST_CASE("names that would lead elsewhere in Evolution's paths are refused") {
    for (const char* name : {"a/b", "a?instanceName=b", "a#b", "..", ".", "", "a\\b", "a\nb"}) {
        CAPTURE(name);
        CHECK_FALSE(isSafeInstanceName(name));
    }
    CHECK(isSafeInstanceName("Ventas Perú 2"));
    CHECK_THROWS_WITH(parseSettings(R"({"base_url":"http://e","instances":["a/b"]})"),
                      Contains("cannot be an instance's name"));
    CHECK_THROWS_AS(parseSettings(R"({"base_url":"http://e"})").target("a?b"), totem::Failure);
}

TEST_CASE("a name on two servers is refused") {
    CHECK_THROWS_WITH(
        parseSettings(
            R"({"servers":[{"base_url":"http://e","instances":["a"]},{"base_url":"http://f","instances":["a"]}]})"),
        Contains("\"a\" is listed twice"));
}

TEST_CASE("secrets may be one or several, and empty ones are none") {
    CHECK(parseSettings(R"({"webhook_header":{"name":"x","value":["a","b"]}})")
              .servers.at(0)
              .headerValues.size() == 2);
    CHECK(parseSettings(R"({"jwt_key":"k"})").hasSecret());
    CHECK_FALSE(
        parseSettings(R"({"webhook_header":{"name":"x","value":""},"jwt_key":""})").hasSecret());
}
