// The connector to Evolution API: webhooks become events, actions become REST calls. README.md has
// the map.

#include <totem/draft/task.hpp>
#include <totem/json.hpp>
#include <totem/totem.hpp>

#include <Poco/Exception.h>
#include <Poco/URI.h>

#include <atomic>
#include <set>

#include "authentication.hpp"
#include "classify.hpp"
#include "identities.hpp"
#include "instances.hpp"
#include "messages.hpp"
#include "reading.hpp"

namespace totem::evolution {
namespace {

constexpr std::int64_t kProbeNs = 60'000'000'000;
constexpr std::int64_t kRetryProbeNs = 5'000'000'000;

/// What travels along for flows that have a Webhook node on this path; secrets do not.
Json headersOf(const Request& request) {
    Json headers = Json::object();
    for (const char* name : {"content-type", "user-agent", "x-instance-id", "x-instance-name",
                             "x-event-type", "x-timestamp"}) {
        const std::string_view value = request.header(name);
        if (!value.empty()) headers[name] = std::string(value);
    }
    return headers;
}

Json queryOf(const Request& request) {
    Json query = Json::object();
    try {
        Poco::URI uri;
        uri.setRawQuery(std::string(request.query()));
        for (const auto& [name, value] : uri.getQueryParameters()) query[name] = value;
    } catch (const Poco::Exception&) {
        // An odd query is no reason to lose a message.
    }
    return query;
}

std::string decoded(std::string_view path) {
    std::string plain;
    try {
        Poco::URI::decode(std::string(path), plain);
    } catch (const Poco::Exception&) {
        plain = path;
    }
    return plain;
}

}  // namespace

class Evolution : public Plugin {
public:
    explicit Evolution(const Init& init)
        : Plugin(init),
          settings_(parseSettings(init.config)),
          events_(init.host),
          timers_(init.host),
          health_(init.host),
          webhooks_(
              Metrics(init.host).counter("evolution_webhooks", "Webhooks by what became of them")),
          sends_(Metrics(init.host).counter("evolution_sends",
                                            "Messages to be sent, by what became of the attempt")),
          identities_(init.host),
          instances_(init.host),
          messages_(init.host, settings_) {
        const auto webhook = [this](Call& call, const Request& request) {
            onWebhook(call, request);
        };
        onRoute("webhook", webhook);
        onRoute("webhook-path", webhook);
        onAction("evolution.send_text", async([this](Call& call, std::string_view input) {
                     return sendText(call, input);
                 }));
        onAction("evolution.state", async([this](Call& call, std::string_view input) {
                     return messages_.state(call, input);
                 }));
        onAction("evolution.find_messages", async([this](Call& call, std::string_view input) {
                     return messages_.findMessages(call, input);
                 }));
    }

    void start() override {
        if (settings_.servers.empty())
            log.warning("evolution.unconfigured",
                        {{"hint", "set plugins.evolution.config.base_url and api_key"}});
        if (!settings_.hasSecret())
            health_.none("webhook",
                         "no webhook_header and no jwt_key: webhooks are accepted from this "
                         "machine and allow_unauthenticated_from only");
        probeAll();
    }

    void drain(std::int64_t) override { stopping_ = true; }

private:
    /// Authenticate, classify, store; the answer comes when it is durable, and the work afterwards.
    void onWebhook(Call& call, const Request& request) {
        const Verdict verdict = authenticate(request, call.receivedUnixNs(), settings_);
        if (!verdict.accepted()) {
            webhooks_.count({{"result", "unauthenticated"}});
            log.warning("webhook.refused", {{"reason", verdict.reason}, {"peer", request.peer()}});
            call.succeed(Response::problem(verdict.status, verdict.reason));
            return;
        }
        Json body = parseLeniently(request.content());
        if (body.is_discarded()) {
            // 400 makes Evolution drop it at once. The same bytes would come with every retry, and
            // Evolution writes only JSON: what this is, it is no event of a customer.
            webhooks_.count({{"result", "no_json"}});
            log.warning("webhook.no_json",
                        {{"bytes", request.contentLength()}, {"peer", request.peer()}});
            call.succeed(Response::problem(400, "the body is no JSON"));
            return;
        }
        Webhook webhook =
            webhookOf(std::move(body), decoded(request.path()), request.header("X-Event-Type"),
                      request.header("X-Instance-Name"));
        if (!webhook.instance.empty() && !settings_.serves(webhook.instance)) {
            webhooks_.count({{"result", "other_instance"}});
            log.debug("webhook.other_instance", {{"instance", webhook.instance}});
            call.succeed(Response(200, "", {}));
            return;
        }
        webhook.headers = headersOf(request);
        webhook.query = queryOf(request);
        take(std::move(call), std::move(webhook));
    }

    void take(Call call, Webhook webhook) {
        const bool connection = webhook.event == "connection.update";
        instances_.heard(webhook.instance,
                         connection ? textAt(at(webhook.body, "data"), "state") : std::string());
        for (const Identity& pair : pairsIn(webhook)) identities_.learn(webhook.instance, pair);
        const std::string lid = unknownLid(webhook);
        if (lid.empty())
            return publish(std::make_shared<Call>(std::move(call)),
                           eventsOf(std::move(webhook), {}));
        const std::string instance = webhook.instance;
        auto waiting = std::make_shared<Call>(std::move(call));
        auto held = std::make_shared<Webhook>(std::move(webhook));
        identities_.find(instance, lid, [this, waiting, held](const std::string& phone) {
            publish(waiting, eventsOf(std::move(*held), phone));
        });
    }

    void publish(const std::shared_ptr<Call>& call, const std::vector<Json>& events) {
        const std::string text = dumpJson(Json(events));
        const AskOptions options(*call);
        events_.publish(text, options).then([this, call](const Answer& answer) {
            webhooks_.count({{"result", answer.ok() ? "stored" : "not_stored"}});
            if (answer.ok()) call->succeed(Response::json("{}"));
            // Any 4xx that fits would make Evolution drop the event; a 503 it tries again.
            else
                call->succeed(Response::problem(
                    503, "the event could not be stored: " + std::string(answer.text())));
        });
    }

    /// What is refused or unknown is not sent again: people must see it.
    Task<std::string> sendText(Call& call, std::string_view text) {
        try {
            std::string result = co_await messages_.sendText(call, text);
            sends_.count({{"result", "ok"}});
            co_return result;
        } catch (const Failure& failure) {
            sends_.count({{"result", statusName(failure.status())}});
            const bool again = failure.status() == Status::kUnavailable ||
                               failure.status() == Status::kBusy ||
                               failure.status() == Status::kCancelled;
            if (!again) {
                log.error(
                    failure.status() == Status::kUnknown ? "message.unknown" : "message.refused",
                    {{"subject", call.subject()},
                     {"key", call.idempotencyKey()},
                     {"reason", failure.what()}});
            }
            throw;
        }
    }

    /// Whether each instance is connected, at the start and every minute.
    Detached probeAll() {
        std::set<std::string> names;
        for (const std::string& name : settings_.instanceNames()) names.insert(name);
        for (const std::string& name : instances_.names()) names.insert(name);
        bool allWell = true;
        for (const std::string& name : names) {
            if (stopping_) co_return;
            if (!co_await probe(name)) allWell = false;
        }
        if (stopping_) co_return;
        timers_.after(allWell ? kProbeNs : kRetryProbeNs, [this] {
            if (!stopping_) probeAll();
        });
    }

    Task<bool> probe(std::string name) {
        Target target;
        try {
            target = settings_.target(name);
        } catch (const Failure& failure) {
            instances_.probed(name, {}, failure.what());
            co_return true;
        }
        Reply reply = co_await messages_.client().connectionState(std::move(target), AskOptions());
        const std::string state = textAt(at(reply.body, "instance"), "state");
        if (!reply.ok())
            instances_.probed(name, {}, reply.error);
        else if (state.empty())
            instances_.probed(name, {}, "Evolution knows the instance but has not loaded it");
        else
            instances_.probed(name, state, {});
        co_return reply.ok();
    }

    const Settings settings_;
    const Events events_;
    const Timers timers_;
    const Health health_;
    const Metric webhooks_, sends_;
    Identities identities_;
    Instances instances_;
    const Messages messages_;
    std::atomic<bool> stopping_{false};
};

}  // namespace totem::evolution

TOTEM_PLUGIN(totem::evolution::Evolution);
