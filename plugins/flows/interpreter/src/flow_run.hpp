#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "graph_walk.hpp"
#include "workflow.hpp"

namespace totem::flows {

/// What a run came to when it stopped to wait, or ended. Texts are JSON.
struct FlowStep {
    enum class Kind { requests, success, error };

    Kind kind = Kind::success;
    std::string node;      // that waits, by name
    std::string requests;  // array
    std::string detached;  // array of those whose results nobody awaits, or empty
    std::string error;     // object, when kind is error
    std::string rest;      // object: lastNode, output, staticData
    std::string records;   // lines, see PROTOCOL.md
};

/// One execution of a workflow: `step(run, input) → outputs, requests`.
///
/// Between calls the run waits for the results of its requests. Borrows the workflow, which must
/// outlive it. Errors of the flow are steps, never exceptions.
class FlowRun {
public:
    /// `frame` as in PROTOCOL.md (JSON); `answer` is "", "first" or "all".
    FlowRun(Workflow& workflow, int startNode, std::string answer);
    ~FlowRun();
    FlowRun(const FlowRun&) = delete;
    FlowRun& operator=(const FlowRun&) = delete;

    FlowStep start(std::string_view frame, std::string_view items);
    /// Continues from the records of an earlier life; waits where that one waited.
    FlowStep restore(std::string_view frame, std::string_view records);
    /// `results`: JSON array, one for each request of the step before.
    FlowStep resume(std::string_view results);

    const Workflow& workflow() const { return workflow_; }
    /// The context must not be used any more: a limit on memory was hit, code changed the global
    /// object for good, or our own JavaScript failed.
    bool poisoned() const { return poisoned_; }

private:
    struct Entered {  // what an entry into JavaScript came to
        enum class Kind { outputs, requests, nothing, failed, stopped } kind;
        std::vector<OutputState> outputs;
        std::string text;
    };

    FlowStep open(const JsResult& opened);
    FlowStep walk();
    std::optional<FlowStep> handle(Entered entered);
    std::optional<FlowStep> nodeFailed();
    Entered execute();
    Entered interpret(JsResult result);
    Entered stopped(const JsResult& result);
    std::string reasonOf(const JsResult& result) const;
    FlowStep finish(FlowStep step);
    FlowStep waits(std::string requests);
    FlowStep ended();
    FlowStep failed(std::string error);
    std::string retryPause() const;

    std::chrono::milliseconds budget() const;
    JsResult call(JSObjectRef function, std::initializer_list<JSValueRef> arguments);
    JsResult callOwn(JSObjectRef function, std::initializer_list<JSValueRef> arguments);
    std::string textOf(JSObjectRef function, std::initializer_list<JSValueRef> arguments);

    Workflow& workflow_;
    JsRealm& realm_;
    GraphWalk walk_;
    JSObjectRef run_ = nullptr;  // protected
    std::optional<WalkTask> task_;
    std::string answer_;
    int try_ = 0;
    int ran_ = 0;
    bool pausing_ = false;  // the open request is the pause before another try
    bool poisoned_ = false;
};

}  // namespace totem::flows
