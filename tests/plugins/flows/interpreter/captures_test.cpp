// Compares with what n8n itself did, recorded in files that are not part of this project. Set
// TOTEM_N8N_CAPTURES to their folder to run it; without it there is nothing to check.

#include <catch2/catch.hpp>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <set>

#include "flow_talk.hpp"

namespace totem::flows::testing {
namespace {

namespace fs = std::filesystem;

struct Score {
    int passed = 0;
    int failed = 0;
    int skipped = 0;
};

void note(Score& score, const std::string& name, const std::string& problem) {
    problem.empty() ? ++score.passed : ++score.failed;
    std::cout << (problem.empty() ? "pass " : "FAIL ") << name
              << (problem.empty() ? "" : ": " + problem.substr(0, 600)) << '\n';
}

std::optional<fs::path> captures() {
    const char* const folder = std::getenv("TOTEM_N8N_CAPTURES");
    if (!folder) return std::nullopt;
    return fs::path(folder);
}

json read(const fs::path& path) {
    std::ifstream file(path);
    return json::parse(file);
}

std::string startNode(const json& workflow) {
    for (const json& node : workflow["nodes"]) {
        const std::string type = node["type"];
        if (type == "n8n-nodes-base.manualTrigger" || type == "n8n-nodes-base.start") {
            return node["name"];
        }
    }
    return {};
}

json jsonOf(const json& items) {
    json list = json::array();
    for (const json& item : items) list.push_back(item.value("json", json()));
    return list;
}

std::string today() {
    const std::time_t now = std::time(nullptr);
    char text[16];
    std::strftime(text, sizeof text, "%Y-%m-%d", std::gmtime(&now));
    return text;
}

/// A date in a record is marked; the recordings have what JSON makes of it.
json plain(const json& value) {
    // A moment of today: the workflow asked for the time.
    if (value.is_string() && value.get<std::string>().starts_with(today())) return "(now)";
    if (value.is_array()) {
        json list = json::array();
        for (const json& item : value) list.push_back(plain(item));
        return list;
    }
    if (!value.is_object()) return value;
    if (value.contains("$date")) return value["$date"];
    if (value.contains("$dateTime")) return value["$dateTime"];
    json result = json::object();
    for (const auto& [key, item] : value.items()) {
        if (item.is_object() && item.contains("$undefined")) continue;
        result[key] = plain(item);
    }
    return result;
}

std::string checkPins(const FlowResult& result, const json& pins) {
    for (const auto& [name, expected] : pins.items()) {
        int runs = 0;
        for (const json& record : result.records) runs += record["node"] == name ? 1 : 0;
        if (runs != 1) return name + " ran " + std::to_string(runs) + " times";
        const json items = plain(result.items(name));
        if (items != jsonOf(expected)) {
            return name + ": " + items.dump() + " instead of " + jsonOf(expected).dump();
        }
    }
    const std::string status = result.end.value("status", result.end.value("op", ""));
    return status == "success" ? "" : "ended in " + result.end.dump();
}

/// What was a moment of the recording is one of today for us.
void forgive(json& theirs, const json& ours) {
    if (ours.is_string() && ours == "(now)" && theirs.is_string()) theirs = ours;
    if (!theirs.is_structured() || theirs.type() != ours.type()) return;
    for (auto item = theirs.begin(); item != theirs.end(); ++item) {
        if (theirs.is_array()) {
            const auto index = static_cast<std::size_t>(item - theirs.begin());
            if (index < ours.size()) forgive(*item, ours[index]);
        } else if (ours.contains(item.key())) {
            forgive(*item, ours[item.key()]);
        }
    }
}

std::string checkRun(const FlowResult& result, const json& recorded) {
    const json order(result.order());
    if (order != recorded["order"]) {
        return "order " + order.dump() + " instead of " + recorded["order"].dump();
    }
    std::map<std::string, std::size_t> runs;
    for (const json& record : result.records) {
        const std::string name = record["node"];
        const std::size_t run = runs[name]++;
        const json& expected = recorded["nodes"][name];
        if (expected.size() <= run || !expected[run].contains("out")) continue;
        const json ours = plain(record.value("out", json::array()));
        const json& theirs = expected[run]["out"];
        for (std::size_t o = 0; o < std::max(ours.size(), theirs.size()); ++o) {
            json a = o < ours.size() && !ours[o].is_null() ? ours[o] : json::array();
            json b = o < theirs.size() && !theirs[o].is_null() ? theirs[o] : json::array();
            for (json* items : {&a, &b}) {
                for (json& item : *items) {
                    item.erase("binary");
                    item.erase("error");
                }
            }
            forgive(b, a);
            if (a != b)
                return name + " output " + std::to_string(o) + ": " + a.dump() + " instead of " +
                       b.dump();
        }
    }
    return {};
}

}  // namespace

TEST_CASE("recorded workflow tests give what n8n gave", "[captures]") {
    const auto folder = captures();
    if (!folder) return;
    Score pins;
    Score runs;
    for (const json& entry : read(*folder / "manifest.json")) {
        const std::string name = entry["file"];
        // That one waits 42 seconds and looks at the clock.
        if (!entry["needs"].empty() || name == "Wait/Wait.workflow.json") {
            std::cout << "skip " << name << " needs " << entry["needs"].dump() << '\n';
            ++pins.skipped;
            continue;
        }
        json workflow = read(*folder / name);
        const json expected = workflow.value("pinData", json::object());
        workflow.erase("pinData");
        FlowStart start;
        start.workflow = workflow;
        start.node = startNode(workflow);
        start.frame["mode"] = "manual";
        const FlowResult result = run(start);
        const std::string problem = checkPins(result, expected);
        note(pins, name, problem);
        // This one was recorded from another workflow than the file holds.
        if (!entry.contains("run") || name == "DateTime/DateTimeWorklfow.test.json") continue;
        const json recorded = read(*folder / entry["run"].get<std::string>());
        start.frame["timezone"] = recorded.value("timezone", "UTC");
        note(runs, entry["run"], checkRun(run(start), recorded));
    }
    std::cout << "pins: " << pins.passed << " passed, " << pins.failed << " failed, "
              << pins.skipped << " skipped\nruns: " << runs.passed << " passed, " << runs.failed
              << " failed\n";
    CHECK(pins.failed == 0);
    CHECK(runs.failed == 0);
}

TEST_CASE("recorded orders of execution are ours", "[captures]") {
    const auto folder = captures();
    if (!folder) return;
    Score score;
    for (const auto& file : fs::directory_iterator(*folder / "_engine")) {
        const std::string name = file.path().filename();
        const json recorded = read(file.path());
        FlowStart start;
        if (!name.starts_with("order-")) {
            start.workflow = recorded;
            const json pins = start.workflow.value("pinData", json::object());
            start.workflow.erase("pinData");
            start.node = startNode(recorded);
            note(score, name, checkPins(run(start), pins));
            continue;
        }
        start.workflow = recorded["input"]["workflowData"];
        start.workflow["settings"]["executionOrder"] = recorded["order"];
        start.node = startNode(start.workflow);
        const FlowResult result = run(start);
        const json order(result.order());
        std::string problem;
        const std::string refused =
            result.end.value("op", "") == "refused" ? result.end["message"] : "";
        if (refused.find("import report") != std::string::npos) {
            std::cout << "skip " << name << " uses node types that are not there\n";
            continue;
        }
        if (order != recorded["output"]["nodeExecutionOrder"]) {
            problem = order.dump() + " instead of " +
                      recorded["output"]["nodeExecutionOrder"].dump() + result.end.dump();
        }
        for (const auto& [node, data] : recorded["output"]["nodeData"].items()) {
            for (std::size_t r = 0; r < data.size() && problem.empty(); ++r) {
                const bool all = recorded["output"].value("testAllOutputs", false);
                for (std::size_t o = 0; o < (all ? data[r].size() : 1); ++o) {
                    const json ours = result.items(node, static_cast<int>(o), static_cast<int>(r));
                    // Order v0 was recorded without the level of outputs.
                    const bool flat = !data[r].empty() && data[r][0].is_object();
                    const json theirs = flat ? data[r] : data[r].size() > o ? data[r][o] : json();
                    const bool bothEmpty =
                        (ours.is_null() || ours.empty()) && (theirs.is_null() || theirs.empty());
                    if (ours != theirs && !bothEmpty)
                        problem = node + ": " + ours.dump() + " instead of " + theirs.dump();
                }
            }
        }
        note(score, name, problem);
    }
    std::cout << "engine: " << score.passed << " passed, " << score.failed << " failed\n";
    CHECK(score.failed == 0);
}

namespace {

/// Marked values become expressions.
json unmarked(const json& value) {
    if (value.is_array()) {
        json list = json::array();
        for (const json& item : value) list.push_back(unmarked(item));
        return list;
    }
    if (!value.is_object()) return value;
    if (value.contains("$undefined")) return "={{ undefined }}";
    if (value.contains("$number")) return "={{ " + value["$number"].get<std::string>() + " }}";
    if (value.contains("$date"))
        return "={{ new Date('" + value["$date"].get<std::string>() + "') }}";
    json result = json::object();
    for (const auto& [key, item] : value.items()) result[key] = unmarked(item);
    return result;
}

json expectedValue(const json& record) {
    const std::string matcher = record.value("matcher", "toEqual");
    const bool exact = matcher == "toEqual" || matcher == "toBe" || matcher == "toStrictEqual";
    if (exact && record.contains("expected")) return record["expected"];
    return record.value("n8n_2_8_4", json());
}

bool holds(const json& value, const std::string& key) {
    if (value.is_object()) {
        if (value.contains(key)) return true;
        for (const auto& [name, item] : value.items()) {
            if (holds(item, key)) return true;
        }
    }
    if (value.is_array()) {
        for (const json& item : value) {
            if (holds(item, key)) return true;
        }
    }
    return false;
}

/// Marks as both sides write them: an instant is an instant, whatever its zone is called.
json comparable(const json& value) {
    if (value.is_array()) {
        json list = json::array();
        for (const json& item : value) list.push_back(comparable(item));
        return list;
    }
    if (!value.is_object()) return value;
    if (value.contains("$dateTime")) return {{"$dateTime", value["$dateTime"]}};
    if (value.contains("$number")) return nullptr;
    json result = json::object();
    for (const auto& [key, item] : value.items()) result[key] = comparable(item);
    return result;
}

}  // namespace

TEST_CASE("recorded expressions give what they gave", "[captures]") {
    const auto folder = captures();
    if (!folder) return;
    Score score;
    for (const auto& file : fs::directory_iterator(*folder / "_expressions")) {
        const std::string name = file.path().filename();
        if (name == "filter-conditions.json") continue;
        Score own;
        int index = -1;
        for (const json& record : read(file.path())) {
            ++index;
            const std::string matcher = record.value("matcher", "toEqual");
            const bool random = matcher == "not.toBeUndefined";
            const std::string text = record.value("expression", "");
            const bool clock = text.find("isInLast") != std::string::npos;  // depends on the hour
            if (holds(record, "$any") || text.empty() || clock) {
                ++own.skipped;
                continue;
            }
            json items = json::array();
            const json& given =
                record.contains("items") ? record["items"] : record.value("input", json::array());
            for (const json& item : given) {
                items.push_back(item.is_object() && item.contains("json") &&
                                        item["json"].is_object() && item.size() <= 3 &&
                                        record.contains("items")
                                    ? item
                                    : json{{"json", item}});
            }
            if (items.empty() && !record.contains("throws")) {
                items.push_back({{"json", json::object()}});
            }
            const Answer answer = say({{"op", "evaluate"},
                                       {"expression", record["expression"]},
                                       {"timezone", "America/New_York"}},
                                      items.dump());
            std::string problem;
            const bool throws = record.contains("throws") && record["throws"] != false;
            if (throws) {
                if (!answer.header.contains("error"))
                    problem = "no error but " + answer.header.dump();
            } else if (answer.header.contains("error")) {
                problem =
                    answer.header["error"].dump() + " instead of " + expectedValue(record).dump();
            } else {
                const json ours =
                    comparable(answer.header.value("value", json{{"$undefined", true}}));
                const json theirs = comparable(expectedValue(record));
                if (ours != theirs && !random)
                    problem = ours.dump() + " instead of " + theirs.dump();
            }
            if (problem.empty()) {
                ++own.passed;
            } else {
                note(own,
                     name + "[" + std::to_string(index) + "] " +
                         record["expression"].get<std::string>(),
                     problem);
            }
        }
        std::cout << name << ": " << own.passed << " passed, " << own.failed << " failed, "
                  << own.skipped << " skipped\n";
        score.failed += own.failed;
        score.passed += own.passed;
    }
    std::cout << "expressions: " << score.passed << " passed, " << score.failed << " failed\n";
    CHECK(score.failed == 0);
}

TEST_CASE("recorded conditions decide as they did", "[captures]") {
    const auto folder = captures();
    if (!folder) return;
    Score score;
    int index = -1;
    for (const json& record : read(*folder / "_expressions" / "filter-conditions.json")) {
        ++index;
        if (holds(record, "$any")) continue;
        FlowStart start;
        start.workflow = workflow(json::array({node("Start", "manualTrigger", 1, json::object()),
                                               node("If", "if", 2.2,
                                                    {{"conditions", unmarked(record["filter"])},
                                                     {"options", json::object()}})}),
                                  {{"Start", json::array({json::array({link("If")})})}});
        const bool loose = record["filter"].contains("options") &&
                           record["filter"]["options"].value("typeValidation", "") == "loose";
        start.workflow["nodes"][1]["parameters"]["looseTypeValidation"] = loose;
        start.workflow["nodes"][1]["parameters"]["options"]["ignoreCase"] =
            !record["filter"]["options"].value("caseSensitive", true);
        const FlowResult result = run(start);
        std::string problem;
        if (record.contains("throws")) {
            const std::string wanted =
                record["throws"].is_string() ? record["throws"].get<std::string>() : "";
            const std::string message = result.end.value("/error/message"_json_pointer, "");
            if (message.empty() ||
                (message != wanted && wanted.find(message) == std::string::npos)) {
                problem = result.end.dump() + " instead of " + wanted;
            }
        } else {
            const json yes = result.items("If", 0);
            const bool truth = yes.is_array() && !yes.empty();
            if (result.end.value("status", "") != "success" ||
                truth != record["result"].get<bool>()) {
                problem = result.end.dump() + " instead of " + record["result"].dump() + " for " +
                          record["filter"].dump();
            }
        }
        if (problem.empty()) {
            ++score.passed;
        } else {
            note(score, "filter-conditions[" + std::to_string(index) + "]", problem);
        }
    }
    std::cout << "conditions: " << score.passed << " passed, " << score.failed << " failed\n";
    CHECK(score.failed == 0);
}

}  // namespace totem::flows::testing
