#include "workflow.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "js_text.hpp"
#include "realm_factory.hpp"

namespace totem::flows {
namespace {

using nlohmann::json;

constexpr std::chrono::milliseconds kPrepareBudget{10000};

json parseWorkflow(std::string_view text) {
    json workflow = json::parse(text, nullptr, false);
    if (workflow.is_discarded()) throw std::invalid_argument("not a workflow: it is not JSON");
    return workflow;
}

std::string typeOf(const json& node) {
    const auto found = node.find("type");
    return found != node.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool isCodeType(const std::string& type) {
    return type == "n8n-nodes-base.code" || type == "n8n-nodes-base.function" ||
           type == "n8n-nodes-base.functionItem";
}

void applyPlan(FlowNode& node, const json& plan) {
    node.known = plan.at("known").get<bool>();
    node.trigger = plan.at("trigger").get<bool>();
    node.inputs = plan.at("inputs").get<int>();
    node.outputs = plan.at("outputs").get<int>();
    node.requiredInputs = plan.at("required").get<int>();
    node.goesOn = plan.at("goesOn").get<bool>();
    node.tries = plan.at("retry").get<bool>() ? plan.at("tries").get<int>() : 1;
    node.pauseMs = static_cast<int>(plan.at("pause").get<double>());
}

FlowProblem problemFrom(const json& raw) {
    return {raw.value("node", ""),
            raw.value("type", ""),
            raw["version"].is_number() ? raw["version"].get<double>() : 0,
            raw.value("parameter", ""),
            raw.value("missing", ""),
            raw.value("fatal", false)};
}

/// The same number of values as nodes, without inventing keys.
std::string edgesText(const FlowGraph& graph) {
    std::string text = "[";
    for (std::size_t node = 0; node < graph.nodes.size(); ++node) {
        const auto& inputs = graph.nodes[node].feeders;
        for (std::size_t input = 0; input < inputs.size(); ++input) {
            for (const FlowEdge edge : inputs[input]) {
                if (text.size() > 1) text += ',';
                text += std::to_string(edge.node) + ',' + std::to_string(edge.port) + ',' +
                        std::to_string(node) + ',' + std::to_string(input);
            }
        }
    }
    return text + ']';
}

}  // namespace

Workflow::Workflow(const RealmFactory& factory, std::string_view text, const FlowLimits& limits)
    : limits_(limits) {
    const json workflow = parseWorkflow(text);
    graph_ = readFlowGraph(workflow, problems_);
    std::set<std::string> types;
    for (const int place : graph_.places) {
        const std::string type = typeOf(workflow["nodes"][static_cast<std::size_t>(place)]);
        types.insert(type);
        code_.push_back(isCodeType(type));
    }
    const auto settings = workflow.find("settings");
    settings_ = settings != workflow.end() && settings->is_object() ? settings->dump() : "{}";
    const bool usesJmespath = text.find("jmespath") != std::string_view::npos ||
                              text.find("jmesPath") != std::string_view::npos;
    auto made = factory.make(types, usesJmespath);
    realm_ = std::move(made.realm);
    totem_ = made.totem;
    bindFunctions(totem_);
    prepare(text);
}

Workflow::~Workflow() = default;

void Workflow::bindFunctions(JSObjectRef totem) {
    const auto bind = [&](const char* name) { return realm_->member(totem, name); };
    functions_ = {bind("open"),        bind("reopen"),        bind("exec"),
                  bind("execMany"),    bind("settle"),        bind("resume"),
                  bind("recover"),     bind("stopAtLimit"),   bind("noteFailedTry"),
                  bind("notePause"),   bind("failureText"),   bind("leave"),
                  bind("evaluateAlone")};
}

void Workflow::prepare(std::string_view text) {
    JsEngine& engine = realm_->engine();
    const auto call = [&](const char* name, std::initializer_list<JSValueRef> arguments) {
        engine.arm(kPrepareBudget);
        const JsResult result = realm_->call(realm_->member(totem_, name), arguments);
        if (result.stop == JsStop::threw) throw std::invalid_argument(result.message);
        if (!result.ok()) throw std::invalid_argument("the workflow takes too long to load");
        return realm_->toUtf8(result.value);
    };
    const json report = json::parse(
        call("prepare", {realm_->text(text), realm_->text(json(graph_.places).dump())}));
    const json& plans = report.at("plans");
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) applyPlan(graph_.nodes[i], plans.at(i));
    for (const json& raw : report.at("problems")) problems_.push_back(problemFrom(raw));
    triggers_ = report.at("triggers").dump(-1, ' ', false, json::error_handler_t::replace);
    linkFeeders(graph_, report.at("sources").get<std::vector<int>>());
    call("connect", {realm_->text(edgesText(graph_))});
    const json limits{{"items", limits_.items}, {"outputBytes", limits_.outputBytes}};
    call("setLimits", {realm_->text(limits.dump())});
}

bool Workflow::runnable() const {
    return std::none_of(problems_.begin(), problems_.end(),
                        [](const FlowProblem& problem) { return problem.fatal; });
}

std::string problemsText(const std::vector<FlowProblem>& problems) {
    json list = json::array();
    for (const FlowProblem& problem : problems) {
        json entry{{"node", problem.node},
                   {"type", problem.type},
                   {"version", problem.version},
                   {"missing", problem.missing},
                   {"fatal", problem.fatal}};
        if (!problem.parameter.empty()) entry["parameter"] = problem.parameter;
        list.push_back(std::move(entry));
    }
    return list.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace totem::flows
