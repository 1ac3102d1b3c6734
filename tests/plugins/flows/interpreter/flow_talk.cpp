#include "flow_talk.hpp"

#include <catch2/catch.hpp>
#include <sstream>

#include "flow_frame.hpp"

namespace totem::flows::testing {
namespace {

void takeRecords(FlowResult& result, const std::string& body) {
    result.recordText += body;
    std::istringstream lines(body);
    for (std::string line; std::getline(lines, line);) {
        json record = json::parse(line);
        if (record.contains("out") || record.contains("error")) {
            if (!record.contains("failed")) result.records.push_back(std::move(record));
        }
    }
}

}  // namespace

Interpreter& interpreter() {
    static Interpreter one;
    return one;
}

Answer say(const json& header, const std::string& body) {
    const std::string reply = interpreter().handle(encodeFlowFrame(header.dump(), body));
    const auto frame = decodeFlowFrame(reply);
    REQUIRE(frame);
    json parsed = json::parse(frame->header, nullptr, false);
    INFO(std::string(frame->header));
    REQUIRE_FALSE(parsed.is_discarded());
    return {std::move(parsed), std::string(frame->body)};
}

json node(const std::string& name, const std::string& type, double version, json parameters, int x,
          int y) {
    return {{"name", name},
            {"type", type.find('.') == std::string::npos ? "n8n-nodes-base." + type : type},
            {"typeVersion", version},
            {"position", {x, y}},
            {"parameters", std::move(parameters)}};
}

json link(const std::string& target, int input) {
    return {{"node", target}, {"type", "main"}, {"index", input}};
}

json workflow(json nodes, json connections, const std::string& order) {
    json result{{"name", "test"}, {"nodes", std::move(nodes)}, {"connections", json::object()}};
    for (const auto& [name, outputs] : connections.items()) {
        result["connections"][name]["main"] = outputs;
    }
    if (!order.empty()) result["settings"]["executionOrder"] = order;
    return result;
}

json answerAll(const json&) {
    return {{"ok", json::object()}};
}

std::vector<std::string> FlowResult::order() const {
    std::vector<std::string> names;
    for (const json& record : records) names.push_back(record["node"]);
    return names;
}

json FlowResult::items(const std::string& node, int output, int run) const {
    for (const json& record : records) {
        if (record["node"] != node || record["run"] != run || !record.contains("out")) continue;
        const json& out = record["out"];
        if (out.size() <= static_cast<std::size_t>(output) || out[output].is_null()) return nullptr;
        json list = json::array();
        for (const json& item : out[output]) list.push_back(item["json"]);
        return list;
    }
    return nullptr;
}

FlowResult run(const FlowStart& start) {
    static int number = 0;
    const std::string key = "workflow " + std::to_string(++number);
    const Answer loaded =
        say({{"op", "load"}, {"workflow", key}, {"limits", start.limits}}, start.workflow.dump());
    FlowResult result;
    if (loaded.header["op"] != "loaded") {
        result.end = loaded.header;
        return result;
    }
    json frame{{"mode", "production"}, {"execution", "77"}, {"timezone", "America/New_York"}};
    frame.update(start.frame);
    frame.update({{"run", key}, {"workflow", key}, {"node", start.node}, {"op", "start"}});
    Answer answer = say(frame, start.items.dump());
    for (int trips = 0; trips < 1000; ++trips) {
        takeRecords(result, answer.body);
        const json& header = answer.header;
        if (header.contains("detached")) {
            for (const json& request : header["detached"]) result.requests.push_back(request);
        }
        if (header["op"] != "requests") break;
        json results = json::array();
        for (const json& request : header["requests"]) {
            result.requests.push_back(request);
            results.push_back(start.respond(request));
        }
        const std::string text = results.dump();
        if (start.moveAtEveryTrip) {
            say({{"op", "drop"}, {"workflow", key}});
            say({{"op", "load"}, {"workflow", key}, {"limits", start.limits}},
                start.workflow.dump());
            json again = frame;
            again.update(
                {{"op", "restore"}, {"trip", header["trip"]}, {"resultsLength", text.size()}});
            answer = say(again, result.recordText + text);
        } else {
            answer = say({{"op", "resume"}, {"run", key}, {"trip", header["trip"]}}, text);
        }
    }
    result.end = answer.header;
    say({{"op", "drop"}, {"workflow", key}});
    return result;
}

}  // namespace totem::flows::testing
