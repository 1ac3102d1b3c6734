// The small parts of the reader: places, merging, nearest names, the schema's words.
#include <catch2/catch.hpp>

#include "config/checks.hpp"
#include "config/document.hpp"
#include "config/schema.hpp"
#include "config/suggest.hpp"

using nlohmann::json;
using totemd::ConfigDocument;
using totemd::ConfigProblem;

namespace {

ConfigDocument parsed(const std::string& text, const std::string& file = "f") {
    std::vector<ConfigProblem> problems;
    auto document = totemd::parseConfigDocument(file, text, problems);
    INFO(totemd::describe(problems));
    REQUIRE(document);
    CHECK(problems.empty());
    return std::move(*document);
}

std::string at(const ConfigDocument& document, const std::string& pointer) {
    const totemd::ConfigPlace& place = document.placeOf(pointer);
    return place.file + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
}

}  // namespace

TEST_CASE("every value keeps the place where it begins") {
    const auto document = parsed(
        "{ // note: \"x\": 1\n"
        "  \"a\" : [1, 22,true,null , \"s\\\"]\", {}],\n"
        "\t\"b\": /* { */ { \"c\": -1.5e3 },\n"
        "  \"d/e~\": [[1],[2]]\n"
        "}");
    const std::vector<std::pair<const char*, const char*>> rows{
        {"", "f:1:1"},         {"/a", "f:2:9"},           {"/a/0", "f:2:10"},
        {"/a/1", "f:2:13"},    {"/a/2", "f:2:16"},        {"/a/3", "f:2:21"},
        {"/a/4", "f:2:28"},    {"/a/5", "f:2:36"},        {"/b", "f:3:15"},
        {"/b/c", "f:3:22"},    {"/d~1e~0/0/0", "f:4:13"}, {"/d~1e~0/1/0", "f:4:17"},
        {"/d~1e~0", "f:4:11"}, {"/not/there", "f:1:1"},   {"/b/none", "f:3:15"}};
    for (const auto& [pointer, place] : rows) {
        INFO(pointer);
        CHECK(at(document, pointer) == place);
    }
    CHECK(document.places.at("/b/c").keyColumn == 17);
    CHECK(document.root["a"][4] == "s\"]");
}

TEST_CASE("comments and trailing commas are read, other extras are not") {
    const std::vector<std::pair<const char*, bool>> rows{{"{\"a\":[1,2,],}", true},
                                                         {"[1,/* x */]", true},
                                                         {"{} // end", true},
                                                         {"/**/[]/***/", true},
                                                         {"[1,\n// c\n]", true},
                                                         {"[\"//\", \"/*\"]", true},
                                                         {"[,]", false},
                                                         {"{,}", false},
                                                         {"[1,,]", false},
                                                         {"{\"a\":,}", false},
                                                         {"[1,2}", false},
                                                         {"# no", false},
                                                         {"[1] /", false},
                                                         {"/* open", false},
                                                         {"[1,]]", false},
                                                         {"[\"a\n\"]", false},
                                                         {"[NaN]", false},
                                                         {"[0x10]", false}};
    for (const auto& [text, good] : rows) {
        INFO(text);
        std::vector<ConfigProblem> problems;
        CHECK(totemd::parseConfigDocument("f", text, problems).has_value() == good);
        CHECK(problems.empty() == good);
    }
}

TEST_CASE("a merged document keeps the places of the values that won") {
    auto base = parsed("{\"a\": {\"x\": 1, \"y\": [1, 2]},\n \"b\": 1}", "base");
    const auto over = parsed("\n{\"a\": {\"y\": [3], \"z\": {\"deep\": 4}}, \"c\": null}", "over");
    totemd::mergeDocument(base, over);
    CHECK(base.root ==
          json::parse(R"({"a": {"x": 1, "y": [3], "z": {"deep": 4}}, "b": 1, "c": null})"));
    CHECK(at(base, "/a/x") == "base:1:13");
    CHECK(at(base, "/a/y/0") == "over:2:14");
    CHECK(at(base, "/a/y/1") == "over:2:13");
    CHECK(at(base, "/a/z/deep") == "over:2:32");
    CHECK(at(base, "/b") == "base:2:7");
}

TEST_CASE("the nearest name is one that could be meant") {
    const std::vector<std::string> known{"timeout_ms", "base_url", "level", "chatwoot", "id"};
    const std::vector<std::pair<const char*, const char*>> rows{{"timout_ms", "timeout_ms"},
                                                                {"TIMEOUT_MS", "timeout_ms"},
                                                                {"timeoutms", "timeout_ms"},
                                                                {"lvel", "level"},
                                                                {"leevl", "level"},
                                                                {"chatwot", "chatwoot"},
                                                                {"baseurl", "base_url"},
                                                                {"di", "id"},
                                                                {"zzz", ""},
                                                                {"password", ""},
                                                                {"", ""}};
    for (const auto& [name, nearest] : rows) {
        INFO(name);
        CHECK(totemd::nearestName(name, known) == nearest);
    }
    CHECK(totemd::nearestName(std::string(10'000, 'x'), known).empty());
}

TEST_CASE("a schema explains each kind of mistake") {
    const totemd::Schema schema(R"({
        "type": "object",
        "properties": {
            "count": {"type": "integer", "minimum": 1},
            "share": {"type": "number", "exclusiveMinimum": 0},
            "most": {"type": "number", "maximum": 9.5},
            "less": {"type": "number", "exclusiveMaximum": 3},
            "name": {"type": "string", "minLength": 2, "maxLength": 4},
            "many": {"type": "array", "minItems": 2, "uniqueItems": true, "items": {"type": "string"}},
            "both": {"type": ["string", "null"]},
            "fixed": {"const": 5},
            "shape": {"type": "string", "pattern": "^a+$"},
            "alike": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
            "map": {"type": "object", "patternProperties": {"^x": {}}, "additionalProperties": false,
                    "minProperties": 1},
            "when": {"type": "string", "format": "date"}
        }})");
    const std::vector<std::pair<const char*, const char*>> rows{
        {R"({"count": "5s"})", "/count: expected integer, got \"5s\""},
        {R"({"count": 0})", "/count: expected a number of at least 1, got 0"},
        {R"({"share": 0})", "/share: expected a number above 0, got 0"},
        {R"({"most": 10})", "/most: expected a number of at most 9.5, got 10"},
        {R"({"less": 3})", "/less: expected a number below 3, got 3"},
        {R"({"name": "x"})", "/name: expected at least 2 characters, got \"x\""},
        {R"({"name": "xxxxx"})", "/name: expected at most 4 characters, got \"xxxxx\""},
        {R"({"many": ["a"]})", "/many: expected at least 2 elements, got an array"},
        {R"({"many": ["a", "a"]})", "/many: expected no element twice, got an array"},
        {R"({"many": ["a", 2]})", "/many/1: expected string, got 2"},
        {R"({"both": 1})", "/both: expected string or null, got 1"},
        {R"({"fixed": 4})", "/fixed: expected 5, got 4"},
        {R"({"shape": "b"})", "/shape: expected text that matches \"^a+$\", got \"b\""},
        {R"({"alike": 1})", "/alike: expected string or array, got 1"},
        {R"({"alike": ["a", 1]})", "/alike/1: expected string, got 1"},
        {R"({"map": {"y": 1}})", "/map/y: unknown key, expected a name that matches \"^x\""},
        {R"({"map": {}})", "/map: expected at least 1 key, got an empty object"},
        {R"([])", ": expected object, got an empty array"},
        {R"({"when": "x"})",
         "/when: expected what the schema says (String should be a valid date), got \"x\""}};
    for (const auto& [value, said] : rows) {
        INFO(value);
        const auto problems = schema.check(json::parse(value));
        REQUIRE(problems.size() == 1);
        CHECK(problems[0].pointer + ": " + problems[0].message == said);
    }
}

TEST_CASE("long texts are shortened between characters") {
    const totemd::Schema schema(R"({"type": "integer"})");
    std::string text(47, 'a');
    for (int i = 0; i < 10; ++i) text += "é";
    const auto problems = schema.check(json(text));
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].message == "expected integer, got \"" + std::string(47, 'a') + "…\"");
}

TEST_CASE("a schema that cannot be used is refused with the reason") {
    for (const char* text :
         {"{", "{\"type\": 5}", "{\"pattern\": \"[\"}", "{\"patternProperties\": {\"(\": {}}}",
          "{\"$ref\": \"http://example.com/s.json\"}", "{\"required\": \"x\"}"}) {
        INFO(text);
        CHECK_THROWS_WITH(totemd::Schema(text), Catch::StartsWith("not a usable JSON Schema: "));
    }
}

TEST_CASE("addresses and networks") {
    for (const char* good :
         {"127.0.0.1:0", "0.0.0.0:65535", "localhost:80", "[::1]:5678", "chatwoot-web:3000"})
        CHECK(totemd::isHostAndPort(good));
    for (const char* bad :
         {"", ":80", "host", "host:", "host:65536", "host:-1", "host:8o", "::1:80", "[::1]",
          "[::1:80", "[x]:80", "a b:80", "http://a:80", "host:+1", "host:99999999999999999999"})
        CHECK_FALSE(totemd::isHostAndPort(bad));
    for (const char* good : {"10.0.0.0/8", "127.0.0.1", "::1", "fd00::/8", "0.0.0.0/0"})
        CHECK(totemd::isNetwork(good));
    for (const char* bad : {"", "10.0.0.0/33", "fd00::/129", "10.0.0", "example.com", "10.0.0.0/",
                            "10.0.0.0/x", "/8"})
        CHECK_FALSE(totemd::isNetwork(bad));
}
