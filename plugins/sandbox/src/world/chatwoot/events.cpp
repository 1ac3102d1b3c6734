#include "world/chatwoot/events.hpp"

#include "world/base/clock.hpp"
#include "world/base/event_log.hpp"
#include "world/base/faults.hpp"
#include "world/base/http_caller.hpp"
#include "world/base/journeys.hpp"
#include "world/base/random.hpp"
#include "world/base/signatures.hpp"
#include "world/chatwoot/payloads.hpp"

#include <algorithm>

namespace totem_sandbox::chatwoot {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr int kBotTries = 3;
constexpr auto kBotPause = 3s;
constexpr auto kOutOfOrderPause = 150ms;

const std::vector<std::string> kDefaultSubscriptions = {"conversation_status_changed",
                                                        "conversation_updated",
                                                        "conversation_created",
                                                        "contact_created",
                                                        "contact_updated",
                                                        "message_created",
                                                        "message_updated",
                                                        "webwidget_triggered"};

bool subscribed(const Webhook& hook, const std::string& event) {
    const auto& list = hook.subscriptions.empty() ? kDefaultSubscriptions : hook.subscriptions;
    return std::find(list.begin(), list.end(), event) != list.end();
}

bool isMessageEvent(const std::string& event) {
    return event == "message_created" || event == "message_updated";
}

std::string statusError(int status) {
    return std::to_string(status) + " from the webhook";
}

}  // namespace

Events::Events(const EventContext& context, Store& store) : context_(context), store_(store) {}

void Events::stop() {
    pool_.stop();
    inboxPool_.stop();
}

void Events::message(const std::string& event, const Conversation& conversation,
                     const Message& message) {
    if (message.type == MessageType::activity) return;
    const Delivery what{Kind::account, "", "", "", event, "", conversation.id, message.id};
    const Builder build = [this, event, conversationId = conversation.id, id = message.id] {
        Conversation* row = store_.conversation(conversationId);
        const Message* m = row ? row->find(id) : nullptr;
        if (!m) return json(nullptr);
        json payload = webhookMessage(store_, *row, *m);
        payload["event"] = event;
        return payload;
    };
    toAccount(what, build);
    toInbox(conversation, what, build);
    toBots(conversation, what, build);
}

void Events::conversation(const std::string& event, const Conversation& conversation,
                          json changed) {
    const Delivery what{Kind::account, "", "", "", event, "", conversation.id, 0};
    const auto named = [this, conversationId = conversation.id, changed](const std::string& name) {
        return [this, conversationId, changed, name] {
            Conversation* row = store_.conversation(conversationId);
            if (!row) return json(nullptr);
            json payload = webhookConversation(store_, *row);
            payload["event"] = name;
            if (!changed.is_discarded()) payload["changed_attributes"] = changed;
            return payload;
        };
    };
    toAccount(what, named(event));
    toInbox(conversation, what, named(event));
    if (event == "conversation_created") return;
    toBots(conversation, what, named(event));
    if (event != "conversation_status_changed") return;
    // Two older names of the same thing, for bots only.
    for (const std::string status : {"open", "resolved"})
        if (conversation.status == status) {
            const std::string twin =
                status == "open" ? "conversation_opened" : "conversation_resolved";
            Delivery old = what;
            old.event = twin;
            toBots(conversation, old, named(twin));
        }
}

void Events::contact(const std::string& event, const Contact& contact, json changed) {
    const Delivery what{Kind::account, "", "", "", event, "", 0, 0};
    toAccount(what, [this, event, id = contact.id, changed] {
        const Contact* row = store_.contact(id);
        if (!row) return json(nullptr);
        json payload = webhookContact(store_, *row);
        payload["event"] = event;
        if (!changed.is_discarded()) payload["changed_attributes"] = changed;
        return payload;
    });
}

void Events::typing(bool on, const Conversation& conversation, const Actor& actor, bool isPrivate) {
    const std::string event = on ? "conversation_typing_on" : "conversation_typing_off";
    const Delivery what{Kind::account, "", "", "", event, "", conversation.id, 0};
    const Builder build = [this, event, id = conversation.id, actor, isPrivate] {
        Conversation* row = store_.conversation(id);
        if (!row) return json(nullptr);
        return json{{"event", event},
                    {"user", webhookActor(store_, actor)},
                    {"conversation", webhookConversation(store_, *row)},
                    {"is_private", isPrivate}};
    };
    toAccount(what, build);
    toInbox(conversation, what, build);
}

void Events::toAccount(const Delivery& what, const Builder& build) {
    for (const Webhook& hook : store_.webhooks) {
        if (!subscribed(hook, what.event)) continue;
        Delivery d = what;
        d.kind = Kind::account;
        d.url = hook.url;
        d.secret = hook.secret;
        later(std::move(d), build);
    }
}

void Events::toInbox(const Conversation& conversation, const Delivery& what, const Builder& build) {
    const Inbox* inbox = store_.inbox(conversation.inboxId);
    if (!inbox || inbox->webhookUrl.empty()) return;
    Delivery d = what;
    d.kind = Kind::apiInbox;
    d.url = inbox->webhookUrl;
    d.secret = inbox->secret;
    later(std::move(d), build);
}

void Events::toBots(const Conversation& conversation, const Delivery& what, const Builder& build) {
    const AgentBot* ofInbox = store_.activeBot(conversation.inboxId);
    const AgentBot* assigned = store_.bot(conversation.assigneeBotId);
    if (assigned == ofInbox) assigned = nullptr;
    for (const AgentBot* bot : {ofInbox, assigned}) {
        if (!bot || bot->outgoingUrl.empty()) continue;
        Delivery d = what;
        d.kind = Kind::bot;
        d.url = bot->outgoingUrl;
        d.secret = bot->secret;
        d.id = uuid();
        d.body = railsJson(build());  // a bot gets the state at the event
        enqueue(std::move(d));
    }
}

void Events::later(Delivery delivery, Builder build) {
    delivery.id = uuid();
    poolOf(delivery).post([this, delivery = std::move(delivery), build = std::move(build)] {
        Delivery d = delivery;
        {
            std::lock_guard lock(store_.mutex);
            const json payload = build();
            if (payload.is_null()) return;  // the row is gone: the job is skipped
            d.body = railsJson(payload);
        }
        enqueue(std::move(d));
    });
}

void Events::enqueue(Delivery delivery) {
    TaskPool& pool = poolOf(delivery);
    const Fault fault = context_.faults.takeWebhook("chatwoot");
    const bool toBridge = delivery.url == bridge_;
    const int copies = toBridge ? 0 : fault.repeatWebhooks;
    for (int i = 0; i < copies; ++i) {
        Delivery copy = delivery;
        // A worker that was shut down repeats the delivery id, a repeated dispatch does not.
        if (i % 2 == 1) copy.id = uuid();
        pool.post([this, copy] { deliver(copy); });
    }
    const bool held = fault.outOfOrder && !toBridge && parity_++ % 2 == 0;
    pool.postAfter(held ? kOutOfOrderPause : 0ms,
                   [this, delivery = std::move(delivery)] { deliver(delivery); });
}

std::string Events::traceOf(const Delivery& delivery) const {
    std::string trace =
        delivery.message ? context_.journeys.byMessage(delivery.message) : std::string();
    if (trace.empty() && delivery.conversation)
        trace = context_.journeys.byConversation(delivery.conversation);
    return trace;
}

void Events::deliver(Delivery delivery) {
    static const char* const kNames[] = {"account", "api_inbox", "agent_bot"};
    const std::string timestamp = std::to_string(unixMs() / 1000);
    Call call;
    call.url = delivery.url;
    call.headers = {{"Accept", "application/json"},
                    {"User-Agent", "Ruby"},
                    {"X-Chatwoot-Delivery", delivery.id}};
    if (!delivery.secret.empty()) {
        call.headers.emplace_back("X-Chatwoot-Timestamp", timestamp);
        call.headers.emplace_back(
            "X-Chatwoot-Signature",
            "sha256=" + hmacHex(delivery.secret, timestamp + "." + delivery.body));
    }
    call.body = delivery.body;
    call.timeout = std::chrono::milliseconds(context_.settings.webhookTimeoutMs);

    const std::string trace = traceOf(delivery);
    const bool customers = delivery.event == "message_created" &&
                           !context_.journeys.byMessage(delivery.message).empty();
    const bool toDaemon = customers && delivery.url != bridge_;
    if (toDaemon) context_.journeys.hop(trace, "webhook_sent", kNames[int(delivery.kind)]);
    LogEntry entry;
    entry.monoUs = monoUs();
    entry.unixMs = unixMs();
    const CallResult result = context_.caller.call(call);
    if (toDaemon)
        context_.journeys.hop(trace, "webhook_answered",
                              result.status ? std::to_string(result.status) : result.error);
    entry.service = "chatwoot";
    entry.kind = "webhook";
    entry.method = "POST";
    entry.target = delivery.url;
    entry.status = result.status;
    entry.tookUs = monoUs() - entry.monoUs;
    entry.trace = trace;
    entry.detail = delivery.event + " to " + kNames[int(delivery.kind)] + ", try " +
                   std::to_string(delivery.attempt) +
                   (result.error.empty() ? "" : ": " + result.error);
    entry.body = delivery.body;
    context_.log.add(std::move(entry));
    if (result.ok()) return;

    const bool retried = delivery.kind == Kind::bot &&
                         (result.status == 429 || result.status == 500) &&
                         delivery.attempt < kBotTries;
    if (!retried) {
        failed(delivery, result.status ? statusError(result.status) : result.error);
        return;
    }
    ++delivery.attempt;
    const double pause = std::chrono::duration<double, std::micro>(kBotPause).count() *
                         context_.timeScale * (1.0 + 0.15 * chance());
    pool_.postAfter(std::chrono::microseconds(static_cast<std::int64_t>(pause)),
                    [this, delivery] { deliver(delivery); });
}

void Events::failed(const Delivery& delivery, const std::string& error) {
    if (!isMessageEvent(delivery.event)) return;
    std::lock_guard lock(store_.mutex);
    if (delivery.kind == Kind::apiInbox) markFailed(delivery, error);
    if (delivery.kind != Kind::bot || context_.settings.keepPendingOnBotFailure) return;
    Conversation* row = store_.conversation(delivery.conversation);
    if (row && row->status == "pending" && onBotFailure) onBotFailure(*row);
}

void Events::markFailed(const Delivery& delivery, const std::string& error) {
    Conversation* row = store_.conversation(delivery.conversation);
    Message* message = row ? row->find(delivery.message) : nullptr;
    if (!message) return;
    if (message->status == "failed" &&
        message->contentAttributes.value("external_error", "") == error)
        return;  // a second identical mark changes nothing and tells nobody
    message->status = "failed";
    message->contentAttributes["external_error"] = error;
    message->updated = unixMs();
    this->message("message_updated", *row, *message);
}

}  // namespace totem_sandbox::chatwoot
