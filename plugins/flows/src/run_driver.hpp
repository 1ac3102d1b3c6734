#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include <totem/log.hpp>

#include "interpreter_client.hpp"
#include "request_doer.hpp"
#include "run_records.hpp"

namespace totem::flows {

/// Takes a run from its start (or its checkpoint) to its end: asks the interpreter, carries out
/// what it requests, hands the results back, moves to another worker when one dies.
///
/// Threads: any; one run is one coroutine.
class RunDriver : private SubRuns {
public:
    /// The workflow of that id, or null.
    using FindWorkflow = std::function<WorkflowPtr(const std::string& id)>;

    RunDriver(const totem_host* host, const Settings& settings, FindWorkflow find);

    /// Throws Failure: kUnavailable when it is to be continued later (the daemon stops, no worker
    /// can be had, no intent can be stored), kFault when the worker talks nonsense.
    Task<FlowEnd> run(FlowRun& run);
    /// kLost: the workflow was changed and the version of the checkpoint is not kept.
    enum class Earlier { kNone, kCheckpoint, kLost, kEnded };
    /// Reads the checkpoint of an earlier attempt at this run, if there is one, and gives the run
    /// the version of the workflow that it began with.
    Task<Earlier> restore(FlowRun& run);
    /// The end of a run that would begin anew in a changed workflow. It has a checkpoint, so it has
    /// asked for an effect or waited, and might send twice.
    FlowEnd lostEnd(const FlowRun& run) const;
    /// For the next attempt: the other runs of its cause go on, this one does not begin again.
    Task<bool> markEnded(const FlowRun& run);

    /// What the interpreter says about a workflow: the header of its `loaded` answer. Throws
    /// Failure (kUnavailable) when it could not be asked.
    Task<std::string> load(WorkflowPtr workflow);

    RequestDoer& requests() { return doer_; }
    RunRecords& records() { return records_; }
    /// Wakes everything that sleeps; runs end with Suspended.
    void stop();

private:
    /// One run at a time of a workflow whose code overran its time, so that it never holds more
    /// than one worker. Throws Suspended when another run has the turn.
    class Turn {
    public:
        Turn(RunDriver& driver, const FlowRun& run);
        ~Turn();
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;

    private:
        RunDriver& driver_;
        std::string hash_;  // empty: no turn is needed
    };

    Task<std::string> runSub(FlowRun& parent, const Json& request, std::string key) override;
    Task<InterpreterAnswer> say(FlowRun& run, std::string header, std::string_view body,
                                std::string_view results);
    /// The header of a `start` or `restore`, `more` members added.
    std::string startHeader(const FlowRun& run, const char* op, const std::string& more = {}) const;
    std::string loadHeader(const Workflow& workflow) const;
    AskOptions workerOptions(const FlowRun& run) const;
    void noteKill(const Workflow& workflow, const std::string& run,
                  const InterpreterAnswer& answer);
    bool isLate(const FlowRun& run) const;
    FlowEnd lateEnd(const FlowRun& run) const;
    FlowEnd failedEnd(const FlowRun& run, const std::string& message) const;
    void noteTime(const FlowRun& run, const FlowEnd& end, bool overran);
    Task<WorkflowPtr> readVersion(std::string hash);
    Task<bool> readStaticData(WorkflowPtr workflow);
    std::string quarantineOf(const std::string& hash) const;
    Task<FlowEnd> finish(FlowRun& run, InterpreterAnswer answer);

    const Log log_;
    const Settings& settings_;
    const std::string frame_;  ///< members that are the same for all runs
    const FindWorkflow find_;
    const Clock clock_;
    const Store store_;
    InterpreterClient interpreter_;
    RequestDoer doer_;
    RunRecords records_;

    mutable std::mutex mutex_;
    std::map<std::string, int> kills_;  // by workflow hash; guarded by mutex_
    std::map<std::string, bool>
        slow_;  // by workflow hash: whether a run has the turn; guarded by mutex_
    std::map<std::string, std::string> staticData_;  // JSON by workflow id; guarded by mutex_
};

}  // namespace totem::flows
