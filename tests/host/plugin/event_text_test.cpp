#include "plugin/event_text.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "plugin/manifest.hpp"

using namespace totemd;

namespace {

std::vector<NewEvent> parse(const std::string& text) {
    Manifest publisher;
    publisher.id = "desk";
    publisher.publishes = {"message.*"};
    return parseEvents(text, publisher, "trace", 1'700'000'000'000'000'000);
}

}  // namespace

TEST_CASE("events keep their data as it was written") {
    const auto events = parse(
        R"( [ {"id":"1","type":"message.received","data": {"b": "}]\"", "a":[1, {"x":null}]} ,"reply":null,"subject":"s\u00e9"},
              {"time":"2026-01-01T00:00:00Z","type":"message.sent","id":"2","source":"desk/1","n":-1.5,"data":7} ] )");
    REQUIRE(events.size() == 2);
    CHECK(events[0].data == R"({"b": "}]\"", "a":[1, {"x":null}]})");
    CHECK(events[0].reply.empty());
    CHECK(events[0].subject == "sé");
    CHECK(events[0].source == "desk");
    CHECK(events[0].time == "2023-11-14T22:13:20.000Z");
    CHECK(events[1].id == "2");
    CHECK(events[1].source == "desk/1");
    CHECK(events[1].data == "7");
    CHECK(parse("[]").empty());
}

TEST_CASE("events that make no sense are refused with the place") {
    const std::string deep = std::string(300, '[') + std::string(300, ']');
    const auto [text, reason] = GENERATE_COPY(table<std::string, std::string>({
        {R"([{"id":"1","type":"message.x","data":{]}])", "no JSON"},
        {R"([{"id":"1","type":"message.x","data":")" "\xff" R"("}])", "no JSON"},
        {R"([{"id":"1","type":"message.x","data":)" + deep + "}]", "nests deeper"},
        {R"({"id":"1"})", "expected a JSON array"},
        {R"(["x"])", "expected an array of objects"},
        {R"([{"type":"message.x"}])", "\"id\" is missing"},
        {R"([{"id":"1"}])", "\"type\" is missing"},
        {R"([{"id":1,"type":"message.x"}])", "\"id\" must be a string"},
        {R"([{"id":"1","type":"order.paid"}])", "events.publishes"},
        {R"([{"id":"1","type":"message.x","source":"desktop"}])", "publisher's id"},
    }));
    CHECK_THROWS_WITH(parse(text), Catch::Contains(reason));
}

TEST_CASE("an envelope holds the data as it is") {
    Event event;
    event.seq = 7;
    event.id = "a\"b";
    event.type = "message.received";
    event.data = R"({"z":1,"a":2})";
    const auto json = nlohmann::json::parse(eventEnvelope(event));
    CHECK(json.at("id") == "a\"b");
    CHECK(json.at("data").at("z") == 1);
    CHECK_FALSE(json.contains("reply"));
}
