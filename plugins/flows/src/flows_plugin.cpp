// The plugin `flows`: what starts a run, and what people can do with flows. README.md walks a run
// through the files.

#include <Poco/UUIDGenerator.h>

#include <algorithm>
#include <future>
#include <utility>

#include <totem/draft/task.hpp>
#include <totem/json.hpp>
#include <totem/totem.hpp>

#include "run_driver.hpp"
#include "triggers.hpp"
#include "webhook_answer.hpp"
#include "webhooks.hpp"
#include "workflow_shelf.hpp"

namespace totem::flows {
namespace {

constexpr std::int64_t kRefreshNs = 2'000'000'000;
constexpr std::chrono::seconds kStartWait{5};
/// What it takes to end a run and to tell.
constexpr std::int64_t kEndNs = 2'000'000'000;
constexpr const char* kWebhookEvent = "flows.webhook";

std::string newId() {
    return Poco::UUIDGenerator::defaultGenerator().createRandom().toString();
}

}  // namespace

class Flows : public Plugin {
public:
    explicit Flows(const Init& init)
        : Plugin(init),
          settings_(parseSettings(init.config)),
          timers_(init.host),
          events_(init.host),
          http_(init.host),
          metrics_(init.host),
          health_(init.host),
          shelf_(settings_.directory),
          driver_(init.host, settings_, [this](const std::string& id) { return shelf_.find(id); }),
          runs_(metrics_.counter("flow_runs", "Runs of flows by their end")) {
        onRoute("webhook",
                [this](Call& call, const Request& request) { onWebhook(call, request, false); });
        onRoute("webhook-test",
                [this](Call& call, const Request& request) { onWebhook(call, request, true); });
        onEvent(async(
            [this](Call& call, std::string_view event) { return onJournalEvent(call, event); }));
        onAction("flows.http_request", async([this](Call& call, std::string_view input) {
                     return httpRequest(call, input);
                 }));
        onAction("flows.list", async([this](Call&, std::string_view) { return list(); }));
        onAction("flows.validate", async([this](Call& call, std::string_view input) {
                     return validate(call, input);
                 }));
        onAction("flows.import",
                 async([this](Call& call, std::string_view input) { return import(call, input); }));
        onAction("flows.run",
                 async([this](Call& call, std::string_view input) { return runNow(call, input); }));
        onAction("flows.runs", async([this](Call&, std::string_view input) {
                     const Json wanted = parseJson(input);
                     return driver_.records().list(wanted.value("limit", 50),
                                                   wanted.value("run", ""));
                 }));
    }

    void start() override {
        std::promise<void> first;
        std::future<void> taken = first.get_future();
        takeUpFirst(std::move(first));
        // Mostly all flows are up before the first request; the rest follows one by one.
        taken.wait_for(kStartWait);
        watchFolder();
    }

    void drain(std::int64_t) override {
        stopping_ = true;
        timers_.cancel(folderTimer_);
        driver_.stop();
        std::map<std::string, std::shared_ptr<PendingWebhook>> pending;
        {
            std::lock_guard<std::mutex> lock(mutex_);
            pending.swap(pending_);
        }
        for (const auto& [id, webhook] : pending) accept(*webhook);
    }

private:
    // ---- workflows -----------------------------------------------------------------------------

    /// Reads what has changed (which blocks, so on the pool) and has the interpreter report on
    /// each, one after the other, so that the flows that are up keep their workers.
    Task<bool> takeUp() {
        WorkflowShelf::Change change;
        {
            std::lock_guard<std::mutex> lock(refreshMutex_);
            change = shelf_.refresh();
        }
        for (const std::string& problem : change.problems)
            log.error("flow.unreadable", {{"problem", problem}});
        if (change.removed) rebuildTriggers();
        for (auto& workflow : change.read) {
            std::string report;
            try {
                report = co_await driver_.load(workflow);
                applyReport(*workflow, report);
            } catch (const std::exception& error) {
                log.error(
                    "flow.load.failed",
                    {{"flow", workflow->name}, {"file", workflow->file}, {"reason", error.what()}});
                shelf_.putBack(*workflow);
                continue;
            }
            for (const std::string& problem : workflow->problems) {
                log.warning(
                    "flow.problem",
                    {{"flow", workflow->name}, {"file", workflow->file}, {"problem", problem}});
            }
            log.info("flow.loaded", {{"flow", workflow->name},
                                     {"id", workflow->id},
                                     {"active", workflow->active},
                                     {"runnable", workflow->runnable}});
            shelf_.publish(workflow);
            rebuildTriggers();
        }
        co_return true;
    }

    void rebuildTriggers() {
        std::lock_guard<std::mutex> lock(refreshMutex_);
        std::vector<std::string> problems = triggers_.rebuild(shelf_.all());
        for (const std::string& problem : problems) {
            const bool known = std::find(triggerProblems_.begin(), triggerProblems_.end(),
                                         problem) != triggerProblems_.end();
            if (!known) log.warning("flow.problem", {{"problem", problem}});
        }
        triggerProblems_ = std::move(problems);
    }

    Detached takeUpFirst(std::promise<void> first) {
        try {
            co_await takeUp();
        } catch (const std::exception& error) {
            log.error("flow.folder.failed", {{"reason", error.what()}});
        }
        first.set_value();
    }

    void watchFolder() {
        folderTimer_ = timers_.after(kRefreshNs, [this] {
            if (stopping_) return;
            // A timer runs on the completion thread, which must not wait for a disk; an action
            // begins on the pool.
            Actions(host()).ask("flows.list", "{}").then([this](Answer) {
                if (!stopping_) watchFolder();
            });
        });
    }

    // ---- causes of runs ------------------------------------------------------------------------

    void onWebhook(Call& call, const Request& request, bool test) {
        const std::string_view prefix = test ? "/webhook-test/" : "/webhook/";
        const std::string_view path =
            request.path().substr(std::min(prefix.size(), request.path().size()));
        if (request.method() == "OPTIONS") return void(call.succeed(preflightAnswer()));
        std::optional<WebhookTrigger> trigger;
        if (!test || mayTest(request, settings_))
            trigger = triggers_.webhook(request.method() == "HEAD" ? "GET" : request.method(), path,
                                        test);
        if (!trigger && !test && shelf_.awaitsOne()) {
            return void(call.fail(Status::kUnavailable,
                                  "flows are being loaded; the webhook may be one of theirs"));
        }
        if (!trigger) return void(call.succeed(unknownWebhook(request.method(), path)));
        if (auto refused = refuseWebhook(request, *trigger, settings_))
            return void(call.succeed(std::move(*refused)));
        WebhookItem item = webhookItem(request, *trigger, test);
        if (item.refusal) return void(call.succeed(std::move(*item.refusal)));
        auto pending = std::make_shared<PendingWebhook>();
        pending->trigger = std::move(*trigger);
        pending->items = "[" + item.item + "]";
        const std::string id = newId();
        const AskOptions options(call);
        pending->answer = std::make_shared<WebhookAnswer>(std::move(call));
        if (test || !pending->trigger.workflow->durable)
            return void(runUndurably(pending, id, test));
        publishWebhook(std::move(pending), id, options);
    }

    struct PendingWebhook {
        WebhookTrigger trigger;
        std::string items;
        std::shared_ptr<WebhookAnswer> answer;
        std::atomic<bool> stored{false};
        bool begun = false;  ///< it was delivered before and could not be finished
    };

    /// The daemon stops before the flow has answered. What is stored runs after the restart, and
    /// the caller must not send it again.
    static void accept(const PendingWebhook& pending) {
        if (pending.stored) pending.answer->send(Response::empty(202));
    }

    /// For the next delivery of its event.
    void keepPending(const std::string& id, std::shared_ptr<PendingWebhook> pending) {
        pending->begun = true;
        if (stopping_) return accept(*pending);
        std::lock_guard<std::mutex> lock(mutex_);
        pending_[id] = std::move(pending);
    }

    /// The request becomes an event first: a run that a crash interrupts comes again with it.
    void publishWebhook(std::shared_ptr<PendingWebhook> pending, const std::string& id,
                        AskOptions options) {
        {
            std::lock_guard<std::mutex> lock(mutex_);
            pending_[id] = pending;
        }
        const std::string event =
            "[{\"id\":\"" + id + "\",\"type\":\"" + kWebhookEvent + "\",\"subject\":\"" + id +
            "\",\"data\":{\"workflow\":" + dumpJson(pending->trigger.workflow->id) +
            ",\"node\":" + dumpJson(pending->trigger.node) + ",\"items\":" + pending->items + "}}]";
        events_.publish(event, options).then([this, id, pending](Answer answer) {
            if (!answer.ok()) {
                takePending(id);
                pending->answer->fail(Status::kUnavailable, "the request could not be stored: " +
                                                                std::string(answer.text()));
                return;
            }
            pending->stored = true;
            const Json& parameters = *pending->trigger.parameters;
            if (parameters.value("responseMode", "onReceived") == "onReceived")
                pending->answer->send(immediateAnswer(parameters, 2));
            if (stopping_) accept(*pending);
        });
    }

    std::shared_ptr<PendingWebhook> takePending(const std::string& id) {
        std::lock_guard<std::mutex> lock(mutex_);
        auto found = pending_.find(id);
        if (found == pending_.end()) return nullptr;
        auto pending = std::move(found->second);
        pending_.erase(found);
        return pending;
    }

    Detached runUndurably(std::shared_ptr<PendingWebhook> pending, std::string id, bool test) {
        FlowRun run;
        run.id = "t-" + id;
        run.mode = test ? "test" : "production";
        fill(run, *pending);
        const Json& parameters = *pending->trigger.parameters;
        if (parameters.value("responseMode", "onReceived") == "onReceived")
            pending->answer->send(immediateAnswer(parameters, 2));
        try {
            const FlowEnd end = co_await driver_.run(run);
            settle(run, end, parameters, false);
        } catch (const std::exception& error) {
            pending->answer->fail(Status::kUnavailable, error.what());
        }
    }

    static void fill(FlowRun& run, const PendingWebhook& pending) {
        run.workflow = pending.trigger.workflow;
        run.node = pending.trigger.node;
        run.items = pending.items;
        run.answer = answerFor(*pending.trigger.parameters);
        run.webhook = pending.answer;
    }

    /// Everything that the journal delivers. Answered when all runs that it starts have ended.
    Task<std::string> onJournalEvent(Call& call, std::string_view text) {
        std::vector<FlowRun> runs;
        auto parameters = std::make_shared<const Json>(Json::object());
        // A request's event has its id as subject: when somebody waits, all of it is here already.
        auto pending = takePending(std::string(call.subject()));
        if (pending) {
            fill(runs.emplace_back(), *pending);
            parameters = pending->trigger.parameters;
        } else {
            const Json event = parseJson(text);
            const bool webhook = event.value("type", "") == kWebhookEvent;
            if (!webhook) collectRuns(event, text, runs);
            const bool found = !webhook || fromEvent(runs.emplace_back(), event);
            // A flow that is not up yet may be meant as well.
            if (shelf_.awaitsOne() && (!webhook || !found))
                throw Suspended("flows are being loaded");
            if (!found)
                throw Failure(Status::kRefused, "the flow of this request is not there any more");
        }
        const bool first = pending && !pending->begun;
        bool alone = true;  // a run that had all of the delivery for itself
        try {
            for (FlowRun& run : runs) {
                // Of nothing but the cause and the trigger: which other flows there are changes
                // from one delivery to the next.
                run.id =
                    std::string(call.idempotencyKey()) + "-" + run.workflow->id + "-" + run.node;
                if (call.replay() > 0) run.id += "-r" + std::to_string(call.replay());
                run.subject = std::string(call.subject());
                run.cause = &call;
                auto earlier = RunDriver::Earlier::kNone;
                if (!first) earlier = co_await driver_.restore(run);
                if (earlier == RunDriver::Earlier::kEnded) continue;
                if (std::exchange(alone, false)) run.causeEndNs = call.deadlineNs() - kEndNs;
                FlowEnd end;  // with ?: around the co_await GCC destroys it twice
                if (earlier == RunDriver::Earlier::kLost)
                    end = driver_.lostEnd(run);
                else
                    end = co_await runLogged(run);
                settle(run, end, *parameters, earlier != RunDriver::Earlier::kNone || run.trip > 0);
                if (runs.size() > 1) co_await driver_.markEnded(run);
            }
            if (runs.size() > 1) {
                for (const FlowRun& run : runs) driver_.records().forget(run);
            }
        } catch (const Failure& failure) {
            if (pending && failure.status() == Status::kUnavailable)
                keepPending(std::string(call.subject()), pending);
            throw;
        }
        co_return std::string();
    }

    /// A run that comes to no end shows each time: nobody else tells.
    Task<FlowEnd> runLogged(FlowRun& run) {
        try {
            co_return co_await driver_.run(run);
        } catch (const Suspended& why) {
            runs_.count({{"flow", run.workflow->name}, {"end", "suspended"}});
            log.warning("run.suspended",
                        {{"flow", run.workflow->name}, {"run", run.id}, {"reason", why.what()}});
            throw;
        } catch (const std::exception& error) {
            runs_.count({{"flow", run.workflow->name}, {"end", "fault"}});
            log.error("run.fault",
                      {{"flow", run.workflow->name}, {"run", run.id}, {"reason", error.what()}});
            throw;
        }
    }

    bool fromEvent(FlowRun& run, const Json& event) {
        const Json data = event.value("data", Json::object());
        run.workflow = shelf_.find(data.value("workflow", ""));
        run.node = data.value("node", "");
        run.items = dumpJson(data.value("items", Json::array()));
        return run.workflow != nullptr;
    }

    /// Runs of event triggers, and of Webhook nodes on the path of the connector that published it.
    void collectRuns(const Json& event, std::string_view text, std::vector<FlowRun>& runs) {
        for (const EventTrigger& trigger : triggers_.event(event)) {
            FlowRun run;
            run.workflow = trigger.workflow;
            run.node = trigger.node;
            run.items = "[{\"json\":" + std::string(text) + "}]";
            runs.push_back(std::move(run));
        }
        const Json data = event.value("data", Json::object());
        if (!data.is_object() || !data.contains("webhook") || !data.at("webhook").is_object())
            return;
        const Json& webhook = data.at("webhook");
        const std::string path = webhook.value("path", "");
        for (const WebhookTrigger& trigger : triggers_.connectorWebhooks(path)) {
            FlowRun run;
            run.workflow = trigger.workflow;
            run.node = trigger.node;
            Json item = Json::object();
            item["json"] = {{"headers", webhook.value("headers", Json::object())},
                            {"params", Json::object()},
                            {"query", webhook.value("query", Json::object())},
                            {"body", webhook.value("body", Json::object())},
                            {"webhookUrl", "http://localhost/webhook/" + path},
                            {"executionMode", "production"}};
            run.items = dumpJson(Json::array({std::move(item)}));
            runs.push_back(std::move(run));
        }
    }

    void settle(const FlowRun& run, const FlowEnd& end, const Json& parameters,
                bool hadCheckpoint) {
        runs_.count({{"flow", run.workflow->name}, {"end", end.ok ? "success" : "error"}});
        driver_.records().keep(run, end, hadCheckpoint);
        if (run.webhook && !run.webhook->answered())
            run.webhook->send(finalAnswer(run, end, parameters));
        if (!end.ok && !run.workflow->errorWorkflow.empty() && run.mode == "production")
            runErrorWorkflow(run, end);
    }

    /// What n8n's Error Trigger gives. There is no page of the run: `url` says how to see it.
    static Json errorReport(const FlowRun& failed, const FlowEnd& end) {
        Json error = Json::parse(end.error, nullptr, false);
        if (!error.is_object()) error = Json::object();
        if (!error.contains("stack"))
            error["stack"] = error.value("name", "Error") + ": " + error.value("message", "");
        const Json lastNode = end.lastNode.empty() ? error.value("node", Json())
                                                   : Json::parse(end.lastNode, nullptr, false);
        Json report{{"workflow", {{"id", failed.workflow->id}, {"name", failed.workflow->name}}}};
        report["execution"] = {{"id", failed.id},
                               {"url", "totemctl flow runs " + failed.id},
                               {"mode", failed.webhook ? "webhook" : "trigger"},
                               {"lastNodeExecuted", lastNode},
                               {"error", std::move(error)}};
        return report;
    }

    Detached runErrorWorkflow(const FlowRun& failed, const FlowEnd& end) {
        FlowRun run;
        run.workflow = shelf_.find(failed.workflow->errorWorkflow);
        if (!run.workflow || failed.depth > 0) co_return;
        for (const Trigger& trigger : run.workflow->triggers) {
            if (trigger.type == "n8n-nodes-base.errorTrigger") run.node = trigger.node;
        }
        if (run.node.empty()) co_return;
        run.id = failed.id + "-error";
        run.depth = 1;
        Json item = Json::object();
        item["json"] = errorReport(failed, end);
        run.items = dumpJson(Json::array({std::move(item)}));
        try {
            const FlowEnd ended = co_await driver_.run(run);
            driver_.records().keep(run, ended, run.trip > 0);
        } catch (const std::exception& error) {
            log.error("error_workflow.failed",
                      {{"flow", run.workflow->name}, {"reason", error.what()}});
        }
    }

    // ---- actions -------------------------------------------------------------------------------

    Task<std::string> httpRequest(Call& call, std::string_view input) {
        const Json asked = parseJson(input);
        HttpRequests::Outcome outcome =
            co_await driver_.requests().http().send(asked.at("request"), AskOptions(call));
        switch (outcome.status) {
            case Status::kOk:
                co_return outcome.result;
            case Status::kBusy:
            case Status::kUnknown:
                throw Failure(outcome.status, outcome.error);
            case Status::kDeadline:
            case Status::kCancelled:
                throw Failure(Status::kUnknown, outcome.error);
            default:
                throw Failure(Status::kRefused,
                              outcome.error);  // certainly not sent: the node's error path
        }
    }

    Task<std::string> list() {
        co_await takeUp();
        Json flows = Json::array();
        for (const WorkflowPtr& workflow : shelf_.all()) {
            Json webhooks = Json::array();
            for (const Trigger& trigger : workflow->triggers)
                webhooks.push_back(trigger.type + " " + trigger.node);
            flows.push_back({{"id", workflow->id},
                             {"name", workflow->name},
                             {"active", workflow->active},
                             {"runnable", workflow->runnable},
                             {"triggers", std::move(webhooks)},
                             {"problems", workflow->problems},
                             {"file", workflow->file}});
        }
        Json result = Json::object();
        result["flows"] = std::move(flows);
        co_return dumpJson(result);
    }

    static Json reportJson(const Workflow& workflow) {
        return {{"id", workflow.id},
                {"name", workflow.name},
                {"runnable", workflow.runnable},
                {"active", workflow.active},
                {"problems", workflow.problems}};
    }

    Task<std::string> validate(Call&, std::string_view input) {
        auto workflow = std::make_shared<Workflow>(
            parseWorkflow(parseJson(input).at("workflow").get<std::string>()));
        const std::string report = co_await driver_.load(workflow);
        applyReport(*workflow, report);
        co_return dumpJson(reportJson(*workflow));
    }

    Task<std::string> import(Call&, std::string_view input) {
        const Json wanted = parseJson(input);
        Json json = parseJson(wanted.at("workflow").get<std::string>());
        if (json.is_object() && wanted.value("activate", false)) json["active"] = true;
        if (json.is_object() && !json.contains("id")) json["id"] = parseWorkflow(json.dump(2)).id;
        const std::string text = json.dump(2) + "\n";
        auto workflow = std::make_shared<Workflow>(parseWorkflow(text));
        const std::string report = co_await driver_.load(workflow);
        applyReport(*workflow, report);
        Json result = reportJson(*workflow);
        if (workflow->active && !workflow->runnable) {
            throw Failure(Status::kRefused, "the workflow cannot run and was not activated: " +
                                                dumpJson(result.at("problems")));
        }
        shelf_.save(*workflow, text);
        result["file"] = workflow->file;
        // Whoever is told that it is imported may use it: the list takes the folder up, on the
        // pool, unless the look at the folder is at it already.
        static_cast<void>(co_await Actions(host()).ask("flows.list", "{}"));
        shelf_.publish(workflow);
        rebuildTriggers();
        co_return dumpJson(result);
    }

    Task<std::string> runNow(Call& call, std::string_view input) {
        const Json wanted = parseJson(input);
        FlowRun run;
        run.workflow = shelf_.find(wanted.value("flow", ""));
        if (!run.workflow)
            throw Failure(Status::kNotFound, "there is no flow \"" + wanted.value("flow", "") +
                                                 "\"; see totemctl flow list");
        run.node = wanted.value("node", "");
        if (run.node.empty() && !run.workflow->triggers.empty())
            run.node = run.workflow->triggers.front().node;
        run.items = wanted.value("items", R"([{"json":{}}])");
        if (!Json::accept(run.items))
            throw Failure(Status::kInvalid, "items: expected a JSON array of items");
        run.id = "m-" + newId();
        run.mode = "manual";
        run.answer = "all";
        run.cause = &call;
        run.causeEndNs = call.deadlineNs() - kEndNs;
        const FlowEnd end = co_await driver_.run(run);
        driver_.records().keep(run, end, run.trip > 0);
        Json result{{"run", run.id}, {"ok", end.ok}};
        result["items"] =
            end.output.empty() ? Json::array() : Json::parse(end.output, nullptr, false);
        if (!end.ok) result["error"] = Json::parse(end.error, nullptr, false);
        co_return dumpJson(result);
    }

    const Settings settings_;
    const Timers timers_;
    const Events events_;
    const HttpClient http_;
    const Metrics metrics_;
    const Health health_;
    WorkflowShelf shelf_;
    Triggers triggers_;
    RunDriver driver_;
    const Metric runs_;
    std::atomic<bool> stopping_{false};
    std::atomic<std::uint64_t> folderTimer_{0};
    std::mutex refreshMutex_;
    std::vector<std::string> triggerProblems_;  // guarded by refreshMutex_
    std::mutex mutex_;
    std::map<std::string, std::shared_ptr<PendingWebhook>> pending_;  // guarded by mutex_
};

}  // namespace totem::flows

TOTEM_PLUGIN(totem::flows::Flows);
