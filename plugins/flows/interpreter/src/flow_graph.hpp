#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace totem::flows {

/// The text under `key`; empty when there is none.
std::string textAt(const nlohmann::json& object, const char* key);

/// Something that the workflow needs and that is not there, or that looks wrong.
struct FlowProblem {
    std::string node;
    std::string type;
    double version = 0;
    std::string parameter;  // may be empty
    std::string missing;
    bool fatal = false;
};

/// A connection, seen from one of its ends: the other node, its output or input.
struct FlowEdge {
    int node;
    int port;
};

struct FlowNode {
    std::string name;
    double x = 0;
    double y = 0;
    bool disabled = false;

    // What its type says; filled in when the workflow is prepared.
    bool known = false;
    bool trigger = false;
    int inputs = 1;
    int outputs = 1;
    int requiredInputs = 0;  // 0: any input with data is enough

    bool goesOn = false;  // the workflow goes on when this node fails
    int tries = 1;
    int pauseMs = 1000;

    std::vector<std::vector<FlowEdge>> followers;  // by output; in the order of the file
    std::vector<std::vector<FlowEdge>> feeders;    // by input; edges name the feeding output
};

/// The main connections of a workflow. Immutable once prepared.
struct FlowGraph {
    bool depthFirst = false;  // execution order v1; absent means v0
    std::vector<FlowNode> nodes;
    std::vector<int> places;  // index of each node in the workflow's `nodes`

    /// -1 if there is none.
    int find(std::string_view name) const;
};

inline constexpr int kMostPorts = 1000;

/// Reads nodes and connections. Hostile input is expected: what makes no sense is left out and
/// reported. Throws std::invalid_argument if it is no workflow at all.
FlowGraph readFlowGraph(const nlohmann::json& workflow, std::vector<FlowProblem>& problems);

/// Fills in the feeders, in the order in which the file names their nodes (`sources`: indexes).
void linkFeeders(FlowGraph& graph, const std::vector<int>& sources);

}  // namespace totem::flows
