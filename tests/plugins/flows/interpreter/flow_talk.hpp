#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "interpreter.hpp"

namespace totem::flows::testing {

using nlohmann::json;

struct Answer {
    json header;
    std::string body;
};

/// One interpreter for the whole program: a process has one JavaScript engine.
Interpreter& interpreter();

/// Sends a message and splits the answer.
Answer say(const json& header, const std::string& body = {});

/// A node of a workflow written in a test.
json node(const std::string& name, const std::string& type, double version, json parameters,
          int x = 0, int y = 0);
json link(const std::string& target, int input = 0);
/// `outputs`: for each node its list of outputs, each a list of links.
json workflow(json nodes, json connections, const std::string& order = "v1");

/// Gives the result of a request.
using Responder = std::function<json(const json& request)>;
json answerAll(const json& request);  // {ok: {}}

/// A run from start to end, or to the trip after which to stop.
struct FlowResult {
    json end;                    // header of the last answer
    std::vector<json> requests;  // all of them, detached ones too
    std::vector<json> records;
    std::string recordText;

    std::vector<std::string> order() const;
    /// The json of the items on an output of a node's run.
    json items(const std::string& node, int output = 0, int run = 0) const;
};

struct FlowStart {
    json workflow;
    std::string node = "Start";
    json items = json::array({{{"json", json::object()}}});
    json frame = json::object();  // added to the start message
    json limits = json::object();
    Responder respond = answerAll;
    bool moveAtEveryTrip = false;  // drop the run at each request and restore it from its records
};

FlowResult run(const FlowStart& start);

}  // namespace totem::flows::testing
