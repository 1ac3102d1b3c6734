// The Chatwoot connector: webhooks become events, actions become REST calls. README.md has the map.

#include <totem/draft/task.hpp>
#include <totem/json.hpp>
#include <totem/totem.hpp>

#include <algorithm>
#include <atomic>

#include "authentication.hpp"
#include "classify.hpp"
#include "messages.hpp"

namespace totem::chatwoot {
namespace {

constexpr std::int64_t kProbeNs = 60'000'000'000;
constexpr std::int64_t kRetryProbeNs = 5'000'000'000;
constexpr std::int64_t kFirstPauseNs = 500'000'000;
constexpr std::int64_t kLongestPauseNs = 8'000'000'000;

/// What travels along for flows that have a Webhook node on this path; secrets do not.
Json headersOf(const Request& request) {
    Json headers = Json::object();
    for (const char* name :
         {"content-type", "user-agent", "x-chatwoot-delivery", "x-chatwoot-timestamp"}) {
        const std::string_view value = request.header(name);
        if (!value.empty()) headers[name] = std::string(value);
    }
    return headers;
}

}  // namespace

class Chatwoot : public Plugin {
public:
    explicit Chatwoot(const Init& init)
        : Plugin(init),
          settings_(parseSettings(init.config)),
          events_(init.host),
          timers_(init.host),
          health_(init.host),
          webhooks_(
              Metrics(init.host).counter("chatwoot_webhooks", "Webhooks by what became of them")),
          sends_(Metrics(init.host).counter("chatwoot_sends",
                                            "Messages to be sent, by what became of the attempt")),
          clock_(init.host),
          messages_(init.host, settings_) {
        const auto webhook = [this](Call& call, const Request& request) {
            onWebhook(call, request);
        };
        onRoute("webhook", webhook);
        onRoute("webhook-path", webhook);
        onAction("chatwoot.send_message",
                 async([this](Call& call, std::string_view input) { return send(call, input); }));
        onReconcile("chatwoot.send_message", async([this](Call& call, std::string_view question) {
                        return messages_.reconcile(call, question);
                    }));
        onAction("chatwoot.set_status", async([this](Call& call, std::string_view input) {
                     return setStatus(call, input);
                 }));
        onAction("chatwoot.typing",
                 async([this](Call& call, std::string_view input) { return typing(call, input); }));
    }

    void start() override {
        if (settings_.accounts.empty())
            log.warning("chatwoot.unconfigured",
                        {{"hint", "set plugins.chatwoot.config.base_url and a token"}});
        if (!settings_.hasSecret())
            health_.none("webhook",
                         "no webhook_secret: webhooks are accepted from this machine and "
                         "allow_unauthenticated_from only");
        for (const Account& account : settings_.accounts) {
            if (!account.userToken.empty()) probe(account);
        }
    }

    void drain(std::int64_t) override { stopping_ = true; }

private:
    /// Authenticate, classify, store; the answer comes when it is durable, and the work afterwards.
    void onWebhook(Call& call, const Request& request) {
        const std::string body = request.content();
        const Verdict verdict = authenticate(request, body, call.receivedUnixNs(), settings_);
        if (!verdict.accepted) {
            webhooks_.count({{"result", "unauthenticated"}});
            log.warning("webhook.refused", {{"reason", verdict.reason}, {"peer", request.peer()}});
            call.succeed(Response::problem(401, verdict.reason));
            return;
        }
        Json event;
        try {
            const Account* first = settings_.account(0);
            event = eventOf(parseJson(body), body, headersOf(request),
                            first == nullptr ? 1 : first->id);
        } catch (const Failure& failure) {
            webhooks_.count({{"result", "invalid"}});
            call.succeed(Response::problem(400, failure.what()));
            return;
        }
        const std::string text = "[" + dumpJson(event) + "]";
        const AskOptions options(call);
        auto waiting = std::make_shared<Call>(std::move(call));
        events_.publish(text, options).then([this, waiting](Answer answer) {
            webhooks_.count({{"result", answer.ok() ? "stored" : "not_stored"}});
            if (answer.ok()) waiting->succeed(Response::empty(200));
            // 429 is the one refusal that Chatwoot's agent-bot webhooks try again.
            else
                waiting->succeed(Response::problem(
                    429, "the event could not be stored: " + std::string(answer.text())));
        });
    }

    /// A message that is refused is not tried again: people must see it.
    Task<std::string> send(Call& call, std::string_view text) {
        try {
            std::string result = co_await messages_.send(call, text);
            sends_.count({{"result", "ok"}});
            co_return result;
        } catch (const Failure& failure) {
            sends_.count({{"result", statusName(failure.status())}});
            if (failure.status() == Status::kRefused || failure.status() == Status::kInvalid) {
                log.error("message.refused", {{"subject", call.subject()},
                                              {"key", call.idempotencyKey()},
                                              {"reason", failure.what()}});
            }
            throw;
        }
    }

    /// Setting it twice does no harm, so what is no plain no is tried again while the caller waits:
    /// a hand-over that is lost leaves a customer alone.
    Task<Reply> toggleStatus(Call& call, const Account& account, std::int64_t conversation,
                             Json body) {
        for (std::int64_t pause = kFirstPauseNs;; pause = std::min(2 * pause, kLongestPauseNs)) {
            Reply reply = co_await messages_.client().toggleStatus(account, conversation, body,
                                                                   AskOptions(call));
            if (reply.ok() || reply.refused() || clock_.monotonicNs() + pause >= call.deadlineNs())
                co_return reply;
            Sleep wait(host(), pause);
            if (!co_await wait || call.cancelled()) co_return reply;
        }
    }

    Task<std::string> setStatus(Call& call, std::string_view text) {
        const Json input = parseJson(text);
        const Account& account = messages_.accountFor(input);
        Json body = Json::object();
        body["status"] = input.at("status");
        if (input.contains("snoozed_until")) body["snoozed_until"] = input.at("snoozed_until");
        Reply reply = co_await toggleStatus(
            call, account, input.at("conversation").get<std::int64_t>(), std::move(body));
        if (!reply.ok()) throwRepeatableFailure(reply);
        // `success` is null when a bot hands over; the status tells.
        const Json payload =
            reply.body.is_object() ? reply.body.value("payload", Json::object()) : Json::object();
        Json result = Json::object();
        result["status"] = payload.is_object() ? payload.value("current_status", input.at("status"))
                                               : input.at("status");
        co_return dumpJson(result);
    }

    Task<std::string> typing(Call& call, std::string_view text) {
        const Json input = parseJson(text);
        const Account& account = messages_.accountFor(input);
        const bool on = input.value("on", true);
        Reply reply = co_await messages_.client().toggleTyping(
            account, input.at("conversation").get<std::int64_t>(), on, AskOptions(call));
        if (!reply.ok()) throwRepeatableFailure(reply);
        co_return std::string("{}");
    }

    /// Whether the token works, now and every minute: a wrong one shows in /health before a
    /// customer notices.
    Detached probe(const Account& account) {
        const std::string component = "account:" + std::to_string(account.id);
        Reply reply = co_await messages_.client().profile(account, AskOptions());
        if (stopping_) co_return;
        if (reply.ok())
            health_.healthy(component);
        else
            health_.unhealthy(component, reply.error);
        timers_.after(reply.ok() ? kProbeNs : kRetryProbeNs, [this, &account] {
            if (!stopping_) probe(account);
        });
    }

    const Settings settings_;
    const Events events_;
    const Timers timers_;
    const Health health_;
    const Metric webhooks_, sends_;
    const Clock clock_;
    const Messages messages_;
    std::atomic<bool> stopping_{false};
};

}  // namespace totem::chatwoot

TOTEM_PLUGIN(totem::chatwoot::Chatwoot);
