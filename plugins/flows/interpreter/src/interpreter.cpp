#include "interpreter.hpp"

#include <algorithm>
#include <list>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "../../protocol/flow_frame.hpp"
#include "flow_graph.hpp"
#include "js_text.hpp"
#include "realm_factory.hpp"

namespace totem::flows {
namespace {

using nlohmann::json;

std::string jsonText(std::string_view text) {
    return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

long long numberAt(const json& header, const char* key, long long fallback) {
    const auto found = header.find(key);
    return found != header.end() && found->is_number() ? found->get<long long>() : fallback;
}

FlowLimits limitsFrom(const json& header) {
    FlowLimits limits;
    const auto found = header.find("limits");
    if (found == header.end() || !found->is_object()) return limits;
    const json& given = *found;
    using std::chrono::milliseconds;
    limits.expressionTime =
        milliseconds(numberAt(given, "expressionMs", limits.expressionTime.count()));
    limits.codeTime = milliseconds(numberAt(given, "codeMs", limits.codeTime.count()));
    limits.runNodes = static_cast<int>(numberAt(given, "runNodes", limits.runNodes));
    limits.items = static_cast<int>(numberAt(given, "items", limits.items));
    limits.outputBytes = static_cast<std::size_t>(
        numberAt(given, "outputBytes", static_cast<long long>(limits.outputBytes)));
    limits.memoryBytes = static_cast<std::size_t>(
        numberAt(given, "memoryBytes", static_cast<long long>(limits.memoryBytes)));
    limits.depth = static_cast<int>(numberAt(given, "depth", limits.depth));
    return limits;
}

std::string refused(const std::string& message) {
    return encodeFlowFrame("{\"op\":\"refused\",\"message\":" + jsonText(message) + "}");
}

std::string need(std::string_view what, const std::string& run) {
    return encodeFlowFrame("{\"op\":\"need\",\"need\":" + jsonText(what) +
                           ",\"run\":" + jsonText(run) + "}");
}

std::string loadedHeader(const std::string& key, const Workflow& workflow) {
    return "{\"op\":\"loaded\",\"workflow\":" + jsonText(key) +
           ",\"runnable\":" + (workflow.runnable() ? "true" : "false") +
           ",\"nodes\":" + std::to_string(workflow.graph().nodes.size()) +
           ",\"settings\":" + workflow.settings() + ",\"triggers\":" + workflow.triggers() +
           ",\"problems\":" + problemsText(workflow.problems()) + "}";
}

}  // namespace

struct Interpreter::State {
    struct LoadedWorkflow {
        std::unique_ptr<Workflow> workflow;
        std::list<std::string>::iterator use;
        int runs = 0;
    };
    struct SuspendedRun {
        std::unique_ptr<FlowRun> run;
        std::string workflow;
        long long trip = 1;
        std::list<std::string>::iterator use;
    };

    explicit State(Options given) : options(given), factory(engine) {}

    Options options;
    JsEngine engine;
    RealmFactory factory;
    std::unordered_map<std::string, LoadedWorkflow> workflows;
    std::list<std::string> workflowUse;  // least recently used first
    std::unordered_map<std::string, SuspendedRun> runs;
    std::list<std::string> runUse;

    std::string load(const json& header, std::string_view body);
    std::string start(const json& header, std::string_view text, std::string_view body);
    std::string restore(const json& header, std::string_view text, std::string_view body);
    std::string resume(const json& header, std::string_view body);
    std::string drop(const json& header);
    std::string evaluate(const json& header, std::string_view text, std::string_view body);
    std::string stats() const;

    LoadedWorkflow* findWorkflow(const std::string& key);
    std::unique_ptr<FlowRun> makeRun(const json& header, LoadedWorkflow& loaded,
                                     std::string& problem);
    std::string answer(const std::string& id, SuspendedRun run, FlowStep step);
    void dropRun(const std::string& id);
    void dropWorkflow(const std::string& key);
    void makeRoom();
    void easeMemory(std::size_t limit);
};

std::string Interpreter::State::load(const json& header, std::string_view body) {
    const std::string key = textAt(header, "workflow");
    if (key.empty()) return refused("load: no workflow key");
    if (LoadedWorkflow* known = findWorkflow(key)) {
        return encodeFlowFrame(loadedHeader(key, *known->workflow));
    }
    const FlowLimits limits = limitsFrom(header);
    easeMemory(limits.memoryBytes);
    engine.setMemoryLimit(limits.memoryBytes);
    try {
        auto workflow = std::make_unique<Workflow>(factory, body, limits);
        std::string reply = loadedHeader(key, *workflow);
        workflowUse.push_back(key);
        workflows[key] = {std::move(workflow), std::prev(workflowUse.end()), 0};
        makeRoom();
        return encodeFlowFrame(reply);
    } catch (const std::exception& error) {
        return refused(std::string("load: ") + error.what());
    }
}

Interpreter::State::LoadedWorkflow* Interpreter::State::findWorkflow(const std::string& key) {
    const auto found = workflows.find(key);
    if (found == workflows.end()) return nullptr;
    workflowUse.splice(workflowUse.end(), workflowUse, found->second.use);
    return &found->second;
}

std::unique_ptr<FlowRun> Interpreter::State::makeRun(const json& header, LoadedWorkflow& loaded,
                                                     std::string& problem) {
    const std::string name = textAt(header, "node");
    const int node = loaded.workflow->graph().find(name);
    if (node < 0) problem = "the workflow has no node \"" + name + "\" to begin with";
    if (!loaded.workflow->runnable()) problem = "the workflow cannot run; see its import report";
    if (numberAt(header, "depth", 0) > loaded.workflow->limits().depth) {
        problem = "sub-workflows are nested more than " +
                  std::to_string(loaded.workflow->limits().depth) + " deep";
    }
    if (!problem.empty()) return nullptr;
    const std::string wanted = textAt(header, "answer");
    return std::make_unique<FlowRun>(*loaded.workflow, node, wanted == "none" ? "" : wanted);
}

std::string Interpreter::State::start(const json& header, std::string_view text,
                                      std::string_view body) {
    const std::string id = textAt(header, "run");
    const std::string key = textAt(header, "workflow");
    if (id.empty()) return refused("start: no run id");
    LoadedWorkflow* loaded = findWorkflow(key);
    if (!loaded) return need("workflow", id);
    dropRun(id);
    std::string problem;
    if (engine.residentBytes() > loaded->workflow->limits().memoryBytes / 8 * 7) engine.collect();
    SuspendedRun run{makeRun(header, *loaded, problem), key, 1, {}};
    if (!run.run) return refused("start: " + problem);
    FlowStep step = run.run->start(text, body);
    return answer(id, std::move(run), std::move(step));
}

std::string Interpreter::State::restore(const json& header, std::string_view text,
                                        std::string_view body) {
    const std::string id = textAt(header, "run");
    const std::string key = textAt(header, "workflow");
    const auto results = numberAt(header, "resultsLength", 0);
    if (id.empty()) return refused("restore: no run id");
    if (results < 0 || results > static_cast<long long>(body.size())) {
        return refused("restore: resultsLength does not fit the body");
    }
    LoadedWorkflow* loaded = findWorkflow(key);
    if (!loaded) return need("workflow", id);
    dropRun(id);
    std::string problem;
    SuspendedRun run{makeRun(header, *loaded, problem), key, numberAt(header, "trip", 1), {}};
    if (!run.run) return refused("restore: " + problem);
    const std::size_t records = body.size() - static_cast<std::size_t>(results);
    FlowStep step = run.run->restore(text, body.substr(0, records));
    if (step.kind == FlowStep::Kind::requests && results > 0) {
        std::string before = std::move(step.records);
        ++run.trip;
        step = run.run->resume(body.substr(records));
        step.records.insert(0, before);
    }
    return answer(id, std::move(run), std::move(step));
}

std::string Interpreter::State::resume(const json& header, std::string_view body) {
    const std::string id = textAt(header, "run");
    const auto found = runs.find(id);
    if (found == runs.end()) return need("checkpoint", id);
    if (numberAt(header, "trip", -1) != found->second.trip) {
        return refused("resume: trip " + std::to_string(found->second.trip) + " is the open one");
    }
    SuspendedRun run = std::move(found->second);
    runUse.erase(run.use);
    runs.erase(found);
    auto& loaded = workflows.at(run.workflow);
    --loaded.runs;
    findWorkflow(run.workflow);
    ++run.trip;
    FlowStep step = run.run->resume(body);
    return answer(id, std::move(run), std::move(step));
}

/// Keeps the run if it waits, and writes the header of the answer.
std::string Interpreter::State::answer(const std::string& id, SuspendedRun run, FlowStep step) {
    std::string header = "{\"op\":";
    const bool waits = step.kind == FlowStep::Kind::requests;
    header += waits ? "\"requests\"" : "\"end\"";
    header += ",\"run\":" + jsonText(id);
    if (waits) {
        header += ",\"trip\":" + std::to_string(run.trip) + ",\"node\":" + jsonText(step.node) +
                  ",\"requests\":" + step.requests;
    } else {
        const bool success = step.kind == FlowStep::Kind::success;
        header +=
            success ? ",\"status\":\"success\"" : ",\"status\":\"error\",\"error\":" + step.error;
        if (step.rest.size() > 2) header += "," + step.rest.substr(1, step.rest.size() - 2);
    }
    if (!step.detached.empty()) header += ",\"detached\":" + step.detached;
    header += "}";
    replaceLoneSurrogates(header);
    replaceLoneSurrogates(step.records);
    std::string reply = encodeFlowFrame(header, step.records);
    const std::string key = run.workflow;
    if (run.run->poisoned()) {
        run.run.reset();
        dropWorkflow(key);
        engine.collect();
    } else if (waits) {
        runUse.push_back(id);
        run.use = std::prev(runUse.end());
        ++workflows.at(key).runs;
        runs.emplace(id, std::move(run));
        makeRoom();
    }
    return reply;
}

void Interpreter::State::dropRun(const std::string& id) {
    const auto found = runs.find(id);
    if (found == runs.end()) return;
    --workflows.at(found->second.workflow).runs;
    runUse.erase(found->second.use);
    runs.erase(found);
}

void Interpreter::State::dropWorkflow(const std::string& key) {
    const auto found = workflows.find(key);
    if (found == workflows.end()) return;
    std::vector<std::string> ids;
    for (const auto& [id, run] : runs) {
        if (run.workflow == key) ids.push_back(id);
    }
    for (const std::string& id : ids) dropRun(id);
    workflowUse.erase(found->second.use);
    workflows.erase(found);
}

void Interpreter::State::makeRoom() {
    while (runs.size() > options.runs) dropRun(std::string(runUse.front()));
    while (workflows.size() > options.workflows) {
        const auto idle = std::find_if(workflowUse.begin(), std::prev(workflowUse.end()),
                                       [&](const auto& key) { return workflows[key].runs == 0; });
        dropWorkflow(
            std::string(idle == std::prev(workflowUse.end()) ? workflowUse.front() : *idle));
    }
}

/// Close to the limit: lets go of what is idle and collects.
void Interpreter::State::easeMemory(std::size_t limit) {
    if (engine.residentBytes() < limit / 4 * 3) return;
    engine.collect();
    if (engine.residentBytes() < limit / 4 * 3) return;
    const std::list<std::string> keys = workflowUse;
    for (const std::string& key : keys) {
        if (workflows[key].runs == 0) dropWorkflow(key);
    }
    engine.collect();
}

std::string Interpreter::State::drop(const json& header) {
    const std::string run = textAt(header, "run");
    const std::string workflow = textAt(header, "workflow");
    if (!run.empty()) dropRun(run);
    if (run.empty() && !workflow.empty()) dropWorkflow(workflow);
    return encodeFlowFrame("{\"op\":\"dropped\"}");
}

std::string Interpreter::State::evaluate(const json& header, std::string_view text,
                                         std::string_view body) {
    static const std::string kAlone = R"({"nodes":[],"connections":{},"name":"jmespath"})";
    const std::string key = textAt(header, "workflow");
    const std::string used = key.empty() ? "\n evaluate" : key;
    if (key.empty() && !findWorkflow(used)) {
        workflowUse.push_back(used);
        workflows[used] = {std::make_unique<Workflow>(factory, kAlone, FlowLimits{}),
                           std::prev(workflowUse.end()), 0};
        makeRoom();
    }
    LoadedWorkflow* loaded = findWorkflow(used);
    if (!loaded) return need("workflow", "");
    Workflow& workflow = *loaded->workflow;
    JsRealm& realm = workflow.realm();
    engine.arm(workflow.limits().expressionTime);
    const JsResult result =
        realm.call(workflow.functions().evaluateAlone,
                   {realm.text(text), realm.text(body), realm.text(textAt(header, "expression"))});
    if (!result.ok()) {
        return refused(result.stop == JsStop::threw ? "evaluate: " + result.message
                                                    : "evaluate: the expression takes too long");
    }
    std::string value = realm.toUtf8(result.value);
    replaceLoneSurrogates(value);
    return encodeFlowFrame("{\"op\":\"value\"," + value.substr(1));
}

std::string Interpreter::State::stats() const {
    const json reply{{"op", "stats"},
                     {"workflows", workflows.size()},
                     {"runs", runs.size()},
                     {"rssBytes", engine.residentBytes()},
                     {"nodeTypes", factory.nodeTypes()}};
    return encodeFlowFrame(reply.dump());
}

Interpreter::Interpreter() : Interpreter(Options{}) {}
Interpreter::Interpreter(Options options) : state_(std::make_unique<State>(options)) {}

Interpreter::~Interpreter() {
    state_->runs.clear();
    state_->workflows.clear();
}

std::string Interpreter::handle(std::string_view message) {
    const auto frame = decodeFlowFrame(message);
    if (!frame) return refused("the message is no frame");
    const json header = json::parse(frame->header, nullptr, false);
    if (!header.is_object()) return refused("the header is no JSON object");
    try {
        const std::string op = textAt(header, "op");
        if (op == "resume") return state_->resume(header, frame->body);
        if (op == "start") return state_->start(header, frame->header, frame->body);
        if (op == "load") return state_->load(header, frame->body);
        if (op == "restore") return state_->restore(header, frame->header, frame->body);
        if (op == "drop") return state_->drop(header);
        if (op == "evaluate") return state_->evaluate(header, frame->header, frame->body);
        if (op == "stats") return state_->stats();
        return refused("unknown op \"" + op + "\"");
    } catch (const std::exception& error) {
        return refused(std::string("internal error: ") + error.what());
    }
}

std::string Interpreter::report(std::string_view text) {
    const Workflow workflow(state_->factory, text, FlowLimits{});
    return loadedHeader("", workflow);
}

}  // namespace totem::flows
