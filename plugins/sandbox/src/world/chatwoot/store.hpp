#pragma once

#include "world/base/http_types.hpp"
#include "world/base/settings.hpp"
#include "world/chatwoot/model.hpp"

#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <unordered_map>

namespace totem_sandbox::chatwoot {

/// All rows of the played Chatwoot in memory. Whoever touches it holds `mutex`; pointers and
/// references into it are good while the mutex is held.
class Store {
public:
    explicit Store(const ChatwootSettings& settings);

    std::mutex mutex;

    Account account;
    std::vector<User> users;
    std::vector<AgentBot> bots;
    std::vector<Webhook> webhooks;
    std::map<Id, Inbox> inboxes;
    std::map<Id, std::string> teams;
    std::map<Id, Contact> contacts;
    std::map<Id, ContactInbox> contactInboxes;
    std::map<Id, Conversation> conversations;

    /// Uploaded files by their address, the newest.
    std::deque<std::pair<std::string, Media>> files;

    Id nextId() { return ++lastId_; }
    /// The id that the next row will get.
    Id peekId() const { return lastId_ + 1; }
    Id nextConversation() { return ++lastConversation_; }

    /// Each answers nullptr when there is none.
    const User* user(Id id) const;
    const AgentBot* bot(Id id) const;
    Inbox* inbox(Id id);
    Contact* contact(Id id);
    Conversation* conversation(Id id);
    ContactInbox* contactInbox(Id inboxId, const std::string& sourceId);
    const AgentBot* activeBot(Id inboxId) const;

    /// Rows that a person has in one place. The newest activity comes first.
    std::vector<Conversation*> conversationsOf(Id contactId);
    std::vector<ContactInbox*> contactInboxesOf(Id contactId);
    Contact* contactByPhone(const std::string& phone);
    Contact* contactByIdentifier(const std::string& identifier);

    /// Registers the new row in the indexes.
    ContactInbox& addContactInbox(Id contactId, Id inboxId, std::string sourceId);
    Conversation& addConversation(Conversation conversation);
    Contact& addContact(Contact contact);
    void removeContact(Id id);
    void setPhone(Contact& contact, OptionalText phone);
    void setIdentifier(Contact& contact, OptionalText identifier);
    /// Appends and drops the oldest message above the bound.
    Message& addMessage(Conversation& conversation, Message message);

    /// Everything as at the start; ids go on.
    void reset();

private:
    void seed();

    const ChatwootSettings settings_;
    std::unordered_map<std::string, Id> phoneIndex_;
    std::unordered_map<std::string, Id> identifierIndex_;
    std::unordered_map<std::string, Id> sourceIndex_;
    std::unordered_map<Id, std::vector<Id>> conversationIndex_;
    std::unordered_map<Id, std::vector<Id>> addressIndex_;
    Id lastId_ = 1000;
    Id lastConversation_ = 0;
};

}  // namespace totem_sandbox::chatwoot
