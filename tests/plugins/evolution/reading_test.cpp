#include "reading.hpp"

#include <catch2/catch.hpp>

using namespace totem::evolution;
using totem::Json;

TEST_CASE("whole numbers are read in every spelling, and anything else is nothing") {
    CHECK(wholeNumber(7) == 7);
    CHECK(wholeNumber(-7) == -7);
    CHECK(wholeNumber("1772359200") == 1772359200);
    CHECK(wholeNumber(1772359200.0) == 1772359200);
    CHECK(wholeNumber(Json{{"low", 1772359200}, {"high", 0}, {"unsigned", true}}) == 1772359200);
    CHECK(wholeNumber(Json{{"low", -1}, {"high", 1}, {"unsigned", true}}) == 8589934591);
    for (const char* text :
         {"null", "true", "\"\"", "\"12x\"", "\"-5\"", "\"99999999999999999999\"", "1e300", "[]",
          "{}", "{\"low\":\"x\"}", "{\"low\":{\"low\":1}}", "18446744073709551615"}) {
        CAPTURE(text);
        CHECK(wholeNumber(Json::parse(text)) == 0);
    }
}

TEST_CASE("members that are missing or of another type read as nothing") {
    const Json object{{"a", 1}, {"b", "two"}};
    CHECK(textAt(object, "a").empty());
    CHECK(textAt(object, "b") == "two");
    CHECK(at(object, "c").is_null());
    CHECK(at(Json("text"), "a").is_null());
    CHECK(at(Json::array({1}), "a").is_null());
}

TEST_CASE("half an emoji costs one character, not the message") {
    CHECK(parseLeniently(R"({"t":"hola \ud83d"})")["t"] == "hola \xEF\xBF\xBD");
    CHECK(parseLeniently(R"({"t":"\udc4dx"})")["t"] == "\xEF\xBF\xBDx");
    CHECK(parseLeniently(R"({"t":"\ud83d\ud83d\udc4d"})")["t"] == "\xEF\xBF\xBD\xF0\x9F\x91\x8D");
    CHECK(parseLeniently(R"({"t":"\\ud83d"})")["t"] == "\\ud83d");
    CHECK(parseLeniently(R"({"t":"\ud83d\udc4d"})")["t"] == "\xF0\x9F\x91\x8D");
}

TEST_CASE("bytes that are not UTF-8 and raw control characters are replaced") {
    CHECK(parseLeniently("{\"t\":\"a\xFF\"}")["t"] == "a\xEF\xBF\xBD");
    CHECK(parseLeniently("{\"t\":\"a\nb\"}")["t"] == "a b");
}

TEST_CASE("what nests without end is cut, and the rest is kept") {
    const std::string deep = std::string(100'000, '[') + "\"[{\\\"\"" + std::string(100'000, ']');
    const Json json = parseLeniently("{\"deep\":" + deep + ",\"text\":\"hola\"}");
    REQUIRE(json.is_object());
    CHECK(json["text"] == "hola");
    CHECK_FALSE(totem::nestsTooDeep(totem::dumpJson(json)));
}

TEST_CASE("what is no JSON is said to be none") {
    for (const char* text : {"", "hola", "{", "{\"a\":}", "[1,2", "{\"a\":\"\\ud83d", "\"\\u12"}) {
        CAPTURE(text);
        CHECK(parseLeniently(text).is_discarded());
    }
}
