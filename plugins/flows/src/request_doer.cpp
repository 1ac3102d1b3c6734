#include "request_doer.hpp"

#include <totem/base64.hpp>

#include <algorithm>
#include <vector>

#include "json_text.hpp"
#include "webhook_answer.hpp"

namespace totem::flows {
namespace {

constexpr std::int64_t kDefaultHttpMs = 300'000;
constexpr std::int64_t kDefaultActionMs = 60'000;
/// Shorter waits are simply slept through, as in n8n; longer ones survive a restart.
constexpr std::int64_t kDurableWaitMs = 5'000;
constexpr std::int64_t kDayNs = 86'400LL * 1000 * kMs;
/// The version of a workflow that a run began with is kept so long after its last checkpoint.
constexpr std::int64_t kVersionNs = 30 * kDayNs;
constexpr const char* kHttpRequest = "flows.http_request";
constexpr const char* kStopping = "the plugin stops; the run is continued after that";

std::string failed(const std::string& message, const char* code) {
    return "{\"error\":{\"message\":" + jsonText(message) + ",\"code\":\"" + code + "\"}}";
}
std::string done(std::string_view result) {
    return "{\"ok\":" + std::string(result) + "}";
}

/// What Node.js calls what became of an HTTP request.
const char* httpCodeOf(Status status) {
    switch (status) {
        case Status::kUnavailable:
        case Status::kRefused:
            return "ECONNREFUSED";
        case Status::kDeadline:
            return "ETIMEDOUT";
        case Status::kUnknown:
            return "ECONNRESET";
        default:
            return "ERR_REQUEST";
    }
}

/// What became of an action, which need not have had to do with a connection.
const char* actionCodeOf(Status status) {
    switch (status) {
        case Status::kUnavailable:
            return "ERR_UNAVAILABLE";
        case Status::kRefused:
            return "ERR_REFUSED";
        case Status::kDeadline:
            return "ERR_DEADLINE";
        case Status::kUnknown:
            return "ERR_UNKNOWN";
        case Status::kNotFound:
            return "ERR_NOT_FOUND";
        case Status::kInvalid:
            return "ERR_INVALID";
        default:
            return "ERR_ACTION";
    }
}

/// What nothing was done for and what may be asked again when the cause of the run comes again.
void suspendIfUndone(Status status, std::string_view why) {
    if (status == Status::kBusy || status == Status::kCancelled || status == Status::kAbandoned) {
        throw Suspended(std::string(why.empty() ? statusName(status) : why));
    }
}

std::string number(const Json& request, const char* name) {
    auto found = request.find(name);
    return found == request.end() ? "0" : found->dump();
}

std::string keyOf(const FlowRun& run, const Json& request) {
    return run.id + "/" + request.value("node", "") + "/" + number(request, "run") + "/" +
           number(request, "item") + "/" + number(request, "try") + "/" + number(request, "round") +
           "/" + number(request, "n");
}

/// Effects leave one after the other; look-ups and waits may go side by side.
bool keepsOrder(const Json& request, const HttpRequests& http) {
    const std::string kind = request.value("kind", "");
    return kind == "action" || kind == "workflow" ||
           (kind == "http" && !http.isRepeatable(request));
}

}  // namespace

std::string RequestDoer::checkpointOf(const FlowRun& run) {
    std::string text = "{\"workflow\":" + jsonText(run.workflow->id) +
                       ",\"hash\":" + jsonText(run.workflow->hash) +
                       ",\"node\":" + jsonText(run.node) + ",\"trip\":" + std::to_string(run.trip);
    if (run.waitUntilMs != 0)
        text += ",\"wait_until\":" + std::to_string(run.waitUntilMs) +
                ",\"wait_trip\":" + std::to_string(run.waitTrip);
    return text + "}\n" + run.records;
}

namespace {

Json headerOf(std::string_view checkpoint) {
    return Json::parse(checkpoint.substr(0, checkpoint.find('\n')), nullptr, false);
}

}  // namespace

std::string RequestDoer::versionOf(std::string_view checkpoint) {
    const Json header = headerOf(checkpoint);
    return header.is_object() ? header.value("hash", "") : std::string();
}

void RequestDoer::restore(std::string_view checkpoint, FlowRun& run) {
    const Json header = headerOf(checkpoint);
    const auto newline = std::min(checkpoint.find('\n'), checkpoint.size());
    run.records = checkpoint.substr(std::min(newline + 1, checkpoint.size()));
    run.waitUntilMs = header.value("wait_until", std::int64_t{0});
    run.waitTrip = header.value("wait_trip", 0);
}

Task<bool> RequestDoer::keepVersion(const FlowRun& run, std::int64_t untilUnixNs) {
    const std::int64_t needed = untilUnixNs + kVersionNs;
    {
        std::lock_guard<std::mutex> lock(mutex_);
        auto found = versions_.find(run.workflow->hash);
        if (found != versions_.end() && found->second >= needed) co_return true;
    }
    // A day more than needed, so that it is written once a day and not with each run.
    const std::int64_t until = needed + kDayNs;
    Answer stored = co_await store_.put(versionKey(run.workflow->hash), run.workflow->text, until);
    const bool tooLarge = stored.status == Status::kTooLarge || stored.status == Status::kInvalid;
    if (!stored.ok() && !tooLarge)
        throw Suspended("the workflow could not be stored: " + std::string(stored.text()));
    std::lock_guard<std::mutex> lock(mutex_);
    std::int64_t& kept = versions_[run.workflow->hash];
    kept = std::max(kept, until);
    co_return stored.ok();
}

AskOptions RequestDoer::optionsFor(FlowRun& run, std::int64_t timeoutMs) {
    AskOptions options = run.cause == nullptr ? AskOptions() : AskOptions(*run.cause);
    options.deadlineNs(std::min(clock_.monotonicNs() + timeoutMs * kMs, run.causeEndNs));
    if (!run.subject.empty()) options.subject(run.subject);
    return options;
}

Task<std::string> RequestDoer::doAll(FlowRun& run, const Json& requests) {
    std::vector<std::string> results(requests.size());
    std::vector<Task<std::string>> together;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < requests.size(); ++i) {
        if (requests.size() > 1 && !keepsOrder(requests[i], http_)) {
            together.push_back(doOne(run, requests[i]));
            places.push_back(i);
            continue;
        }
        results[i] = co_await doOne(run, requests[i]);
    }
    if (!together.empty()) {
        std::vector<std::string> answers = co_await WhenAll<std::string>(std::move(together));
        for (std::size_t i = 0; i < answers.size(); ++i) results[places[i]] = std::move(answers[i]);
    }
    std::string list = "[";
    for (const std::string& result : results) {
        if (list.size() > 1) list += ',';
        list += result;
    }
    co_return list + "]";
}

Task<std::string> RequestDoer::doOne(FlowRun& run, const Json& request) {
    const std::string kind = request.value("kind", "");
    const std::string key = keyOf(run, request);
    const std::int64_t after = request.value("after", std::int64_t{0});
    if (after > 0) co_await sleep(run, after * kMs);
    if (kind == "http") co_return co_await doHttp(run, request, key);
    if (kind == "wait") co_return co_await doWait(run, request);
    if (kind == "workflow") co_return co_await subRuns_.runSub(run, request, key);
    if (kind == "respond") {
        doDetached(run, request);
        co_return done("{}");
    }
    if (kind == "action") {
        std::string name = request.value("action", "");
        std::string input = dumpJson(request.value("input", Json::object()));
        const std::int64_t timeout =
            clock_.monotonicNs() + request.value("timeout", kDefaultActionMs) * kMs;
        co_return co_await doAction(run, std::move(name), std::move(input), key, timeout);
    }
    co_return failed("the daemon cannot carry out requests of kind \"" + kind + "\"", "ERR_KIND");
}

Task<std::string> RequestDoer::doHttp(FlowRun& run, const Json& request, std::string key) {
    const std::int64_t timeout = request.value("timeout", kDefaultHttpMs);
    if (http_.isRepeatable(request)) {
        try {
            HttpRequests::Outcome outcome = co_await http_.send(request, optionsFor(run, timeout));
            suspendIfUndone(outcome.status, outcome.error);
            if (outcome.status != Status::kOk)
                co_return failed(outcome.error, httpCodeOf(outcome.status));
            co_return done(outcome.result);
        } catch (const Suspended&) {
            throw;
        } catch (const Failure& failure) {
            co_return failed(failure.what(), "ERR_REQUEST");
        }
    }
    std::string input = "{\"request\":" + dumpJson(request) + "}";
    co_return co_await doAction(run, kHttpRequest, std::move(input), std::move(key),
                                clock_.monotonicNs() + timeout * kMs);
}

Task<std::string> RequestDoer::doAction(FlowRun& run, std::string action, std::string input,
                                        std::string key, std::int64_t deadlineNs) {
    AskOptions options = optionsFor(run, 0);
    options.deadlineNs(deadlineNs).idempotencyKey(std::move(key));
    // A sub-workflow begins anew when its run is continued: its effects are known by their keys.
    if (run.depth == 0) {
        co_await keepVersion(run, clock_.unixNs());
        options.checkpoint(checkpointKey(run), checkpointOf(run));
    }
    const std::int64_t asked = clock_.monotonicNs();
    Answer answer = co_await actions_.ask(action, input, options);
    // An effect may wait for its host to come back. What has it now has its result the next time,
    // and then all of the cause's time for the rest.
    if (run.causeEndNs != std::numeric_limits<std::int64_t>::max())
        run.causeEndNs += clock_.monotonicNs() - asked;
    const char* code =
        action == kHttpRequest ? httpCodeOf(answer.status) : actionCodeOf(answer.status);
    if (answer.ok()) {
        const std::string_view text = answer.text();
        if (text.empty()) co_return done("{}");
        co_return done(Json::accept(text) ? std::string(text) : jsonText(text));
    }
    suspendIfUndone(answer.status, answer.text());
    co_return failed(std::string(answer.text().empty() ? statusName(answer.status) : answer.text()),
                     code);
}

/// As long as the cause lasts.
Task<bool> RequestDoer::sleep(FlowRun& run, std::int64_t delayNs) {
    const std::int64_t left = run.causeEndNs - clock_.monotonicNs();
    if (!co_await sleeper_.sleep(std::clamp<std::int64_t>(left, 0, delayNs)))
        throw Suspended(kStopping);
    co_return true;
}

Task<std::string> RequestDoer::doWait(FlowRun& run, const Json& request) {
    if (request.value("webhook", false) || request.value("form", false)) {
        co_return failed("waiting for a webhook or a form is not supported", "ERR_KIND");
    }
    const std::int64_t nowMs = clock_.unixNs() / kMs;
    std::int64_t until = request.contains("until") ? request.at("until").get<std::int64_t>()
                                                   : nowMs + request.value("ms", std::int64_t{0});
    if (run.waitUntilMs != 0 && run.waitTrip == run.trip) until = run.waitUntilMs;
    const bool isLong = until - nowMs > kDurableWaitMs;
    if (isLong && run.workflow->durable && run.depth == 0) {
        run.waitUntilMs = until;
        run.waitTrip = run.trip;
        co_await keepVersion(run, until * kMs);
        Answer stored = co_await store_.put(checkpointKey(run), checkpointOf(run), 0);
        if (!stored.ok())
            throw Suspended("the wait could not be stored: " + std::string(stored.text()));
    }
    if (isLong && run.cause != nullptr) {
        events_.releaseLane(*run.cause);
        run.causeEndNs = std::numeric_limits<std::int64_t>::max();
    }
    const std::int64_t left = run.deadlineNs - clock_.monotonicNs();
    co_await sleep(run, std::max<std::int64_t>(0, until - nowMs) * kMs);
    run.deadlineNs = std::max(run.deadlineNs, clock_.monotonicNs() + left);
    run.waitUntilMs = 0;
    co_return done("{}");
}

void RequestDoer::doDetached(FlowRun& run, const Json& request) {
    if (!run.webhook || request.value("kind", "") != "respond") return;
    HeaderList headers;
    for (const Json& header : request.value("headers", Json::array())) {
        headers.emplace_back(header.at(0).get<std::string>(), header.at(1).get<std::string>());
    }
    std::string body = request.contains("bodyBase64")
                           ? decodeBase64(request.at("bodyBase64").get<std::string>()).value_or("")
                           : request.value("body", "");
    Response response(request.value("status", 200), std::move(body), {});
    for (auto& [name, value] : headers) response.header(std::move(name), std::move(value));
    run.webhook->send(std::move(response));
}

}  // namespace totem::flows
