#include "world/chatwoot/payloads.hpp"

#include "world/base/clock.hpp"
#include "world/base/http_types.hpp"

namespace totem_sandbox::chatwoot {
namespace {

using nlohmann::json;

json orNull(const OptionalText& text) {
    return text ? json(*text) : json(nullptr);
}
json seconds(Time time) {
    return time / 1000;
}
json isoOrNull(Time time) {
    return time == 0 ? json(nullptr) : json(isoTime(time));
}
json floatSeconds(Time time) {
    return static_cast<double>(time) / 1000.0;
}

json accountJson(const Store& store) {
    return {{"id", store.account.id}, {"name", store.account.name}};
}

const char* senderTypeName(SenderKind kind) {
    switch (kind) {
        case SenderKind::contact:
            return "Contact";
        case SenderKind::user:
            return "User";
        case SenderKind::bot:
            return "AgentBot";
        case SenderKind::none:
            break;
    }
    return nullptr;
}

/// The sender in push form, or null.
json pushSender(Store& store, const Message& message) {
    if (message.sender == SenderKind::contact) {
        const Contact* contact = store.contact(message.senderId);
        return contact ? pushContact(*contact) : json(nullptr);
    }
    if (message.sender == SenderKind::user) {
        const User* user = store.user(message.senderId);
        return user ? pushUser(*user) : json(nullptr);
    }
    if (message.sender == SenderKind::bot) {
        const AgentBot* bot = store.bot(message.senderId);
        if (bot)
            return {
                {"id", bot->id}, {"name", bot->name}, {"avatar_url", ""}, {"type", "agent_bot"}};
    }
    return nullptr;
}

std::string sourceOf(Store& store, const Conversation& conversation) {
    const auto found = store.contactInboxes.find(conversation.contactInboxId);
    return found == store.contactInboxes.end() ? "" : found->second.sourceId;
}

/// A message nested in a conversation.
json pushMessage(Store& store, const Conversation& conversation, const Message& m) {
    json out = {
        {"id", m.id},
        {"content", orNull(m.content)},
        {"account_id", store.account.id},
        {"inbox_id", m.inboxId},
        {"conversation_id", conversation.id},
        {"message_type", static_cast<int>(m.type)},
        {"created_at", seconds(m.created)},
        {"updated_at", isoTime(m.updated)},
        {"private", m.isPrivate},
        {"status", m.status},
        {"source_id", orNull(m.sourceId)},
        {"content_type", m.contentType},
        {"content_attributes", m.contentAttributes},
        {"sender_type", nullptr},
        {"sender_id", nullptr},
        {"external_source_ids", json::object()},
        {"additional_attributes", m.additional},
        {"processed_message_content", orNull(m.content)},
        {"sentiment", json::object()},
        {"conversation",
         {{"assignee_id", conversation.assigneeId ? json(conversation.assigneeId) : json(nullptr)},
          {"unread_count", std::min(conversation.unread, 10)},
          {"last_activity_at", seconds(conversation.lastActivity)},
          {"contact_inbox", {{"source_id", sourceOf(store, conversation)}}}}}};
    if (m.sender != SenderKind::none) {
        out["sender_type"] = senderTypeName(m.sender);
        out["sender_id"] = m.senderId;
        out["sender"] = pushSender(store, m);
    }
    if (!m.attachments.empty()) out["attachments"] = m.attachments;
    return out;
}

json assigneePush(Store& store, const Conversation& c) {
    if (const User* user = store.user(c.assigneeId)) return pushUser(*user);
    if (const AgentBot* bot = store.bot(c.assigneeBotId))
        return {{"id", bot->id}, {"name", bot->name}, {"avatar_url", ""}, {"type", "agent_bot"}};
    return nullptr;
}

json assigneeType(const Conversation& c) {
    if (c.assigneeId) return "User";
    if (c.assigneeBotId) return "AgentBot";
    return nullptr;
}

json teamJson(const Store& store, const Conversation& c) {
    const auto found = store.teams.find(c.teamId);
    if (found == store.teams.end()) return nullptr;
    return {{"id", found->first}, {"name", found->second}};
}

/// What webhook and REST form of a conversation share.
json commonConversation(const Conversation& c) {
    return {{"id", c.id},
            {"inbox_id", c.inboxId},
            {"additional_attributes", c.additional},
            {"can_reply", true},
            {"labels", c.labels},
            {"status", c.status},
            {"custom_attributes", c.custom},
            {"snoozed_until", isoOrNull(c.snoozedUntil)},
            {"unread_count", std::min(c.unread, 10)},
            {"priority", orNull(c.priority)},
            {"waiting_since", seconds(c.waitingSince)},
            {"agent_last_seen_at", seconds(c.agentSeen)},
            {"contact_last_seen_at", seconds(c.contactSeen)},
            {"last_activity_at", seconds(c.lastActivity)},
            {"timestamp", seconds(c.lastActivity)},
            {"created_at", seconds(c.created)},
            {"updated_at", floatSeconds(c.updated)}};
}

}  // namespace

const char* typeName(MessageType type) {
    static const char* const kNames[] = {"incoming", "outgoing", "activity", "template"};
    return kNames[static_cast<int>(type)];
}

json pushContact(const Contact& c) {
    return {{"additional_attributes", c.additional},
            {"custom_attributes", c.custom},
            {"email", orNull(c.email)},
            {"id", c.id},
            {"identifier", orNull(c.identifier)},
            {"name", c.name.value_or("")},
            {"phone_number", orNull(c.phone)},
            {"thumbnail", ""},
            {"blocked", c.blocked},
            {"type", "contact"}};
}

json webhookContact(const Store& store, const Contact& c) {
    json out = pushContact(c);
    out.erase("type");
    out["account"] = accountJson(store);
    out["avatar"] = "";
    return out;
}

json restContact(Store& store, const Contact& c, bool withInboxes) {
    json out = pushContact(c);
    out.erase("type");
    out["availability_status"] = "offline";
    out["created_at"] = seconds(c.created);
    if (c.lastActivity) out["last_activity_at"] = seconds(c.lastActivity);
    if (!withInboxes) return out;
    out["contact_inboxes"] = json::array();
    for (const ContactInbox* row : store.contactInboxesOf(c.id))
        if (const Inbox* inbox = store.inbox(row->inboxId))
            out["contact_inboxes"].push_back(
                {{"source_id", row->sourceId}, {"inbox", inboxSummary(*inbox)}});
    return out;
}

json pushUser(const User& u) {
    return {{"id", u.id},       {"name", u.name}, {"available_name", u.name},
            {"avatar_url", ""}, {"type", "user"}, {"availability_status", "online"},
            {"thumbnail", ""}};
}

json webhookUser(const User& u) {
    return {{"id", u.id}, {"name", u.name}, {"email", u.email}, {"type", "user"}};
}

json restUser(const User& u, Id accountId) {
    return {{"id", u.id},
            {"account_id", accountId},
            {"availability_status", "online"},
            {"auto_offline", true},
            {"confirmed", true},
            {"email", u.email},
            {"available_name", u.name},
            {"name", u.name},
            {"role", u.role == Role::administrator ? "administrator" : "agent"},
            {"thumbnail", ""}};
}

json webhookActor(Store& store, const Actor& actor) {
    if (actor.kind == SenderKind::bot)
        return {{"id", actor.id}, {"name", actor.name}, {"type", "agent_bot"}};
    const User* user = store.user(actor.id);
    return user ? webhookUser(*user) : json(nullptr);
}

json webhookSender(Store& store, const Message& m) {
    if (m.sender == SenderKind::contact) {
        const Contact* contact = store.contact(m.senderId);
        return contact ? webhookContact(store, *contact) : json(nullptr);
    }
    if (m.sender == SenderKind::user) {
        const User* user = store.user(m.senderId);
        return user ? webhookUser(*user) : json(nullptr);
    }
    if (m.sender == SenderKind::bot)
        if (const AgentBot* bot = store.bot(m.senderId))
            return {{"id", bot->id}, {"name", bot->name}, {"type", "agent_bot"}};
    return nullptr;
}

json webhookMessage(Store& store, const Conversation& conversation, const Message& m) {
    const Inbox* inbox = store.inbox(m.inboxId);
    json out = {{"account", accountJson(store)},
                {"additional_attributes", m.additional},
                {"content_attributes", m.contentAttributes},
                {"content_type", m.contentType},
                {"content", orNull(m.content)},
                {"conversation", webhookConversation(store, conversation)},
                {"created_at", isoTime(m.created)},
                {"id", m.id},
                {"inbox", {{"id", m.inboxId}, {"name", inbox ? inbox->name : ""}}},
                {"message_type", typeName(m.type)},
                {"private", m.isPrivate},
                {"sender", webhookSender(store, m)},
                {"source_id", orNull(m.sourceId)}};
    if (!m.attachments.empty()) out["attachments"] = m.attachments;
    return out;
}

json restMessage(Store& store, const Message& m) {
    json out = {{"id", m.id},
                {"content", orNull(m.content)},
                {"inbox_id", m.inboxId},
                {"conversation_id", m.conversationId},
                {"message_type", static_cast<int>(m.type)},
                {"content_type", m.contentType},
                {"status", m.status},
                {"content_attributes", m.contentAttributes},
                {"created_at", seconds(m.created)},
                {"private", m.isPrivate},
                {"source_id", orNull(m.sourceId)}};
    if (m.sender != SenderKind::none) out["sender"] = pushSender(store, m);
    if (!m.attachments.empty()) out["attachments"] = m.attachments;
    return out;
}

json webhookConversation(Store& store, const Conversation& c) {
    json out = commonConversation(c);
    out["channel"] = "Channel::Api";
    const auto row = store.contactInboxes.find(c.contactInboxId);
    if (row != store.contactInboxes.end())
        out["contact_inbox"] = {{"id", row->second.id},
                                {"contact_id", row->second.contactId},
                                {"inbox_id", row->second.inboxId},
                                {"source_id", row->second.sourceId},
                                {"created_at", isoTime(row->second.created)},
                                {"updated_at", isoTime(row->second.created)},
                                {"hmac_verified", false},
                                {"pubsub_token", row->second.pubsubToken}};
    out["messages"] = json::array();
    if (const Message* newest = c.newest(true))
        out["messages"].push_back(pushMessage(store, c, *newest));
    const Contact* contact = store.contact(c.contactId);
    out["meta"] = {{"sender", contact ? pushContact(*contact) : json(nullptr)},
                   {"assignee", assigneePush(store, c)},
                   {"assignee_type", assigneeType(c)},
                   {"team", teamJson(store, c)},
                   {"hmac_verified", false}};
    out["first_reply_created_at"] = isoOrNull(c.firstReply);
    out["account"] = accountJson(store);
    return out;
}

json restConversation(Store& store, const Conversation& c) {
    json out = commonConversation(c);
    out["uuid"] = c.uuid;
    out["account_id"] = store.account.id;
    out["muted"] = c.muted;
    out["assignee_last_seen_at"] = seconds(c.assigneeSeen);
    out["sla_policy_id"] = nullptr;
    out["first_reply_created_at"] = seconds(c.firstReply);
    const Contact* contact = store.contact(c.contactId);
    json meta = {{"sender", contact ? restContact(store, *contact, false) : json(nullptr)},
                 {"channel", "Channel::Api"},
                 {"hmac_verified", false}};
    if (const User* user = store.user(c.assigneeId)) {
        meta["assignee"] = restUser(*user, store.account.id);
        meta["assignee_type"] = "User";
    } else if (store.bot(c.assigneeBotId)) {
        meta["assignee"] = assigneePush(store, c);
        meta["assignee_type"] = "AgentBot";
    }
    if (c.teamId) meta["team"] = teamJson(store, c);
    out["meta"] = meta;
    out["messages"] = json::array();
    if (const Message* newest = c.newest(false))
        out["messages"].push_back(pushMessage(store, c, *newest));
    const Message* last = c.newest(true);
    out["last_non_activity_message"] = last ? pushMessage(store, c, *last) : json(nullptr);
    return out;
}

std::string railsJson(const json& value) {
    const std::string plain = dump(value);
    std::string out;
    out.reserve(plain.size() + 16);
    for (std::size_t i = 0; i < plain.size(); ++i) {
        const char c = plain[i];
        if (c == '<')
            out += "\\u003c";
        else if (c == '>')
            out += "\\u003e";
        else if (c == '&')
            out += "\\u0026";
        else if (plain.compare(i, 3, "\xE2\x80\xA8") == 0 ||
                 plain.compare(i, 3, "\xE2\x80\xA9") == 0) {
            out += plain[i + 2] == '\xA8' ? "\\u2028" : "\\u2029";
            i += 2;
        } else
            out += c;
    }
    return out;
}

}  // namespace totem_sandbox::chatwoot
