#pragma once

#include "world/base/http_types.hpp"
#include "world/chatwoot/desk.hpp"

namespace totem_sandbox::chatwoot {

/// Chatwoot's REST interface over the store: tokens, permissions, validation, answers and the
/// texts of its refusals. The routes with their access rules stand in service.cpp.
class ChatwootService : public Service {
public:
    explicit ChatwootService(const EventContext& context);

    Reply handle(const Request& request) override;
    Store& store() { return store_; }
    Events& events() { return events_; }

private:
    /// One authenticated call inside the account; `store_.mutex` is held while it runs.
    struct Call {
        const Request& request;
        Actor actor;
        nlohmann::json body;
        nlohmann::json attachments;
        std::string trace;
        /// The n-th part of the path after the account, as a number; 404 when it is none.
        Id id(std::size_t n) const;
        std::string text(const char* name) const;
        bool administrator() const { return actor.role == Role::administrator; }
    };
    using Handler = Reply (ChatwootService::*)(Call&);
    enum class Access { user, administrator, bot };
    struct Route {
        const char* verb;
        const char* form;
        Handler handler;
        Access access;
    };
    static const Route kRoutes[];

    Reply inAccount(const Request& request);
    Actor authenticate(const Request& request);
    void readBody(Call& call);
    std::string keep(Media file);
    Reply file(const Request& request);

    // contacts.cpp
    Reply createContact(Call&);
    Reply showContact(Call&);
    Reply updateContact(Call&);
    Reply deleteContact(Call&);
    Reply searchContacts(Call&);
    Reply filterContacts(Call&);
    Reply filterContactInboxes(Call&);
    Reply createContactInbox(Call&);
    Reply contactableInboxes(Call&);
    Reply contactConversations(Call&);
    Reply contactLabels(Call&);
    Reply setContactLabels(Call&);
    ContactInbox& attach(Contact& contact, Inbox& inbox, const std::string& sourceId,
                         bool fromConversation);
    void applyContact(Contact& contact, const nlohmann::json& body);

    // conversations.cpp
    Reply createConversation(Call&);
    Reply listConversations(Call&);
    Reply showConversation(Call&);
    Reply patchConversation(Call&);
    Reply filterConversations(Call&);
    Reply toggleStatus(Call&);
    Reply togglePriority(Call&);
    Reply toggleTyping(Call&);
    Reply updateLastSeen(Call&);
    Reply assign(Call&);
    Reply conversationLabels(Call&);
    Reply setConversationLabels(Call&);
    Reply setCustomAttributes(Call&);
    nlohmann::json counts(Id userId) const;

    // messages.cpp
    Reply createMessage(Call&);
    Reply listMessages(Call&);
    Reply patchMessage(Call&);
    Reply deleteMessage(Call&);
    Reply retryMessage(Call&);
    Message build(Call& call, const nlohmann::json& body, const Conversation& conversation);

    // account.cpp
    Reply listInboxes(Call&);
    Reply showInbox(Call&);
    Reply createInbox(Call&);
    Reply patchInbox(Call&);
    Reply resetInboxSecret(Call&);
    Reply inboxBot(Call&);
    Reply setInboxBot(Call&);
    Reply listBots(Call&);
    Reply showBot(Call&);
    Reply createBot(Call&);
    Reply patchBot(Call&);
    Reply listWebhooks(Call&);
    Reply createWebhook(Call&);
    Reply patchWebhook(Call&);
    Reply deleteWebhook(Call&);
    Reply listTeams(Call&);
    Reply listAgents(Call&);
    Reply listLabels(Call&);
    Reply profile(const Request& request);

    Contact& needContact(Id id);
    Conversation& needConversation(Id id);
    Inbox& needInbox(Id id);

    const EventContext base_;
    Store store_;
    Events events_;
    Desk desk_;
};

[[noreturn]] void notFound();

}  // namespace totem_sandbox::chatwoot
