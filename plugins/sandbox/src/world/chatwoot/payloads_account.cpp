#include "world/chatwoot/payloads.hpp"

namespace totem_sandbox::chatwoot {

using nlohmann::json;

json inboxSummary(const Inbox& inbox) {
    return {{"id", inbox.id},
            {"avatar_url", ""},
            {"channel_id", inbox.id},
            {"name", inbox.name},
            {"channel_type", "Channel::Api"},
            {"provider", nullptr}};
}

json restInbox(const Inbox& inbox, bool administrator) {
    json out = {{"id", inbox.id},
                {"avatar_url", ""},
                {"channel_id", inbox.id},
                {"name", inbox.name},
                {"channel_type", "Channel::Api"},
                {"greeting_enabled", false},
                {"greeting_message", nullptr},
                {"working_hours_enabled", false},
                {"enable_auto_assignment", false},
                {"lock_to_single_conversation", inbox.lockToSingle},
                {"timezone", "UTC"},
                {"webhook_url", inbox.webhookUrl},
                {"inbox_identifier", inbox.identifier},
                {"additional_attributes", json::object()},
                {"hmac_mandatory", false}};
    if (administrator) {
        out["hmac_token"] = inbox.hmacToken;
        out["secret"] = inbox.secret;
    }
    return out;
}

json restBot(const Store& store, const AgentBot& bot, bool administrator) {
    json out = {{"id", bot.id},
                {"name", bot.name},
                {"description", nullptr},
                {"thumbnail", ""},
                {"outgoing_url", bot.outgoingUrl},
                {"bot_type", "webhook"},
                {"bot_config", json::object()},
                {"account_id", store.account.id},
                {"access_token", bot.token},
                {"system_bot", false}};
    if (administrator) out["secret"] = bot.secret;
    return out;
}

json restWebhook(const Store& store, const Webhook& hook) {
    return {{"id", hook.id},
            {"name", hook.name.empty() ? json(nullptr) : json(hook.name)},
            {"url", hook.url},
            {"account_id", store.account.id},
            {"subscriptions", hook.subscriptions},
            {"secret", hook.secret}};
}

}  // namespace totem_sandbox::chatwoot
