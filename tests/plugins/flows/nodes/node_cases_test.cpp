// Runs the cases of cases/*.json: one node between a trigger and the end. README.md has the format.

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "flow_talk.hpp"

namespace totem::flows::testing {
namespace {

namespace fs = std::filesystem;

json readFile(const fs::path& path) {
    std::ifstream file(path);
    return json::parse(file);
}

json asItems(const json& list) {
    json items = json::array();
    for (const json& value : list) {
        items.push_back(value.contains("json") ? value : json{{"json", value}});
    }
    return items;
}

/// Every input but a single one comes from a Code node that returns its items.
struct Flow {
    json nodes = json::array();
    json connections = json::object();
    json startItems = json::array({{{"json", json::object()}}});

    void feed(const json& test) {
        nodes.push_back(node("Start", "manualTrigger", 1, json::object()));
        if (!test.contains("inputs")) {
            startItems = asItems(test.value("items", json::array({json::object()})));
            connections["Start"] = json::array({json::array({link("Node")})});
            return;
        }
        json targets = json::array();
        int input = 0;
        for (const json& list : test["inputs"]) {
            const std::string name = "Input " + std::to_string(input);
            nodes.push_back(node(name, "code", 2, {{"jsCode", "return " + asItems(list).dump()}}, 0,
                                 input * 100));
            targets.push_back(link(name));
            connections[name] = json::array({json::array({link("Node", input++)})});
        }
        connections["Start"] = json::array({targets});
    }
};

FlowStart startOf(const json& file, const json& test) {
    Flow flow;
    flow.feed(test);
    json under = node("Node", file["type"], test.value("version", file.value("version", 1.0)),
                      test.value("parameters", json::object()), 500, 0);
    under.update(test.value("node", json::object()));
    flow.nodes.push_back(under);
    FlowStart start;
    start.workflow = workflow(flow.nodes, flow.connections);
    start.items = flow.startItems;
    start.frame["timezone"] = test.value("timezone", "America/Lima");
    start.frame["mode"] = test.value("mode", "production");
    return start;
}

/// Unmarked dates, and no fields that were undefined.
json plain(const json& value) {
    if (value.is_array()) {
        json list = json::array();
        for (const json& entry : value) list.push_back(plain(entry));
        return list;
    }
    if (!value.is_object()) return value;
    if (value.contains("$dateTime")) return value["$dateTime"];
    if (value.contains("$date")) return value["$date"];
    json result = json::object();
    for (const auto& [key, entry] : value.items()) {
        if (!entry.is_object() || !entry.contains("$undefined")) result[key] = plain(entry);
    }
    return result;
}

/// One part of the items on all outputs of the node's last run.
json partOf(const FlowResult& result, const std::string& part) {
    json outputs = json::array();
    for (const json& record : result.records) {
        if (record["node"] != "Node" || !record.contains("out")) continue;
        outputs = json::array();
        for (const json& items : record["out"]) {
            json list = json::array();
            for (const json& item : items) list.push_back(plain(item.value(part, json())));
            outputs.push_back(list);
        }
    }
    return outputs;
}

/// True if `whole` has everything that `part` has.
bool covers(const json& whole, const json& part) {
    if (part.is_object()) {
        return whole.is_object() && std::all_of(part.items().begin(), part.items().end(), [&](auto entry) {
                   return entry.value().is_null() ? !whole.contains(entry.key())
                                                  : whole.contains(entry.key()) &&
                                                        covers(whole[entry.key()], entry.value());
               });
    }
    return whole == part;
}

void checkRequests(const FlowResult& result, const json& expected) {
    json sent = json::array();
    for (const json& request : result.requests) sent.push_back(request);
    INFO("requests " << sent.dump());
    REQUIRE(sent.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) CHECK(covers(sent[i], expected[i]));
}

void check(const FlowResult& result, const json& test) {
    INFO("ended with " << result.end.dump());
    if (test.contains("error")) {
        CHECK(result.end.value("/error/message"_json_pointer, "") == test["error"]);
    } else {
        CHECK(result.end.value("status", "") == "success");
    }
    if (test.contains("outputs")) CHECK(partOf(result, "json") == test["outputs"]);
    if (test.contains("links")) CHECK(partOf(result, "pairedItem") == test["links"]);
    if (test.contains("binary")) CHECK(partOf(result, "binary") == test["binary"]);
    if (test.contains("requests")) checkRequests(result, test["requests"]);
}

/// Answers in the order in which requests are made, the same again after a restart.
Responder answersOf(const json& test) {
    auto place = std::make_shared<std::size_t>(0);
    return [answers = test.value("answers", json::array()), place](const json&) {
        return *place < answers.size() ? answers[(*place)++] : json{{"ok", json::object()}};
    };
}

void checkProblems(const FlowStart& start, const json& expected) {
    const json report = json::parse(interpreter().report(start.workflow.dump()));
    json found = json::array();
    for (const json& problem : report["problems"]) {
        found.push_back(problem.value("parameter", "") + ": " + problem.value("missing", ""));
    }
    CHECK(found == expected);
}

}  // namespace

TEST_CASE("each node type does with its items what its cases say") {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(TOTEM_NODE_CASES)) {
        if (entry.path().filename() != "expressions.json") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    REQUIRE(files.size() > 20);
    for (const fs::path& path : files) {
        const json file = readFile(path);
        for (const json& test : file["cases"]) {
            INFO(path.filename().string() << ": " << test["name"].get<std::string>());
            FlowStart start = startOf(file, test);
            if (test.contains("problems")) checkProblems(start, test["problems"]);
            if (test.value("onlyReport", false)) continue;
            start.respond = answersOf(test);
            check(run(start), test);
            if (!test.value("moves", false)) continue;
            start.respond = answersOf(test);
            start.moveAtEveryTrip = true;
            check(run(start), test);
        }
    }
}

TEST_CASE("extension methods and functions give what their cases say") {
    for (const json& test : readFile(fs::path(TOTEM_NODE_CASES) / "expressions.json")) {
        const std::string expression = test["expression"];
        INFO(expression);
        const Answer answer = say({{"op", "evaluate"},
                                   {"expression", "={{ " + expression + " }}"},
                                   {"timezone", "America/Lima"}},
                                  json::array({{{"json", test.value("json", json::object())}}}).dump());
        if (test.contains("error")) {
            CHECK(answer.header.value("/error/message"_json_pointer, "") == test["error"]);
        } else {
            CHECK(plain(answer.header.value("value", json())) == test["value"]);
        }
    }
}

}  // namespace totem::flows::testing
