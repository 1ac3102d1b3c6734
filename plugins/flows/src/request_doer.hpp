#pragma once

#include <map>
#include <mutex>
#include <string>

#include <totem/actions.hpp>
#include <totem/clock.hpp>
#include <totem/draft/task.hpp>
#include <totem/events.hpp>
#include <totem/json.hpp>
#include <totem/store.hpp>

#include "flow_run.hpp"
#include "http_requests.hpp"
#include "sleeper.hpp"

namespace totem::flows {

/// Thrown when a run cannot go on for now: its cause comes again and continues it.
class Suspended : public Failure {
public:
    explicit Suspended(const std::string& why) : Failure(Status::kUnavailable, why) {}
};

/// Runs another workflow on behalf of a run and returns {"ok": {"items"}} or {"error"}, JSON text.
class SubRuns {
public:
    virtual ~SubRuns() = default;
    virtual Task<std::string> runSub(FlowRun& parent, const Json& request, std::string key) = 0;
};

/// Carries out what a run requests of the outside: HTTP, actions, waits, answers, sub-workflows.
/// What may not be repeated becomes an effect of the host, with the run's records as checkpoint.
class RequestDoer {
public:
    RequestDoer(const totem_host* host, const Settings& settings, SubRuns& subRuns)
        : http_(host, settings),
          actions_(host),
          store_(host),
          events_(host),
          clock_(host),
          sleeper_(host),
          subRuns_(subRuns) {}

    /// All requests of one trip, at once where order does not matter. Their results in order, a
    /// JSON array as text: only the interpreter looks inside.
    Task<std::string> doAll(FlowRun& run, const Json& requests);
    /// A request whose result nobody waits for.
    void doDetached(FlowRun& run, const Json& request);

    HttpRequests& http() { return http_; }
    void stop() { sleeper_.stop(); }

    static std::string checkpointKey(const FlowRun& run) { return "run/" + run.id; }
    /// A header line, then the records.
    static std::string checkpointOf(const FlowRun& run);
    /// The hash of the workflow that a checkpoint belongs to.
    static std::string versionOf(std::string_view checkpoint);
    /// Takes a checkpoint of its workflow over into a run.
    static void restore(std::string_view checkpoint, FlowRun& run);
    /// Where the text of a workflow lies that runs with checkpoints began with.
    static std::string versionKey(const std::string& hash) { return "version/" + hash; }

private:
    Task<std::string> doOne(FlowRun& run, const Json& request);
    Task<std::string> doHttp(FlowRun& run, const Json& request, std::string key);
    Task<std::string> doAction(FlowRun& run, std::string action, std::string input, std::string key,
                               std::int64_t deadlineNs);
    Task<std::string> doWait(FlowRun& run, const Json& request);
    Task<bool> sleep(FlowRun& run, std::int64_t delayNs);
    /// Before a checkpoint is written that may be read until then: its run goes on with this
    /// version of the workflow, whatever becomes of the file.
    Task<bool> keepVersion(const FlowRun& run, std::int64_t untilUnixNs);
    AskOptions optionsFor(FlowRun& run, std::int64_t timeoutMs);

    HttpRequests http_;
    const Actions actions_;
    const Store store_;
    const Events events_;
    const Clock clock_;
    Sleeper sleeper_;
    SubRuns& subRuns_;

    std::mutex mutex_;
    std::map<std::string, std::int64_t>
        versions_;  // by hash: until when it is kept, Unix time in ns; guarded by mutex_
};

}  // namespace totem::flows
