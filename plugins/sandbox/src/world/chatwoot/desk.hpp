#pragma once

#include "world/chatwoot/events.hpp"
#include "world/chatwoot/store.hpp"

#include <stdexcept>

namespace totem_sandbox::chatwoot {

/// The answer to a request that Chatwoot refuses.
struct ApiError : std::runtime_error {
    ApiError(int code, nlohmann::json answer)
        : std::runtime_error(answer.dump()), status(code), body(std::move(answer)) {}
    int status;
    nlohmann::json body;
};
/// Refuses an attribute as Rails does: 422 with the sentence and the name.
[[noreturn]] inline void refuse(const std::string& why, const char* attribute) {
    throw ApiError(422, {{"message", why}, {"attributes", {attribute}}});
}

/// What happens at the agents' desk: each operation changes the rows with all that follows from
/// it and announces the events. The store's mutex is held by the caller throughout.
class Desk {
public:
    Desk(Store& store, Events& events, const ChatwootSettings& settings);

    Contact& createContact(Contact contact);
    void contactChanged(const Contact& contact, const std::string& attribute);

    /// Opens a conversation. With an active bot it starts `pending` whatever `status` says.
    Conversation& openConversation(const ContactInbox& address, const std::string& status);

    /// Stores a message: limits, Liquid, the conversation's status and times, the events.
    Message& post(Conversation& conversation, Message message);
    void messageChanged(Conversation& conversation, Message& message);

    /// Returns false when nothing changed.
    bool setStatus(Conversation& conversation, const std::string& status, const Actor* by);
    void assign(Conversation& conversation, Id user, Id bot, const Actor* by);
    void assignTeam(Conversation& conversation, Id team);
    void changed(Conversation& conversation, const std::string& attribute,
                 const nlohmann::json& before, const nlohmann::json& after);
    void activity(Conversation& conversation, const std::string& text);

private:
    void checkLimits(const Conversation& conversation, const Message& message) const;
    void incomingArrived(Conversation& conversation);
    void outgoingLeft(Conversation& conversation, const Message& message);
    nlohmann::json liquidVariables(const Conversation& conversation, const Message& message);
    void botFailed(Conversation& conversation);

    Store& store_;
    Events& events_;
    const ChatwootSettings& settings_;
};

}  // namespace totem_sandbox::chatwoot
