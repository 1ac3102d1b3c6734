#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace totem_sandbox::chatwoot {

/// The rows of the played Chatwoot. Times are milliseconds since 1970, 0 = never.
using Id = std::int64_t;
using Time = std::int64_t;
using OptionalText = std::optional<std::string>;

struct Account {
    Id id = 1;
    std::string name = "Totem Demo";
};

enum class Role { administrator, agent };

struct User {
    Id id;
    std::string name, email, token;
    Role role;
};

struct AgentBot {
    Id id;
    std::string name, token, outgoingUrl, secret;
};

struct Webhook {
    Id id;
    std::string url, name, secret;
    std::vector<std::string> subscriptions;
};

struct Inbox {
    Id id;
    std::string name, webhookUrl, secret, identifier, hmacToken;
    bool lockToSingle = false;
    Id botId = 0;
};

struct Contact {
    Id id = 0;
    OptionalText name, email, phone, identifier;
    bool blocked = false;
    nlohmann::json additional = nlohmann::json::object();
    nlohmann::json custom = nlohmann::json::object();
    std::vector<std::string> labels;
    Time created = 0, lastActivity = 0;
};

struct ContactInbox {
    Id id = 0, contactId = 0, inboxId = 0;
    std::string sourceId, pubsubToken;
    Time created = 0;
};

enum class MessageType { incoming = 0, outgoing = 1, activity = 2, template_ = 3 };
enum class SenderKind { none, contact, user, bot };

struct Message {
    Id id = 0, conversationId = 0, inboxId = 0;
    MessageType type = MessageType::outgoing;
    OptionalText content;
    std::string contentType = "text";
    nlohmann::json contentAttributes = nlohmann::json::object();
    nlohmann::json additional = nlohmann::json::object();
    bool isPrivate = false;
    std::string status = "sent";
    OptionalText sourceId;
    SenderKind sender = SenderKind::none;
    Id senderId = 0;
    Time created = 0, updated = 0;
    nlohmann::json attachments = nlohmann::json::array();
};

struct Conversation {
    Id id = 0, contactInboxId = 0, contactId = 0, inboxId = 0;
    std::string uuid, status = "open";
    OptionalText priority;
    Id assigneeId = 0, assigneeBotId = 0, teamId = 0;
    std::vector<std::string> labels;
    nlohmann::json custom = nlohmann::json::object();
    nlohmann::json additional = nlohmann::json::object();
    Time waitingSince = 0, firstReply = 0, agentSeen = 0, assigneeSeen = 0, contactSeen = 0;
    Time lastActivity = 0, created = 0, updated = 0, snoozedUntil = 0;
    int unread = 0;
    bool muted = false;
    std::deque<Message> messages;  ///< ascending by id, the newest kept

    const Message* newest(bool publicOnly) const;
    Message* find(Id messageId);
};

/// Who makes a request.
struct Actor {
    SenderKind kind = SenderKind::user;
    Id id = 0;
    Role role = Role::administrator;
    std::string name;
};

inline const Message* Conversation::newest(bool publicOnly) const {
    for (auto it = messages.rbegin(); it != messages.rend(); ++it)
        if (!publicOnly || (!it->isPrivate && it->type != MessageType::activity)) return &*it;
    return nullptr;
}

inline Message* Conversation::find(Id messageId) {
    for (auto it = messages.rbegin(); it != messages.rend(); ++it)
        if (it->id == messageId) return &*it;
    return nullptr;
}

}  // namespace totem_sandbox::chatwoot
