#pragma once

#include "world/chatwoot/store.hpp"

namespace totem_sandbox::chatwoot {

/// The JSON that Chatwoot makes of its rows. All need the store's mutex held.
///
/// "webhook": top level of what it posts; "push": nested in it; "rest": what its API answers.
nlohmann::json webhookContact(const Store& store, const Contact& contact);
nlohmann::json pushContact(const Contact& contact);
nlohmann::json restContact(Store& store, const Contact& contact, bool withInboxes = true);
nlohmann::json pushUser(const User& user);
nlohmann::json restUser(const User& user, Id accountId);
nlohmann::json webhookUser(const User& user);
nlohmann::json webhookSender(Store& store, const Message& message);
nlohmann::json webhookActor(Store& store, const Actor& actor);
nlohmann::json webhookMessage(Store& store, const Conversation& conversation,
                              const Message& message);
nlohmann::json restMessage(Store& store, const Message& message);
nlohmann::json webhookConversation(Store& store, const Conversation& conversation);
nlohmann::json restConversation(Store& store, const Conversation& conversation);
nlohmann::json inboxSummary(const Inbox& inbox);
nlohmann::json restInbox(const Inbox& inbox, bool administrator);
nlohmann::json restBot(const Store& store, const AgentBot& bot, bool administrator);
nlohmann::json restWebhook(const Store& store, const Webhook& webhook);

/// "incoming", "outgoing", "activity", "template"
const char* typeName(MessageType type);

/// JSON as Rails writes it: <, >, & and the two line separators are escaped.
std::string railsJson(const nlohmann::json& value);

}  // namespace totem_sandbox::chatwoot
