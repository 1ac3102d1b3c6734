#include "flow_run.hpp"

#include <nlohmann/json.hpp>

namespace totem::flows {
namespace {

using nlohmann::json;

// Answers of the embedded JavaScript, see prelude/70-run.js.
constexpr double kFailed = -1;
constexpr double kPending = -2;
constexpr int kOutputBits = 26;

constexpr std::chrono::milliseconds kOwnBudget{10000};  // for our own code, not the user's
const std::string kNoAnswer;

std::vector<OutputState> statesFrom(double answer) {
    const auto bits = static_cast<std::uint64_t>(answer);
    const std::uint64_t filled = bits & ((1u << kOutputBits) - 1);
    const std::uint64_t there = bits >> kOutputBits;
    std::vector<OutputState> states;
    for (int i = 0; i < kOutputBits && (there >> i) != 0; ++i) {
        states.push_back((filled >> i) & 1  ? OutputState::filled
                         : (there >> i) & 1 ? OutputState::empty
                                            : OutputState::absent);
    }
    return states;
}

std::vector<OutputState> statesFrom(std::string_view letters) {
    std::vector<OutputState> states;
    for (const char letter : letters) states.push_back(static_cast<OutputState>(letter - '0'));
    return states;
}

std::string plainError(const std::string& message, const std::string& node, const char* limit) {
    json error{{"message", message}, {"name", "NodeOperationError"}};
    if (!node.empty()) error["node"] = node;
    if (limit) error["limit"] = limit;
    return error.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

FlowRun::FlowRun(Workflow& workflow, int startNode, std::string answer)
    : workflow_(workflow),
      realm_(workflow.realm()),
      walk_(workflow.graph(), startNode),
      answer_(std::move(answer)) {}

FlowRun::~FlowRun() {
    if (run_) JSValueUnprotect(realm_.context(), run_);
}

std::chrono::milliseconds FlowRun::budget() const {
    const FlowLimits& limits = workflow_.limits();
    return task_ && workflow_.holdsCode(task_->node) ? limits.codeTime : limits.expressionTime;
}

JsResult FlowRun::call(JSObjectRef function, std::initializer_list<JSValueRef> arguments) {
    realm_.engine().setMemoryLimit(workflow_.limits().memoryBytes);
    realm_.engine().arm(budget());
    return realm_.call(function, arguments);
}

JsResult FlowRun::callOwn(JSObjectRef function, std::initializer_list<JSValueRef> arguments) {
    realm_.engine().arm(kOwnBudget);
    return realm_.call(function, arguments);
}

std::string FlowRun::textOf(JSObjectRef function, std::initializer_list<JSValueRef> arguments) {
    const JsResult result = callOwn(function, arguments);
    return result.ok() ? realm_.toUtf8(result.value) : std::string();
}

FlowStep FlowRun::start(std::string_view frame, std::string_view items) {
    return open(callOwn(workflow_.functions().open, {realm_.text(frame), realm_.text(items)}));
}

FlowStep FlowRun::restore(std::string_view frame, std::string_view records) {
    return open(callOwn(workflow_.functions().reopen, {realm_.text(frame), realm_.text(records)}));
}

FlowStep FlowRun::open(const JsResult& opened) {
    if (!opened.ok()) {
        FlowStep step;
        step.kind = FlowStep::Kind::error;
        step.error = plainError("The run cannot begin: " + reasonOf(opened), "", nullptr);
        step.rest = "{}";
        poisoned_ = true;
        return step;
    }
    run_ = const_cast<JSObjectRef>(opened.value);
    JSValueProtect(realm_.context(), run_);
    return walk();
}

FlowStep FlowRun::resume(std::string_view results) {
    Entered entered;
    if (pausing_) {
        pausing_ = false;
        callOwn(workflow_.functions().notePause, {run_});
        ++try_;
        entered = execute();
    } else {
        entered = interpret(call(workflow_.functions().resume, {run_, realm_.text(results)}));
    }
    if (auto step = handle(std::move(entered))) return std::move(*step);
    return walk();
}

FlowStep FlowRun::walk() {
    while ((task_ = walk_.next())) {
        if (++ran_ > workflow_.limits().runNodes) {
            return failed(plainError("The run executed " + std::to_string(ran_ - 1) +
                                         " nodes; that is the limit for one execution",
                                     workflow_.graph().nodes[task_->node].name, "nodes"));
        }
        try_ = 0;
        if (auto step = handle(execute())) return std::move(*step);
    }
    return ended();
}

FlowRun::Entered FlowRun::execute() {
    std::vector<JSValueRef> arguments{run_, realm_.number(task_->node),
                                      realm_.number(walk_.runsOf(task_->node)),
                                      realm_.number(try_)};
    for (const WalkSource& source : task_->inputs) {
        arguments.push_back(realm_.number(source.node));
        arguments.push_back(realm_.number(source.output));
        arguments.push_back(realm_.number(source.run));
    }
    realm_.engine().setMemoryLimit(workflow_.limits().memoryBytes);
    realm_.engine().arm(budget());
    const FlowFunctions& functions = workflow_.functions();
    JSObjectRef exec = task_->inputs.size() > 1 ? functions.execMany : functions.exec;
    return interpret(realm_.call(exec, arguments.data(), arguments.size()));
}

FlowRun::Entered FlowRun::interpret(JsResult result) {
    JSContextRef context = realm_.context();
    for (;;) {
        if (!result.ok()) return stopped(result);
        if (!JSValueIsNumber(context, result.value)) {
            std::string text = realm_.toUtf8(result.value);
            if (text.empty() || text[0] != 'M') {
                return {Entered::Kind::requests, {}, std::move(text)};
            }
            return {Entered::Kind::outputs, statesFrom(std::string_view(text).substr(1)), {}};
        }
        const double answer = JSValueToNumber(context, result.value, nullptr);
        if (answer >= 0) return {Entered::Kind::outputs, statesFrom(answer), {}};
        if (answer == kFailed) return {Entered::Kind::failed, {}, {}};
        if (answer != kPending) return {Entered::Kind::nothing, {}, {}};
        // The jobs of its promises have run by now: they run when the outermost call returns.
        result = call(workflow_.functions().settle, {run_});
    }
}

/// A limit, or an error that escaped from our own JavaScript.
FlowRun::Entered FlowRun::stopped(const JsResult& result) {
    const std::string& node = workflow_.graph().nodes[task_->node].name;
    const std::string message = reasonOf(result);
    if (result.stop == JsStop::memory) {
        poisoned_ = true;
        return {Entered::Kind::stopped, {}, plainError(message, node, "memory")};
    }
    const char* limit = result.stop == JsStop::time ? "time" : "";
    callOwn(workflow_.functions().stopAtLimit, {run_, realm_.text(message), realm_.text(limit)});
    return {Entered::Kind::failed, {}, {}};
}

std::string FlowRun::reasonOf(const JsResult& result) const {
    switch (result.stop) {
        case JsStop::time:
            return "The node took more than " + std::to_string(budget().count()) +
                   " ms of processor time";
        case JsStop::memory:
            return "The node used more than " +
                   std::to_string(workflow_.limits().memoryBytes >> 20) + " MiB of memory";
        default:
            return "Error in the interpreter: " + result.message;
    }
}

/// Nothing if the walk goes on.
std::optional<FlowStep> FlowRun::handle(Entered entered) {
    switch (entered.kind) {
        case Entered::Kind::outputs:
            walk_.finished(*task_, std::move(entered.outputs));
            return std::nullopt;
        case Entered::Kind::nothing:
            return std::nullopt;
        case Entered::Kind::requests:
            return waits(std::move(entered.text));
        case Entered::Kind::stopped:
            return failed(std::move(entered.text));
        case Entered::Kind::failed:
            return nodeFailed();
    }
    return std::nullopt;
}

std::optional<FlowStep> FlowRun::nodeFailed() {
    const FlowFunctions& functions = workflow_.functions();
    const FlowNode& node = workflow_.graph().nodes[task_->node];
    if (try_ + 1 < node.tries) {
        const JsResult noted = callOwn(functions.noteFailedTry, {run_});
        const bool paused = noted.ok() && JSValueToBoolean(realm_.context(), noted.value);
        if (node.pauseMs > 0 && !paused) {
            pausing_ = true;
            return waits(retryPause());
        }
        ++try_;
        return handle(execute());
    }
    if (!node.goesOn) {
        std::string error = textOf(functions.failureText, {run_});
        if (error.empty() || error[0] != '{')
            error = plainError("The node failed", node.name, nullptr);
        return failed(std::move(error));
    }
    return handle(interpret(callOwn(functions.recover, {run_})));
}

std::string FlowRun::retryPause() const {
    const FlowNode& node = workflow_.graph().nodes[task_->node];
    const json request{{"kind", "wait"},
                       {"retry", true},
                       {"ms", node.pauseMs},
                       {"node", node.name},
                       {"run", walk_.runsOf(task_->node)},
                       {"try", try_},
                       {"round", 0},
                       {"n", 0}};
    return json::array({request}).dump(-1, ' ', false, json::error_handler_t::replace);
}

FlowStep FlowRun::waits(std::string requests) {
    FlowStep step;
    step.kind = FlowStep::Kind::requests;
    step.node = workflow_.graph().nodes[task_->node].name;
    step.requests = std::move(requests);
    return finish(std::move(step));
}

FlowStep FlowRun::ended() {
    FlowStep step;
    step.kind = FlowStep::Kind::success;
    return finish(std::move(step));
}

FlowStep FlowRun::failed(std::string error) {
    FlowStep step;
    step.kind = FlowStep::Kind::error;
    step.error = std::move(error);
    return finish(std::move(step));
}

/// Adds what the step leaves: the lines of `leave` in prelude/70-run.js.
FlowStep FlowRun::finish(FlowStep step) {
    const bool ended = step.kind != FlowStep::Kind::requests;
    if (ended) step.rest = "{}";
    if (poisoned_) return step;
    const std::string& answer = step.kind == FlowStep::Kind::success ? answer_ : kNoAnswer;
    const JsResult result =
        callOwn(workflow_.functions().leave,
                {run_, JSValueMakeBoolean(realm_.context(), ended), realm_.text(answer)});
    std::string left = result.ok() ? realm_.toUtf8(result.value) : std::string("!");
    if (left[0] == '!') {
        poisoned_ = true;
        left.erase(0, 1);
    }
    const auto detachedEnd = left.find('\n');
    if (detachedEnd == std::string::npos) {
        const bool tooMuch = left == "L";
        step = FlowStep{};
        step.kind = FlowStep::Kind::error;
        step.rest = "{}";
        step.error = plainError(
            tooMuch ? "The outputs of the run exceed " +
                          std::to_string(workflow_.limits().outputBytes >> 20) + " MiB"
                    : reasonOf(result),
            task_ ? workflow_.graph().nodes[task_->node].name : "", tooMuch ? "output" : nullptr);
        return step;
    }
    const auto restEnd = left.find('\n', detachedEnd + 1);
    step.detached = left.substr(0, detachedEnd);
    if (ended) step.rest = left.substr(detachedEnd + 1, restEnd - detachedEnd - 1);
    step.records = left.substr(restEnd + 1);
    return step;
}

}  // namespace totem::flows
