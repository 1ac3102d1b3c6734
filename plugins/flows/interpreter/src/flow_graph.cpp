#include "flow_graph.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <unordered_map>

namespace totem::flows {

std::string textAt(const nlohmann::json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

namespace {

using nlohmann::json;
using Names = std::unordered_map<std::string, int>;

double versionOf(const json& node) {
    const auto found = node.find("typeVersion");
    return found != node.end() && found->is_number() ? found->get<double>() : 1;
}

double coordinate(const json& node, std::size_t axis) {
    const auto found = node.find("position");
    if (found == node.end() || !found->is_array() || found->size() <= axis) return 0;
    return (*found)[axis].is_number() ? (*found)[axis].get<double>() : 0;
}

bool isNote(const std::string& type) {
    return type == "n8n-nodes-base.stickyNote";
}

void readNodes(const json& workflow, FlowGraph& graph, Names& names,
               std::vector<FlowProblem>& problems) {
    const json& nodes = workflow.at("nodes");
    for (std::size_t place = 0; place < nodes.size(); ++place) {
        const json& raw = nodes[place];
        const std::string name = raw.is_object() ? textAt(raw, "name") : std::string();
        if (name.empty()) {
            problems.push_back(
                {"", "", 0, "nodes[" + std::to_string(place) + "]", "a node has no name", true});
            continue;
        }
        const std::string type = textAt(raw, "type");
        if (isNote(type)) continue;
        FlowNode node;
        node.name = name;
        node.x = coordinate(raw, 0);
        node.y = coordinate(raw, 1);
        const auto disabled = raw.find("disabled");
        node.disabled = disabled != raw.end() && disabled->is_boolean() && disabled->get<bool>();
        const auto [known, isNew] = names.emplace(name, static_cast<int>(graph.nodes.size()));
        if (isNew) {
            graph.nodes.push_back(std::move(node));
            graph.places.push_back(static_cast<int>(place));
            continue;
        }
        problems.push_back({name, type, versionOf(raw), "name",
                            "another node has the same name; the last one counts", false});
        graph.nodes[known->second] = std::move(node);
        graph.places[known->second] = static_cast<int>(place);
    }
}

std::vector<FlowEdge>& portAt(std::vector<std::vector<FlowEdge>>& ports, std::size_t port) {
    if (ports.size() <= port) ports.resize(port + 1);
    return ports[port];
}

/// One entry of a connection list; false if it is no connection.
bool connect(FlowGraph& graph, const Names& names, int from, std::size_t output, const json& raw,
             std::string& reason) {
    if (!raw.is_object()) {
        reason = "a connection is not an object";
        return false;
    }
    const std::string target = textAt(raw, "node");
    const auto found = names.find(target);
    if (found == names.end()) {
        reason = "it is connected to \"" + target + "\", which does not exist";
        return false;
    }
    const auto index = raw.find("index");
    const auto input =
        index != raw.end() && index->is_number_integer() ? index->get<long long>() : 0;
    if (input < 0 || input >= kMostPorts || output >= static_cast<std::size_t>(kMostPorts)) {
        reason = "a connection uses an input or output that cannot exist";
        return false;
    }
    portAt(graph.nodes[from].followers, output).push_back({found->second, static_cast<int>(input)});
    return true;
}

void readConnections(const json& workflow, FlowGraph& graph, const Names& names,
                     std::vector<FlowProblem>& problems) {
    const auto connections = workflow.find("connections");
    if (connections == workflow.end() || !connections->is_object()) return;
    for (const auto& [name, kinds] : connections->items()) {
        const auto source = names.find(name);
        if (!kinds.is_object()) continue;
        const auto outputs = kinds.find("main");
        if (outputs == kinds.end() || !outputs->is_array()) continue;
        if (source == names.end()) {
            problems.push_back({name, "", 0, "connections",
                                "connections begin at a node that does not exist", false});
            continue;
        }
        for (std::size_t output = 0; output < outputs->size(); ++output) {
            if (!(*outputs)[output].is_array()) continue;
            for (const json& raw : (*outputs)[output]) {
                std::string reason;
                if (connect(graph, names, source->second, output, raw, reason)) continue;
                problems.push_back({name, "", 0, "connections", reason, false});
            }
        }
    }
}

}  // namespace

int FlowGraph::find(std::string_view name) const {
    const auto found = std::find_if(nodes.begin(), nodes.end(),
                                    [&](const FlowNode& node) { return node.name == name; });
    return found == nodes.end() ? -1 : static_cast<int>(found - nodes.begin());
}

FlowGraph readFlowGraph(const json& workflow, std::vector<FlowProblem>& problems) {
    if (!workflow.is_object() || !workflow.contains("nodes") || !workflow["nodes"].is_array()) {
        throw std::invalid_argument("not a workflow: it has no list of nodes");
    }
    FlowGraph graph;
    Names names;
    readNodes(workflow, graph, names, problems);
    readConnections(workflow, graph, names, problems);
    const auto settings = workflow.find("settings");
    graph.depthFirst = settings != workflow.end() && settings->is_object() &&
                       textAt(*settings, "executionOrder") == "v1";
    return graph;
}

void linkFeeders(FlowGraph& graph, const std::vector<int>& sources) {
    for (const int source : sources) {
        const auto& outputs = graph.nodes.at(static_cast<std::size_t>(source)).followers;
        for (std::size_t output = 0; output < outputs.size(); ++output) {
            for (const FlowEdge edge : outputs[output]) {
                portAt(graph.nodes[edge.node].feeders, static_cast<std::size_t>(edge.port))
                    .push_back({source, static_cast<int>(output)});
            }
        }
    }
}

}  // namespace totem::flows
