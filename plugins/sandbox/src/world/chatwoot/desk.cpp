#include "world/chatwoot/desk.hpp"

#include "world/base/clock.hpp"
#include "world/chatwoot/liquid.hpp"
#include "world/chatwoot/payloads.hpp"

#include <cctype>

namespace totem_sandbox::chatwoot {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxContent = 150000;

std::size_t characters(const std::string& utf8) {
    std::size_t count = 0;
    for (const char c : utf8) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    return count;
}

json change(const std::string& attribute, const json& before, const json& after) {
    return {{attribute, {{"previous_value", before}, {"current_value", after}}}};
}

json orNull(Id id) {
    return id == 0 ? json(nullptr) : json(id);
}

std::string firstWord(const std::string& text) {
    return text.substr(0, text.find(' '));
}

std::string capitalised(const std::string& name) {
    std::string out = name;
    bool first = true;
    for (char& c : out) {
        if (static_cast<unsigned char>(c) < 128)
            c = static_cast<char>(first ? std::toupper(c) : std::tolower(c));
        first = c == ' ';
    }
    return out;
}

}  // namespace

Desk::Desk(Store& store, Events& events, const ChatwootSettings& settings)
    : store_(store), events_(events), settings_(settings) {
    events_.onBotFailure = [this](Conversation& c) { botFailed(c); };
}

Contact& Desk::createContact(Contact contact) {
    Contact& row = store_.addContact(std::move(contact));
    events_.contact("contact_created", row);
    return row;
}

void Desk::contactChanged(const Contact& contact, const std::string& attribute) {
    events_.contact("contact_updated", contact, json::array({change(attribute, nullptr, "…")}));
}

Conversation& Desk::openConversation(const ContactInbox& address, const std::string& status) {
    Conversation row;
    row.contactInboxId = address.id;
    row.contactId = address.contactId;
    row.inboxId = address.inboxId;
    row.status = status.empty() ? "open" : status;
    if (store_.activeBot(address.inboxId)) row.status = "pending";
    const Contact* contact = store_.contact(address.contactId);
    if (contact && contact->blocked) row.status = "resolved";
    Conversation& stored = store_.addConversation(std::move(row));
    events_.conversation("conversation_created", stored);
    return stored;
}

void Desk::checkLimits(const Conversation& conversation, const Message& message) const {
    const auto refuse = [](const std::string& why) {
        throw ApiError(422, {{"error", "Validation failed: " + why}});
    };
    if (message.content && characters(*message.content) > kMaxContent)
        refuse("Content is too long (maximum is 150000 characters)");
    if (settings_.messagesPerMinute <= 0) return;
    const Time since = unixMs() - 60000;
    int recent = 0;
    for (auto it = conversation.messages.rbegin();
         it != conversation.messages.rend() && it->created > since; ++it)
        ++recent;
    if (recent >= settings_.messagesPerMinute) refuse("Too many messages");
}

json Desk::liquidVariables(const Conversation& conversation, const Message& message) {
    json variables = {{"conversation", {{"display_id", conversation.id}}},
                      {"account", {{"name", store_.account.name}}}};
    if (const Inbox* inbox = store_.inbox(conversation.inboxId))
        variables["inbox"] = {{"name", inbox->name}};
    if (const Contact* contact = store_.contact(conversation.contactId)) {
        const std::string name = capitalised(contact->name.value_or(""));
        const std::size_t space = name.rfind(' ');
        variables["contact"] = {
            {"name", name},
            {"first_name", firstWord(name)},
            {"last_name", space == std::string::npos ? "" : name.substr(space + 1)},
            {"email", contact->email.value_or("")},
            {"phone_number", contact->phone.value_or("")},
            {"custom_attribute", contact->custom}};
    }
    if (message.sender == SenderKind::user)
        if (const User* user = store_.user(message.senderId))
            variables["agent"] = {{"name", user->name},
                                  {"first_name", firstWord(user->name)},
                                  {"email", user->email}};
    return variables;
}

Message& Desk::post(Conversation& conversation, Message message) {
    checkLimits(conversation, message);
    const bool templated =
        message.type == MessageType::outgoing || message.type == MessageType::template_;
    if (message.content && templated)
        message.content = renderLiquid(*message.content, liquidVariables(conversation, message));
    Message& stored = store_.addMessage(conversation, std::move(message));
    conversation.lastActivity = conversation.updated = stored.created;
    events_.message("message_created", conversation, stored);
    if (stored.type == MessageType::incoming)
        incomingArrived(conversation);
    else if (!stored.isPrivate && stored.type == MessageType::outgoing)
        outgoingLeft(conversation, stored);
    return stored;
}

void Desk::incomingArrived(Conversation& conversation) {
    ++conversation.unread;
    if (Contact* contact = store_.contact(conversation.contactId)) {
        contact->lastActivity = conversation.lastActivity;
        contactChanged(*contact, "last_activity_at");
    }
    if (!conversation.muted) {
        const bool bot = store_.activeBot(conversation.inboxId) != nullptr;
        if (conversation.status == "resolved")
            setStatus(conversation, bot ? "pending" : "open", nullptr);
        if (conversation.status == "snoozed") setStatus(conversation, "open", nullptr);
    }
    if (conversation.waitingSince == 0) {
        conversation.waitingSince = conversation.lastActivity;
        changed(conversation, "waiting_since", nullptr, isoTime(conversation.waitingSince));
    }
}

void Desk::outgoingLeft(Conversation& conversation, const Message& message) {
    if (message.sender == SenderKind::user) {
        conversation.unread = 0;
        conversation.agentSeen = message.created;
        if (conversation.firstReply == 0) conversation.firstReply = message.created;
    }
    if (conversation.waitingSince == 0) return;
    const std::string before = isoTime(conversation.waitingSince);
    conversation.waitingSince = 0;
    changed(conversation, "waiting_since", before, nullptr);
}

void Desk::messageChanged(Conversation& conversation, Message& message) {
    message.updated = unixMs();
    events_.message("message_updated", conversation, message);
}

void Desk::changed(Conversation& conversation, const std::string& attribute, const json& before,
                   const json& after) {
    const Time previous = conversation.updated;
    conversation.updated = unixMs();
    events_.conversation(
        "conversation_updated", conversation,
        json::array({change(attribute, before, after),
                     change("updated_at", isoTime(previous), isoTime(conversation.updated))}));
}

bool Desk::setStatus(Conversation& conversation, const std::string& status, const Actor* by) {
    if (conversation.status == status) return false;
    const std::string before = conversation.status;
    conversation.status = status;
    if (status != "snoozed") conversation.snoozedUntil = 0;
    if (before == "pending" && status == "open" && by && by->kind == SenderKind::bot)
        conversation.waitingSince = unixMs();
    if (status == "resolved") conversation.waitingSince = 0;
    if (by) {
        static const std::map<std::string, std::string> kTexts = {
            {"open", "Conversation was reopened by "},
            {"resolved", "Conversation was marked resolved by "},
            {"pending", "Conversation was marked as pending by "},
            {"snoozed", "Conversation was snoozed by "}};
        activity(conversation, kTexts.at(status) + by->name);
    }
    // The first of the two carries null: the change is already empty after the save.
    events_.conversation("conversation_status_changed", conversation, nullptr);
    changed(conversation, "status", before, status);
    return true;
}

void Desk::assign(Conversation& conversation, Id user, Id bot, const Actor* by) {
    const Id userBefore = conversation.assigneeId;
    const Id botBefore = conversation.assigneeBotId;
    conversation.assigneeId = user;
    conversation.assigneeBotId = bot;
    if (user != userBefore) {
        const User* row = store_.user(user);
        if (by)
            activity(conversation, row ? "Assigned to " + row->name + " by " + by->name
                                       : "Conversation unassigned by " + by->name);
        changed(conversation, "assignee_id", orNull(userBefore), orNull(user));
    }
    if (bot != botBefore)
        changed(conversation, "assignee_agent_bot_id", orNull(botBefore), orNull(bot));
}

void Desk::assignTeam(Conversation& conversation, Id team) {
    const Id before = conversation.teamId;
    conversation.teamId = team;
    if (before != team) changed(conversation, "team_id", orNull(before), orNull(team));
}

void Desk::activity(Conversation& conversation, const std::string& text) {
    Message message;
    message.type = MessageType::activity;
    message.content = text;
    store_.addMessage(conversation, std::move(message));
}

void Desk::botFailed(Conversation& conversation) {
    activity(conversation,
             "Conversation was marked open by system due to an error with the agent bot.");
    setStatus(conversation, "open", nullptr);
}

}  // namespace totem_sandbox::chatwoot
