#include "world/base/random.hpp"
#include "world/chatwoot/payloads.hpp"
#include "world/chatwoot/service.hpp"

#include <algorithm>
#include <set>

namespace totem_sandbox::chatwoot {
namespace {

using nlohmann::json;

const std::set<std::string> kEvents = {"conversation_status_changed",
                                       "conversation_updated",
                                       "conversation_created",
                                       "contact_created",
                                       "contact_updated",
                                       "message_created",
                                       "message_updated",
                                       "webwidget_triggered",
                                       "inbox_created",
                                       "inbox_updated",
                                       "conversation_typing_on",
                                       "conversation_typing_off"};

std::vector<std::string> subscriptionsOf(const json& body) {
    if (!body.contains("subscriptions")) return {};
    if (!body["subscriptions"].is_array() || body["subscriptions"].empty())
        refuse("Subscriptions Invalid events", "subscriptions");
    std::vector<std::string> list;
    for (const json& event : body["subscriptions"]) {
        if (!event.is_string() || !kEvents.count(event.get<std::string>()))
            refuse("Subscriptions Invalid events", "subscriptions");
        list.push_back(event);
    }
    return list;
}

/// The parameters may stand flat or under `webhook`.
json webhookBody(const json& body) {
    return body.contains("webhook") && body["webhook"].is_object() ? body["webhook"] : body;
}

bool isHttp(const std::string& url) {
    return url.rfind("http://", 0) == 0 || url.rfind("https://", 0) == 0;
}

}  // namespace

Reply ChatwootService::profile(const Request& request) {
    std::lock_guard lock(store_.mutex);
    const Actor actor = authenticate(request);
    if (actor.kind == SenderKind::bot)
        throw ApiError(401, {{"error", "Access to this endpoint is not authorized for bots"}});
    const User& user = *store_.user(actor.id);
    const std::string role = user.role == Role::administrator ? "administrator" : "agent";
    return Reply::json(200, {{"id", user.id},
                             {"name", user.name},
                             {"email", user.email},
                             {"access_token", user.token},
                             {"pubsub_token", "pubsub-" + std::to_string(user.id)},
                             {"account_id", store_.account.id},
                             {"role", role},
                             {"accounts",
                              {{{"id", store_.account.id},
                                {"name", store_.account.name},
                                {"role", role},
                                {"status", "active"},
                                {"permissions", {role}}}}}});
}

Reply ChatwootService::listInboxes(Call& call) {
    json list = json::array();
    for (const auto& [id, inbox] : store_.inboxes)
        list.push_back(restInbox(inbox, call.administrator()));
    return Reply::json(200, {{"payload", list}});
}

Reply ChatwootService::showInbox(Call& call) {
    return Reply::json(200, restInbox(needInbox(call.id(1)), call.administrator()));
}

Reply ChatwootService::createInbox(Call& call) {
    const json channel = call.body.value("channel", json::object());
    if (!channel.is_object() || channel.value("type", json()) != "api")
        refuse("only channels of type api are played here", "channel");
    if (call.text("name").empty()) refuse("Name can't be blank", "name");
    Inbox inbox;
    inbox.id = store_.inboxes.rbegin()->first + 1;
    inbox.name = call.text("name");
    inbox.webhookUrl = channel.value("webhook_url", "");
    inbox.secret = token(24);
    inbox.identifier = token(24);
    inbox.hmacToken = token(24);
    inbox.lockToSingle = call.body.value("lock_to_single_conversation", json()) == true;
    store_.inboxes[inbox.id] = inbox;
    return Reply::json(200, restInbox(inbox, true));
}

Reply ChatwootService::patchInbox(Call& call) {
    Inbox& inbox = needInbox(call.id(1));
    const json channel = call.body.value("channel", json::object());
    if (channel.is_object() && channel.contains("webhook_url"))
        inbox.webhookUrl =
            channel["webhook_url"].is_string() ? channel["webhook_url"].get<std::string>() : "";
    if (!call.text("name").empty()) inbox.name = call.text("name");
    if (call.body.contains("lock_to_single_conversation"))
        inbox.lockToSingle = call.body["lock_to_single_conversation"] == true;
    return Reply::json(200, restInbox(inbox, true));
}

Reply ChatwootService::resetInboxSecret(Call& call) {
    Inbox& inbox = needInbox(call.id(1));
    inbox.secret = token(24);
    return Reply::json(200, restInbox(inbox, true));
}

Reply ChatwootService::inboxBot(Call& call) {
    const AgentBot* bot = store_.activeBot(needInbox(call.id(1)).id);
    return Reply::json(
        200, {{"agent_bot", bot ? restBot(store_, *bot, call.administrator()) : json::object()}});
}

Reply ChatwootService::setInboxBot(Call& call) {
    Inbox& inbox = needInbox(call.id(1));
    const std::string given = call.text("agent_bot");
    inbox.botId = given.empty() ? 0 : std::atoll(given.c_str());
    if (inbox.botId != 0 && !store_.bot(inbox.botId)) notFound();
    return Reply::empty();
}

Reply ChatwootService::listBots(Call& call) {
    json list = json::array();
    for (const AgentBot& bot : store_.bots)
        list.push_back(restBot(store_, bot, call.administrator()));
    return Reply::json(200, list);
}

Reply ChatwootService::showBot(Call& call) {
    const AgentBot* bot = store_.bot(call.id(1));
    if (!bot) notFound();
    return Reply::json(200, restBot(store_, *bot, call.administrator()));
}

Reply ChatwootService::createBot(Call& call) {
    AgentBot bot{static_cast<Id>(store_.bots.size()) + 1, call.text("name"), token(24),
                 call.text("outgoing_url"), token(24)};
    if (bot.name.empty()) refuse("Name can't be blank", "name");
    store_.bots.push_back(bot);
    return Reply::json(200, restBot(store_, bot, true));
}

Reply ChatwootService::patchBot(Call& call) {
    for (AgentBot& bot : store_.bots) {
        if (bot.id != call.id(1)) continue;
        if (call.body.contains("outgoing_url")) bot.outgoingUrl = call.text("outgoing_url");
        if (call.body.contains("name")) bot.name = call.text("name");
        return Reply::json(200, restBot(store_, bot, true));
    }
    notFound();
}

Reply ChatwootService::listWebhooks(Call&) {
    json list = json::array();
    for (const Webhook& hook : store_.webhooks) list.push_back(restWebhook(store_, hook));
    return Reply::json(200, {{"payload", {{"webhooks", list}}}});
}

Reply ChatwootService::createWebhook(Call& call) {
    const json body = webhookBody(call.body);
    Webhook hook;
    hook.url = body.value("url", "");
    hook.name = body.value("name", "");
    if (!isHttp(hook.url)) refuse("Url is invalid", "url");
    for (const Webhook& other : store_.webhooks)
        if (other.url == hook.url) refuse("Url has already been taken", "url");
    hook.subscriptions = subscriptionsOf(body);
    hook.id = store_.nextId();
    hook.secret = token(24);
    store_.webhooks.push_back(hook);
    return Reply::json(200, {{"payload", {{"webhook", restWebhook(store_, hook)}}}});
}

Reply ChatwootService::patchWebhook(Call& call) {
    const json body = webhookBody(call.body);
    for (Webhook& hook : store_.webhooks) {
        if (hook.id != call.id(1)) continue;
        if (body.contains("subscriptions")) hook.subscriptions = subscriptionsOf(body);
        if (body.contains("url")) hook.url = body.value("url", "");
        return Reply::json(200, {{"payload", {{"webhook", restWebhook(store_, hook)}}}});
    }
    notFound();
}

Reply ChatwootService::deleteWebhook(Call& call) {
    const Id id = call.id(1);
    const auto found = std::find_if(store_.webhooks.begin(), store_.webhooks.end(),
                                    [id](const Webhook& hook) { return hook.id == id; });
    if (found == store_.webhooks.end()) notFound();
    store_.webhooks.erase(found);
    return Reply::empty();
}

Reply ChatwootService::listTeams(Call&) {
    json list = json::array();
    for (const auto& [id, name] : store_.teams)
        list.push_back({{"id", id},
                        {"name", name},
                        {"description", ""},
                        {"allow_auto_assign", true},
                        {"account_id", store_.account.id},
                        {"is_member", true}});
    return Reply::json(200, list);
}

Reply ChatwootService::listAgents(Call&) {
    json list = json::array();
    for (const User& user : store_.users) list.push_back(restUser(user, store_.account.id));
    return Reply::json(200, list);
}

Reply ChatwootService::listLabels(Call&) {
    return Reply::json(200, {{"payload", json::array()}});
}

}  // namespace totem_sandbox::chatwoot
