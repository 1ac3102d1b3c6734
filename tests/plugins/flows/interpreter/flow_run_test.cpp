#include <catch2/catch.hpp>

#include "flow_talk.hpp"

namespace totem::flows::testing {
namespace {

json start() {
    return node("Start", "manualTrigger", 1, json::object());
}

json code(const std::string& name, const std::string& body, int x = 0, int y = 0) {
    return node(name, "code", 2, {{"jsCode", body}}, x, y);
}

json http(const std::string& name, const std::string& url) {
    return node(name, "httpRequest", 4.2, {{"url", url}, {"options", json::object()}});
}

json to(const std::string& target, int input = 0) {
    return json::array({json::array({link(target, input)})});
}

json okJson(const json& body) {
    return {{"ok",
             {{"status", 200},
              {"statusText", "OK"},
              {"headers", {{"content-type", "application/json"}}},
              {"body", body.dump()}}}};
}

FlowStart flow(json nodes, json connections, const std::string& order = "v1") {
    FlowStart start;
    start.workflow = workflow(std::move(nodes), std::move(connections), order);
    return start;
}

std::string errorOf(const FlowResult& result) {
    return result.end.value("/error/message"_json_pointer, std::string());
}

}  // namespace

TEST_CASE("order v1 finishes the upper branch before the lower one", "[order]") {
    const json nodes{start(), code("Low", "return items", 0, 200),
                     code("LowNext", "return items", 9, 0), code("High", "return items", 0, 100),
                     code("HighNext", "return items", 9, 300)};
    const json connections{{"Start", json::array({json::array({link("Low"), link("High")})})},
                           {"Low", to("LowNext")},
                           {"High", to("HighNext")}};
    using Names = std::vector<std::string>;
    CHECK(run(flow(nodes, connections)).order() ==
          Names{"Start", "High", "HighNext", "Low", "LowNext"});
    CHECK(run(flow(nodes, connections, "")).order() ==
          Names{"Start", "Low", "High", "LowNext", "HighNext"});
}

TEST_CASE("a node with two inputs waits for both, and goes on with one when no more can come") {
    const json merge = node("Merge", "merge", 3, {{"mode", "append"}});
    const json nodes{start(), code("A", "return [{json: {from: 'a'}}]", 0, 0),
                     code("B", "return [{json: {from: 'b'}}]", 0, 100), merge};
    const json connections{{"Start", json::array({json::array({link("A"), link("B")})})},
                           {"A", to("Merge", 0)},
                           {"B", to("Merge", 1)}};
    CHECK(run(flow(nodes, connections)).items("Merge") ==
          json::array({{{"from", "a"}}, {{"from", "b"}}}));
    json quiet = nodes;
    quiet[2]["parameters"]["jsCode"] = "return []";
    CHECK(run(flow(quiet, connections)).items("Merge") == json::array({{{"from", "a"}}}));
}

TEST_CASE("a loop runs its body once for each batch and knows its run index") {
    const json nodes{start(), code("Make", "return [1,2,3].map((n) => ({json: {n}}))"),
                     node("Loop", "splitInBatches", 3, {{"options", json::object()}}),
                     code("Body", "return [{json: {n: $json.n * 10, run: $runIndex}}]"),
                     code("Done", "return items")};
    const json connections{
        {"Start", to("Make")},
        {"Make", to("Loop")},
        {"Loop", json::array({json::array({link("Done")}), json::array({link("Body")})})},
        {"Body", to("Loop")}};
    const FlowResult result = run(flow(nodes, connections));
    CHECK(result.items("Done") ==
          json::array({{{"n", 10}, {"run", 0}}, {{"n", 20}, {"run", 1}}, {{"n", 30}, {"run", 2}}}));
    CHECK(result.items("Body", 0, 2) == json::array({{{"n", 30}, {"run", 2}}}));
}

TEST_CASE("an output without items does not run what follows, unless it always gives one") {
    json nodes{start(), code("None", "return []"), code("After", "return items")};
    const json connections{{"Start", to("None")}, {"None", to("After")}};
    CHECK(run(flow(nodes, connections)).order().size() == 2);
    nodes[1]["alwaysOutputData"] = true;
    CHECK(run(flow(nodes, connections)).items("After") == json::array({json::object()}));
}

TEST_CASE("a disabled node hands its input on, executeOnce sees one item") {
    json nodes{start(), code("Two", "return [{json: {n: 1}}, {json: {n: 2}}]"),
               code("Off", "throw new Error('must not run')"), code("Once", "return items")};
    nodes[2]["disabled"] = true;
    nodes[3]["executeOnce"] = true;
    const FlowResult result =
        run(flow(nodes, {{"Start", to("Two")}, {"Two", to("Off")}, {"Off", to("Once")}}));
    CHECK(result.items("Off").size() == 2);
    CHECK(result.items("Once") == json::array({{{"n", 1}}}));
}

TEST_CASE("a failing node ends the run, goes on, or uses its error output") {
    json nodes{start(),
               node("Bad", "code", 2,
                    {{"mode", "runOnceForEachItem"}, {"jsCode", "throw new Error('boom')"}}),
               code("Fine", "return items"), code("Failed", "return items")};
    const json connections{
        {"Start", to("Bad")},
        {"Bad", json::array({json::array({link("Fine")}), json::array({link("Failed")})})}};
    FlowStart flowStart = flow(nodes, connections);
    flowStart.items = json::array({{{"json", {{"a", 1}}}}});
    FlowResult result = run(flowStart);
    CHECK(result.end["status"] == "error");
    CHECK(errorOf(result) == "boom [line 1, for item 0]");
    CHECK(result.end["lastNode"] == "Bad");
    CHECK(result.records.back()["error"]["message"] == "boom [line 1, for item 0]");

    flowStart.workflow["nodes"][1]["onError"] = "continueRegularOutput";
    CHECK(run(flowStart).items("Fine") == json::array({{{"error", "boom [line 1, for item 0]"}}}));

    flowStart.workflow["nodes"][1]["onError"] = "continueErrorOutput";
    result = run(flowStart);
    CHECK(result.items("Fine").is_null());
    CHECK(result.items("Failed") ==
          json::array({{{"a", 1}, {"error", "boom [line 1, for item 0]"}}}));
}

TEST_CASE("half of a surrogate pair becomes the replacement symbol, whole pairs stay") {
    const json nodes{start(),
                     code("Cut", R"(return [{json: {
                         half: '👍'.slice(0, 1), low: '👍'.slice(1), whole: '👍',
                         text: '\\ud83d', both: '👍'.slice(0, 1) + '👍'}}])"),
                     http("Ask", "={{ 'http://service/' + $json.half }}")};
    FlowStart flowStart = flow(nodes, {{"Start", to("Cut")}, {"Cut", to("Ask")}});
    std::string url;
    flowStart.respond = [&](const json& request) -> json {
        url = request["url"];
        return okJson({{"ok", true}});
    };
    const FlowResult result = run(flowStart);
    CHECK(url.find("http://service/") == 0);
    CHECK(result.items("Cut") == json::array({{{"half", "\uFFFD"},
                                               {"low", "\uFFFD"},
                                               {"whole", "👍"},
                                               {"text", "\\ud83d"},
                                               {"both", "\uFFFD👍"}}}));
}

TEST_CASE("retryOnFail tries again after a pause that it asks for") {
    json nodes{start(), http("Ask", "http://service/x")};
    nodes[1]["retryOnFail"] = true;
    nodes[1]["maxTries"] = 9;  // at most 5
    nodes[1]["waitBetweenTries"] = 90000;
    FlowStart flowStart = flow(nodes, {{"Start", to("Ask")}});
    int asked = 0;
    flowStart.respond = [&](const json& request) -> json {
        if (request["kind"] == "wait") {
            CHECK(request["ms"] == 5000);
            return {{"ok", json::object()}};
        }
        CHECK(request["try"] == asked);
        ++asked;
        if (asked < 3) return {{"error", {{"message", "connection refused"}}}};
        return okJson({{"fine", true}});
    };
    CHECK(run(flowStart).items("Ask") == json::array({{{"fine", true}}}));
    CHECK(asked == 3);

    asked = 0;
    flowStart.respond = [&](const json& request) -> json {
        if (request["kind"] == "http") ++asked;
        return request["kind"] == "http" ? json{{"error", {{"message", "connection refused"}}}}
                                         : json{{"ok", json::object()}};
    };
    const FlowResult result = run(flowStart);
    CHECK(asked == 5);
    CHECK(result.end["status"] == "error");
}

TEST_CASE("links between items lead back to the item that they came from") {
    const json nodes{
        start(), code("Make", "return [1,2,3].map((n) => ({json: {n}}))"),
        node(
            "Odd", "if", 2.2,
            {{"conditions",
              {{"options", {{"version", 2}, {"typeValidation", "strict"}, {"caseSensitive", true}}},
               {"combinator", "and"},
               {"conditions",
                {{{"leftValue", "={{ $json.n % 2 }}"},
                  {"rightValue", 1},
                  {"operator", {{"type", "number"}, {"operation", "equals"}}}}}}}},
             {"options", json::object()}}),
        node("Show", "set", 3.4,
             {{"assignments",
               {{"assignments",
                 {{{"name", "from"},
                   {"type", "number"},
                   {"value", "={{ $('Make').item.json.n }}"}}}}}},
              {"options", json::object()}})};
    const FlowResult result =
        run(flow(nodes, {{"Start", to("Make")}, {"Make", to("Odd")}, {"Odd", to("Show")}}));
    CHECK(result.items("Show") == json::array({{{"from", 1}}, {{"from", 3}}}));
}

TEST_CASE("a node that has not run has no items, which is said and not guessed") {
    const std::string reader = GENERATE("first().json.a", "last()?.json", "all()", "item.json");
    const bool inCode = GENERATE(true, false);
    const std::string reads = "$('Other')." + reader;
    FlowStart start;
    const json asks = inCode ? node("Ask", "code", 2, {{"jsCode", "return [{json: {a: " + reads + "}}]"}})
                             : node("Ask", "set", 3.4,
                                    {{"mode", "raw"}, {"jsonOutput", "={{ {a: " + reads + "} }}"}});
    start.workflow = workflow({node("Start", "manualTrigger", 1, json::object()), asks,
                               node("Other", "noOp", 1, json::object())},
                              {{"Start", json::array({json::array({link("Ask")})})}});
    const FlowResult result = run(start);
    CAPTURE(reads, inCode);
    CHECK(result.end["status"] == "error");
    CHECK(result.end["error"]["message"].get<std::string>().find(
              "Node 'Other' hasn't been executed") == 0);
}

TEST_CASE("a run continues elsewhere from its records, whichever request it waited for") {
    json nodes{
        start(),
        code("Make",
             "$getWorkflowStaticData('global').seen = 1;"
             "return [1,2,3].map((n) => ({json: {n}}))"),
        node("Loop", "splitInBatches", 3, {{"options", json::object()}}),
        http("Ask", "=http://service/{{ $json.n }}"),
        code("Note", "return [{json: {got: $json.got, n: $('Make').item.json.n}}]"),
        http("Flaky", "http://service/flaky"),
        node("Moment", "set", 3.4,
             {{"mode", "raw"},
              {"jsonOutput",
               "={{ { at: DateTime.fromISO('2026-01-02T03:04:05.000-05:00'), none: undefined } }}"},
              {"options", json::object()}}),
        http("Last", "=http://service/{{ $('Moment').first().json.at.year ?? 'lost' }}")};
    nodes[5]["retryOnFail"] = true;
    const json connections{
        {"Start", to("Make")},
        {"Make", to("Loop")},
        {"Loop", json::array({json::array({link("Flaky")}), json::array({link("Ask")})})},
        {"Ask", to("Note")},
        {"Note", to("Loop")},
        {"Flaky", to("Moment")},
        {"Moment", to("Last")}};
    FlowStart flowStart = flow(nodes, connections);
    flowStart.respond = [](const json& request) -> json {
        if (request["kind"] != "http") return {{"ok", json::object()}};
        const bool fails =
            request["node"] == "Flaky" && request["try"] == 0 && request["item"] == 1;
        if (fails) return {{"error", {{"message", "reset"}}}};
        return okJson({{"got", request["url"]}});
    };
    const FlowResult stayed = run(flowStart);
    flowStart.moveAtEveryTrip = true;
    const FlowResult moved = run(flowStart);
    INFO(stayed.end.dump() + moved.end.dump());
    CHECK(stayed.end["status"] == "success");
    CHECK(stayed.order() == moved.order());
    CHECK(stayed.requests.size() == moved.requests.size());
    for (std::size_t i = 0; i < stayed.requests.size(); ++i)
        CHECK(stayed.requests[i] == moved.requests[i]);
    CHECK(stayed.items("Last") == moved.items("Last"));
    CHECK(stayed.items("Flaky").size() == 3);
    json a = stayed.end;
    json b = moved.end;
    a.erase("run");
    b.erase("run");
    CHECK(a == b);
    CHECK(a["staticData"]["global"]["seen"] == 1);
}

TEST_CASE("a repeated or unknown resume changes nothing") {
    const json nodes{start(), http("Ask", "http://service/x")};
    const json text = workflow(nodes, {{"Start", to("Ask")}});
    say({{"op", "load"}, {"workflow", "w"}}, text.dump());
    const json begin{{"op", "start"}, {"run", "r"}, {"workflow", "w"}, {"node", "Start"}};
    CHECK(say(begin).header["trip"] == 1);
    CHECK(say({{"op", "resume"}, {"run", "r"}, {"trip", 2}}, "[]").header["op"] == "refused");
    CHECK(say({{"op", "resume"}, {"run", "other"}, {"trip", 1}}, "[]").header["need"] ==
          "checkpoint");
    CHECK(say({{"op", "resume"}, {"run", "r"}, {"trip", 1}}, "[{}, {}]").header["status"] ==
          "error");
    CHECK(say({{"op", "start"}, {"run", "r"}, {"workflow", "unknown"}, {"node", "x"}})
              .header["need"] == "workflow");
    CHECK(
        say({{"op", "start"}, {"run", "r"}, {"workflow", "w"}, {"node", "x"}}).header["message"] ==
        "start: the workflow has no node \"x\" to begin with");
    CHECK(say({{"op", "start"}, {"run", "r"}, {"workflow", "w"}, {"node", "Start"}, {"depth", 11}})
              .header["message"] == "start: sub-workflows are nested more than 10 deep");
    CHECK(interpreter().handle("nonsense").find("refused") != std::string::npos);
    say({{"op", "drop"}, {"workflow", "w"}});
}

TEST_CASE("the last node's items come with the end when they are asked for") {
    FlowStart flowStart = flow({start(), code("Two", "return [{json: {n: 1}}, {json: {n: 2}}]")},
                               {{"Start", to("Two")}});
    CHECK_FALSE(run(flowStart).end.contains("output"));
    flowStart.frame["answer"] = "first";
    CHECK(run(flowStart).end["output"].size() == 1);
    flowStart.frame["answer"] = "all";
    CHECK(run(flowStart).end["output"][1]["json"]["n"] == 2);
}

}  // namespace totem::flows::testing
