#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "flow_graph.hpp"
#include "js_engine.hpp"

namespace totem::flows {

class RealmFactory;

/// What a workflow and its runs may use.
struct FlowLimits {
    std::chrono::milliseconds expressionTime{1000};   // a node's own work, expressions included
    std::chrono::milliseconds codeTime{10000};        // a node that holds code of the user
    int runNodes = 10000;                             // node runs in one execution
    int items = 100000;                               // out of one node run
    std::size_t outputBytes = std::size_t{64} << 20;  // records of one trip
    std::size_t memoryBytes = std::size_t{384} << 20;
    int depth = 10;  // of sub-workflows
};

/// The entries of the embedded JavaScript that C++ calls.
struct FlowFunctions {
    JSObjectRef open, reopen, exec, execMany, settle, resume, recover, stopAtLimit, noteFailedTry,
        notePause, failureText, leave, evaluateAlone;
};

/// A workflow that is ready to run, in a JavaScript context of its own.
///
/// Owner: the interpreter; runs borrow it. Thread: the engine's.
class Workflow {
public:
    /// Never throws for what the workflow says, only std::invalid_argument for text that is no
    /// workflow; what cannot run is in problems().
    Workflow(const RealmFactory& factory, std::string_view text, const FlowLimits& limits);
    ~Workflow();

    const FlowGraph& graph() const { return graph_; }
    const FlowLimits& limits() const { return limits_; }
    JsRealm& realm() const { return *realm_; }
    const FlowFunctions& functions() const { return functions_; }
    const std::vector<FlowProblem>& problems() const { return problems_; }
    bool runnable() const;
    /// JSON: the workflow's triggers with all their parameters; its settings.
    const std::string& triggers() const { return triggers_; }
    const std::string& settings() const { return settings_; }
    bool holdsCode(int node) const { return code_[static_cast<std::size_t>(node)]; }

private:
    void prepare(std::string_view text);
    void bindFunctions(JSObjectRef totem);

    FlowLimits limits_;
    FlowGraph graph_;
    std::vector<FlowProblem> problems_;
    std::vector<bool> code_;
    std::string triggers_;
    std::string settings_;
    std::unique_ptr<JsRealm> realm_;
    JSObjectRef totem_ = nullptr;  // kept by the realm
    FlowFunctions functions_{};    // members of totem_, which is frozen
};

/// JSON array of problems, as the import report has them.
std::string problemsText(const std::vector<FlowProblem>& problems);

}  // namespace totem::flows
