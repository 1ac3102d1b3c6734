#include "run_driver.hpp"

#include <algorithm>

#include <totem/status.hpp>

#include "json_text.hpp"
#include "webhook_answer.hpp"

namespace totem::flows {
namespace {

/// A workflow that ended so many workers is not run any more until it changes.
constexpr int kKillsForQuarantine = 2;
/// For one message, workers may lack what it needs, or have ended before it, at most this often.
constexpr int kMaxNeeds = 4;
/// In the place of a checkpoint.
constexpr std::string_view kEnded = "ended";
constexpr std::int64_t kEndedNs = 30LL * 86'400 * 1'000'000'000;

std::string errorText(const std::string& message) {
    return "{\"message\":" + jsonText(message) + "}";
}
std::string failedSub(const std::string& message) {
    return "{\"error\":" + errorText(message) + "}";
}

}  // namespace

RunDriver::RunDriver(const totem_host* host, const Settings& settings, FindWorkflow find)
    : log_(host),
      settings_(settings),
      frame_(",\"defaultTimezone\":" + jsonText(settings.timezone) +
             ",\"env\":" + dumpJson(settings.env)),
      find_(std::move(find)),
      clock_(host),
      store_(host),
      interpreter_(host),
      doer_(host, settings, *this),
      records_(host, settings) {}

void RunDriver::stop() {
    doer_.stop();
}

std::string RunDriver::startHeader(const FlowRun& run, const char* op,
                                   const std::string& more) const {
    const std::string id = jsonText(run.id);
    std::string header = "{\"op\":\"" + std::string(op) + "\",\"run\":" + id +
                         ",\"execution\":" + id + ",\"workflow\":" + jsonText(run.workflow->hash) +
                         ",\"node\":" + jsonText(run.node) + ",\"mode\":" + jsonText(run.mode) +
                         ",\"answer\":" + jsonText(run.answer) +
                         ",\"depth\":" + std::to_string(run.depth) + frame_ + more;
    std::lock_guard<std::mutex> lock(mutex_);
    auto found = staticData_.find(run.workflow->id);
    if (found != staticData_.end()) header += ",\"staticData\":" + found->second;
    return header + "}";
}

namespace {

std::string resumeHeader(const FlowRun& run) {
    return "{\"op\":\"resume\",\"run\":" + jsonText(run.id) +
           ",\"trip\":" + std::to_string(run.trip) + "}";
}

}  // namespace

std::string RunDriver::loadHeader(const Workflow& workflow) const {
    return "{\"op\":\"load\",\"workflow\":" + jsonText(workflow.hash) +
           ",\"limits\":{\"codeMs\":" + std::to_string(settings_.maxCodeMs) + "}}";
}

AskOptions RunDriver::workerOptions(const FlowRun& run) const {
    AskOptions options = run.cause == nullptr ? AskOptions() : AskOptions(*run.cause);
    return options.deadlineNs(run.endNs());
}

bool RunDriver::isLate(const FlowRun& run) const {
    return clock_.monotonicNs() >= run.endNs();
}

FlowEnd RunDriver::failedEnd(const FlowRun& run, const std::string& message) const {
    FlowEnd end;
    end.error = errorText(message);
    log_.warning("run.failed",
                 {{"flow", run.workflow->name}, {"run", run.id}, {"error", end.error}});
    return end;
}

FlowEnd RunDriver::lateEnd(const FlowRun& run) const {
    if (run.causeEndNs < run.deadlineNs)
        return failedEnd(
            run,
            "the run took longer than one delivery of its message lasts; behind a Wait of more "
            "than 5 s it may take as long as plugins.flows.config.max_run_s says");
    return failedEnd(run, "the run took longer than " +
                              std::to_string(settings_.maxRunNs / (1000 * kMs)) +
                              " s; see plugins.flows.config.max_run_s");
}

FlowEnd RunDriver::lostEnd(const FlowRun& run) const {
    return failedEnd(run, "the workflow \"" + run.workflow->name +
                              "\" was changed while the run was under way, the version that it "
                              "began with is not kept any more, and begun anew it might send "
                              "twice; see what it sent (totemctl effects list), and if it is "
                              "to begin anew: totemctl events replay --fresh");
}

void RunDriver::noteKill(const Workflow& workflow, const std::string& run,
                         const InterpreterAnswer& answer) {
    log_.error("run.worker.lost",
               {{"flow", workflow.name}, {"run", run}, {"reason", answer.error}});
    std::lock_guard<std::mutex> lock(mutex_);
    ++kills_[workflow.hash];
}

std::string RunDriver::quarantineOf(const std::string& hash) const {
    std::lock_guard<std::mutex> lock(mutex_);
    auto found = kills_.find(hash);
    if (found == kills_.end() || found->second < kKillsForQuarantine) return {};
    return "the workflow ended " + std::to_string(found->second) +
           " workers (time, memory or a crash) and is not run until it changes";
}

Task<std::string> RunDriver::load(WorkflowPtr workflow) {
    const std::string header = loadHeader(*workflow);
    std::string refusal = quarantineOf(workflow->hash);
    if (refusal.empty()) {
        InterpreterAnswer answer =
            co_await interpreter_.ask(0, header, workflow->text, AskOptions());
        if (answer.killed() || answer.crashed()) noteKill(*workflow, {}, answer);
        refusal = quarantineOf(workflow->hash);
        if (answer.status == Status::kOk && answer.op() == "loaded")
            co_return dumpJson(answer.header);
        if (answer.status == Status::kOk)
            refusal = answer.header.value("message", "the interpreter refused it");
        if (refusal.empty())
            throw Failure(Status::kUnavailable,
                          "no flow worker took the workflow: " + answer.error);
    }
    co_return "{\"runnable\":false,\"errors\":[" + jsonText(refusal) + "]}";
}

/// One message, with whatever the worker says it needs first. A worker that dies is replaced and
/// the run restored there from its records and the results in hand. `body` and `results` must
/// outlive it.
Task<InterpreterAnswer> RunDriver::say(FlowRun& run, std::string header, std::string_view body,
                                       std::string_view results) {
    const bool resumes = !results.empty();
    std::string restored;
    int needs = 0;
    int losses = 0;
    while (true) {
        InterpreterAnswer answer =
            co_await interpreter_.ask(run.worker, header, body, workerOptions(run));
        if (answer.op() == "need" && answer.header.value("need", "") == "workflow" &&
            needs < kMaxNeeds) {
            ++needs;
            run.worker = answer.worker;
            const std::string load = loadHeader(*run.workflow);
            answer =
                co_await interpreter_.ask(run.worker, load, run.workflow->text, workerOptions(run));
            if (answer.status == Status::kOk && answer.op() != "loaded")
                throw Suspended("the flow worker does not take the workflow: " +
                                answer.header.value("message", answer.op()));
            if (answer.status == Status::kOk) continue;
        }
        bool restoreNow = false;
        if (answer.killed() || answer.crashed()) {
            // A worker that was ended at the deadline of the run, or of its cause, was slow only
            // in the end: that is no reason to keep the workflow from running.
            const bool late = isLate(run) || (run.cause != nullptr && run.cause->cancelled());
            if (!late && (answer.killed() || losses > 0)) noteKill(*run.workflow, run.id, answer);
            if (late || ++losses > kKillsForQuarantine || !quarantineOf(run.workflow->hash).empty())
                co_return answer;
            run.worker = 0;
            restoreNow = true;
        } else if (answer.vanished()) {
            if (++needs > kMaxNeeds) throw Suspended("no flow worker stays: " + answer.error);
            run.worker = 0;
            restoreNow = true;
        } else if (answer.status == Status::kFault || answer.status == Status::kInvalid) {
            throw Failure(Status::kFault, answer.error);
        } else if (answer.status != Status::kOk) {
            throw Suspended("no flow worker: " + answer.error);
        } else {
            run.worker = answer.worker;
            if (answer.op() != "need") co_return answer;
            if (++needs > kMaxNeeds)
                throw Suspended("the flow workers end before they come to the run");
            restoreNow = true;
        }
        if (restoreNow && resumes && restored.empty()) {
            header = startHeader(run, "restore",
                                 ",\"trip\":" + std::to_string(run.trip) +
                                     ",\"resultsLength\":" + std::to_string(results.size()));
            restored = run.records;
            restored += results;
            body = restored;
        }
    }
}

RunDriver::Turn::Turn(RunDriver& driver, const FlowRun& run) : driver_(driver) {
    std::lock_guard<std::mutex> lock(driver_.mutex_);
    auto found = driver_.slow_.find(run.workflow->hash);
    // A sub-workflow runs in the turn of whoever called it.
    if (found == driver_.slow_.end() || run.depth > 0) return;
    if (found->second)
        throw Suspended("the workflow's code overran its time, so it runs once at a time");
    found->second = true;
    hash_ = run.workflow->hash;
}

RunDriver::Turn::~Turn() {
    std::lock_guard<std::mutex> lock(driver_.mutex_);
    auto found = driver_.slow_.find(hash_);
    if (found != driver_.slow_.end()) found->second = false;
}

void RunDriver::noteTime(const FlowRun& run, const FlowEnd& end, bool overran) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (overran) slow_.emplace(run.workflow->hash, false);
    if (end.ok) slow_.erase(run.workflow->hash);
}

Task<FlowEnd> RunDriver::run(FlowRun& run) {
    FlowEnd end;
    end.error = quarantineOf(run.workflow->hash);
    if (!end.error.empty()) {
        end.error = errorText(end.error);
        co_return end;
    }
    const Turn turn(*this, run);
    if (run.deadlineNs == 0) run.deadlineNs = clock_.monotonicNs() + settings_.maxRunNs;
    if (run.workflow->usesStaticData) co_await readStaticData(run.workflow);
    const bool starts = run.records.empty();
    const std::string first = starts ? run.items : run.records;
    std::string header = startHeader(run, starts ? "start" : "restore");
    std::string results;
    while (true) {
        InterpreterAnswer answer =
            co_await say(run, std::move(header), results.empty() ? first : results, results);
        if (answer.op() != "requests") co_return co_await finish(run, std::move(answer));
        run.records += answer.body;
        run.trip = answer.header.value("trip", 0);
        for (const Json& request : answer.header.value("detached", Json::array()))
            doer_.doDetached(run, request);
        const Json& requests = answer.header["requests"];
        results = co_await doer_.doAll(run, requests);
        if (run.cause != nullptr && run.cause->cancelled())
            throw Suspended("nobody waits for the run any more");
        if (isLate(run)) co_return lateEnd(run);
        header = resumeHeader(run);
    }
}

Task<FlowEnd> RunDriver::finish(FlowRun& run, InterpreterAnswer answer) {
    FlowEnd end;
    if (answer.status != Status::kOk && isLate(run)) co_return lateEnd(run);
    if (answer.status != Status::kOk && run.cause != nullptr && run.cause->cancelled()) {
        throw Suspended("nobody waits for the run any more");
    }
    if (answer.status != Status::kOk || answer.op() != "end") {
        const std::string why = answer.status != Status::kOk
                                    ? answer.error
                                    : answer.header.value("message", "the interpreter gave up");
        end.error = errorText(why);
    } else {
        run.records += answer.body;
        for (const Json& request : answer.header.value("detached", Json::array()))
            doer_.doDetached(run, request);
        end.ok = answer.header.value("status", "") == "success";
        end.lastNode =
            answer.header.contains("lastNode") ? answer.header.at("lastNode").dump() : "";
        if (!end.ok)
            end.error = answer.header.contains("error") ? dumpJson(answer.header.at("error"))
                                                        : errorText("unknown error");
        noteTime(run, end,
                 !end.ok && answer.header.contains("error") &&
                     answer.header.at("error").value("limit", "") == "time");
        if (answer.header.contains("output")) end.output = dumpJson(answer.header.at("output"));
        if (answer.header.contains("staticData") && run.mode == "production") {
            const std::string data = dumpJson(answer.header.at("staticData"));
            {
                std::lock_guard<std::mutex> lock(mutex_);
                staticData_[run.workflow->id] = data;
            }
            co_await store_.put("static/" + run.workflow->id, data, 0);
        }
    }
    if (!end.ok)
        log_.warning("run.failed",
                     {{"flow", run.workflow->name}, {"run", run.id}, {"error", end.error}});
    co_return end;
}

/// Once for each workflow: afterwards its runs keep the memory up to date.
Task<bool> RunDriver::readStaticData(WorkflowPtr workflow) {
    {
        std::lock_guard<std::mutex> lock(mutex_);
        if (staticData_.count(workflow->id) != 0) co_return true;
    }
    Answer row = co_await store_.get("static/" + workflow->id);
    if (!row.ok() && row.status != Status::kNotFound) {
        throw Suspended("the workflow's static data could not be read: " + std::string(row.text()));
    }
    std::lock_guard<std::mutex> lock(mutex_);
    staticData_.emplace(workflow->id, row.ok() ? std::string(row.text()) : std::string("{}"));
    co_return true;
}

Task<RunDriver::Earlier> RunDriver::restore(FlowRun& run) {
    Answer row = co_await store_.get(RequestDoer::checkpointKey(run));
    if (row.ok() && row.text() == kEnded) co_return Earlier::kEnded;
    if (!row.ok() && row.status != Status::kNotFound)
        throw Suspended("the checkpoint could not be read: " + std::string(row.text()));
    if (!row.ok()) co_return Earlier::kNone;
    const std::string version = RequestDoer::versionOf(row.text());
    if (version != run.workflow->hash) {
        WorkflowPtr begun = co_await readVersion(version);
        if (begun == nullptr) co_return Earlier::kLost;
        run.workflow = std::move(begun);
    }
    RequestDoer::restore(row.text(), run);
    co_return Earlier::kCheckpoint;
}

/// Null when it is not kept (any more).
Task<WorkflowPtr> RunDriver::readVersion(std::string hash) {
    Answer row = co_await store_.get(RequestDoer::versionKey(hash));
    if (row.status == Status::kNotFound) co_return WorkflowPtr();
    if (!row.ok()) throw Suspended("the workflow could not be read: " + std::string(row.text()));
    auto version = std::make_shared<Workflow>(parseWorkflow(std::string(row.text())));
    const std::string report = co_await load(version);
    applyReport(*version, report);
    co_return WorkflowPtr(std::move(version));
}

Task<bool> RunDriver::markEnded(const FlowRun& run) {
    Answer stored =
        co_await store_.put(RequestDoer::checkpointKey(run), kEnded, clock_.unixNs() + kEndedNs);
    co_return stored.ok();
}

Task<std::string> RunDriver::runSub(FlowRun& parent, const Json& request, std::string key) {
    FlowRun sub;
    if (request.contains("workflow") && !request.at("workflow").is_null()) {
        std::shared_ptr<Workflow> shared;
        try {
            const Json& given = request.at("workflow");
            shared = std::make_shared<Workflow>(
                parseWorkflow(given.is_string() ? given.get<std::string>() : dumpJson(given)));
        } catch (const Failure& failure) {
            co_return failedSub(failure.what());
        }
        const std::string report = co_await load(shared);
        applyReport(*shared, report);
        sub.workflow = shared;
    } else {
        const Json id = request.value("workflowId", Json(""));
        sub.workflow = find_(id.is_string() ? id.get<std::string>() : id.dump());
    }
    if (!sub.workflow)
        co_return failedSub("the workflow " + request.value("workflowId", Json("")).dump() +
                            " is not there");
    for (const Trigger& trigger : sub.workflow->triggers) {
        if (trigger.type == "n8n-nodes-base.executeWorkflowTrigger" ||
            (sub.node.empty() && trigger.type == "n8n-nodes-base.manualTrigger")) {
            sub.node = trigger.node;
        }
    }
    if (sub.node.empty())
        co_return failedSub("the workflow \"" + sub.workflow->name +
                            "\" has no trigger for sub-workflows");
    sub.id = key;
    sub.items = dumpJson(request.value("items", Json::array()));
    sub.mode = parent.mode;
    sub.answer = "all";
    sub.subject = parent.subject;
    sub.depth = parent.depth + 1;
    sub.cause = parent.cause;
    sub.deadlineNs = parent.deadlineNs;
    sub.causeEndNs = parent.causeEndNs;
    FlowEnd end = co_await run(sub);
    parent.deadlineNs = std::max(parent.deadlineNs, sub.deadlineNs);  // it may have waited
    parent.causeEndNs = std::max(parent.causeEndNs, sub.causeEndNs);
    if (!end.ok) co_return "{\"error\":" + end.error + "}";
    co_return "{\"ok\":{\"items\":" + (end.output.empty() ? std::string("[]") : end.output) + "}}";
}

}  // namespace totem::flows
