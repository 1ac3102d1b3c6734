#include "world/chatwoot/store.hpp"

#include "world/base/clock.hpp"
#include "world/base/random.hpp"

#include <algorithm>

namespace totem_sandbox::chatwoot {
namespace {

constexpr std::size_t kMaxMessages = 2000;

std::string sourceKey(Id inboxId, const std::string& sourceId) {
    return std::to_string(inboxId) + "/" + sourceId;
}

template <class Map>
auto* rowOf(Map& map, Id id) {
    const auto found = map.find(id);
    return found == map.end() ? nullptr : &found->second;
}

}  // namespace

Store::Store(const ChatwootSettings& settings) : settings_(settings) {
    seed();
}

void Store::seed() {
    account.id = settings_.accountId;
    users = {{1, "Rosa Díaz", "rosa@totem.example", settings_.userToken, Role::administrator},
             {2, "Luis Ramos", "luis@totem.example", settings_.userToken + "-agent", Role::agent}};
    bots = {{1, "Totem", settings_.botToken, settings_.botUrl, settings_.botSecret}};
    teams = {{1, "ventas"}, {2, "soporte"}};
    Inbox inbox{1, settings_.inboxName, settings_.inboxWebhookUrl, settings_.inboxSecret};
    inbox.identifier = token(24);
    inbox.hmacToken = token(24);
    inbox.lockToSingle = settings_.lockToSingleConversation;
    inbox.botId = settings_.botUrl.empty() ? 0 : 1;
    inboxes = {{1, inbox}};
    webhooks.clear();
    for (const auto& hook : settings_.webhooks)
        webhooks.push_back({nextId(), hook.url, "", hook.secret, hook.subscriptions});
}

void Store::reset() {
    contacts.clear();
    contactInboxes.clear();
    conversations.clear();
    files.clear();
    phoneIndex_.clear();
    identifierIndex_.clear();
    sourceIndex_.clear();
    conversationIndex_.clear();
    addressIndex_.clear();
    const std::string bridge = inboxes[1].webhookUrl;
    seed();
    if (inboxes[1].webhookUrl.empty()) inboxes[1].webhookUrl = bridge;
}

const User* Store::user(Id id) const {
    for (const User& u : users)
        if (u.id == id) return &u;
    return nullptr;
}

const AgentBot* Store::bot(Id id) const {
    for (const AgentBot& b : bots)
        if (b.id == id) return &b;
    return nullptr;
}

Inbox* Store::inbox(Id id) {
    return rowOf(inboxes, id);
}
Contact* Store::contact(Id id) {
    return rowOf(contacts, id);
}
Conversation* Store::conversation(Id id) {
    return rowOf(conversations, id);
}

ContactInbox* Store::contactInbox(Id inboxId, const std::string& sourceId) {
    const auto found = sourceIndex_.find(sourceKey(inboxId, sourceId));
    return found == sourceIndex_.end() ? nullptr : rowOf(contactInboxes, found->second);
}

const AgentBot* Store::activeBot(Id inboxId) const {
    const auto found = inboxes.find(inboxId);
    return found == inboxes.end() || found->second.botId == 0 ? nullptr : bot(found->second.botId);
}

std::vector<Conversation*> Store::conversationsOf(Id contactId) {
    std::vector<Conversation*> rows;
    for (const Id id : conversationIndex_[contactId])
        if (Conversation* row = conversation(id)) rows.push_back(row);
    std::sort(rows.begin(), rows.end(), [](const Conversation* a, const Conversation* b) {
        return a->lastActivity > b->lastActivity;
    });
    return rows;
}

std::vector<ContactInbox*> Store::contactInboxesOf(Id contactId) {
    std::vector<ContactInbox*> rows;
    for (const Id id : addressIndex_[contactId])
        if (ContactInbox* row = rowOf(contactInboxes, id)) rows.push_back(row);
    return rows;
}

Contact* Store::contactByPhone(const std::string& phone) {
    const auto found = phoneIndex_.find(phone);
    return found == phoneIndex_.end() ? nullptr : contact(found->second);
}

Contact& Store::addContact(Contact row) {
    row.id = nextId();
    row.created = unixMs();
    if (row.phone) phoneIndex_[*row.phone] = row.id;
    return contacts[row.id] = std::move(row);
}

void Store::setPhone(Contact& row, OptionalText phone) {
    if (row.phone) phoneIndex_.erase(*row.phone);
    row.phone = std::move(phone);
    if (row.phone) phoneIndex_[*row.phone] = row.id;
}

void Store::setIdentifier(Contact& row, OptionalText identifier) {
    if (row.identifier) identifierIndex_.erase(*row.identifier);
    row.identifier = std::move(identifier);
    if (row.identifier) identifierIndex_[*row.identifier] = row.id;
}

Contact* Store::contactByIdentifier(const std::string& identifier) {
    const auto found = identifierIndex_.find(identifier);
    return found == identifierIndex_.end() ? nullptr : contact(found->second);
}

void Store::removeContact(Id id) {
    Contact* row = contact(id);
    if (!row) return;
    setPhone(*row, std::nullopt);
    setIdentifier(*row, std::nullopt);
    for (const ContactInbox* address : contactInboxesOf(id)) {
        sourceIndex_.erase(sourceKey(address->inboxId, address->sourceId));
        contactInboxes.erase(address->id);
    }
    for (const Id conversationId : conversationIndex_[id]) conversations.erase(conversationId);
    addressIndex_.erase(id);
    conversationIndex_.erase(id);
    contacts.erase(id);
}

ContactInbox& Store::addContactInbox(Id contactId, Id inboxId, std::string sourceId) {
    if (sourceId.empty()) sourceId = uuid();
    ContactInbox row{nextId(), contactId, inboxId, sourceId, token(24), unixMs()};
    sourceIndex_[sourceKey(inboxId, sourceId)] = row.id;
    addressIndex_[contactId].push_back(row.id);
    return contactInboxes[row.id] = row;
}

Conversation& Store::addConversation(Conversation row) {
    row.id = nextConversation();
    row.uuid = uuid();
    row.created = row.updated = row.lastActivity = unixMs();
    conversationIndex_[row.contactId].push_back(row.id);
    return conversations[row.id] = std::move(row);
}

Message& Store::addMessage(Conversation& conversation, Message message) {
    message.id = nextId();
    message.conversationId = conversation.id;
    message.inboxId = conversation.inboxId;
    message.created = message.updated = unixMs();
    conversation.messages.push_back(std::move(message));
    if (conversation.messages.size() > kMaxMessages) conversation.messages.pop_front();
    return conversation.messages.back();
}

}  // namespace totem_sandbox::chatwoot
