#include "world/base/clock.hpp"
#include "world/chatwoot/filter.hpp"
#include "world/chatwoot/payloads.hpp"
#include "world/chatwoot/service.hpp"

#include <Poco/String.h>

#include <algorithm>

namespace totem_sandbox::chatwoot {
namespace {

using nlohmann::json;

constexpr int kContactsPerPage = 15;
constexpr std::size_t kMaxConversations = 20;
constexpr std::size_t kMaxString = 255;

/// E.164 at the end: `+`, a digit that is not 0, one to fourteen more.
bool isPhone(const std::string& text) {
    if (text.size() < 3 || text.size() > 16 || text[0] != '+' || text[1] == '0') return false;
    return text.find_first_not_of("0123456789", 1) == std::string::npos;
}

OptionalText optionalText(const json& body, const char* name) {
    if (!body.contains(name) || body[name].is_null()) return std::nullopt;
    const json& value = body[name];
    const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    if (text.size() > kMaxString)
        refuse(std::string(name) + " is too long (maximum is 255 characters)", name);
    if (text.empty()) return std::nullopt;
    return text;
}

int pageOf(const Request& request) {
    const std::string page = request.param("page");
    return std::max(1, page.empty() ? 1 : std::atoi(page.c_str()));
}

bool identified(const Contact& c) {
    return c.email || c.phone || c.identifier;
}

/// One page of the chosen contacts.
json pageJson(Store& store, const std::vector<const Contact*>& all, int page, bool countAll) {
    json payload = json::array();
    const std::size_t from = static_cast<std::size_t>(page - 1) * kContactsPerPage;
    for (std::size_t i = from; i < all.size() && i < from + kContactsPerPage; ++i)
        payload.push_back(restContact(store, *all[i]));
    json meta = {{"count", countAll ? all.size() : payload.size()}, {"current_page", page}};
    if (!countAll) meta["has_more"] = all.size() > from + kContactsPerPage;
    return {{"meta", meta}, {"payload", payload}};
}

}  // namespace

void ChatwootService::applyContact(Contact& contact, const json& body) {
    if (body.contains("email")) {
        OptionalText email = optionalText(body, "email");
        if (email) email = Poco::toLower(*email);
        for (const auto& [id, other] : store_.contacts)
            if (email && id != contact.id && other.email == email)
                refuse("Email has already been taken", "email");
        contact.email = email;
    }
    if (body.contains("identifier")) {
        const OptionalText identifier = optionalText(body, "identifier");
        if (identifier && store_.contactByIdentifier(*identifier) &&
            store_.contactByIdentifier(*identifier)->id != contact.id)
            refuse("Identifier has already been taken", "identifier");
        store_.setIdentifier(contact, identifier);
    }
    if (body.contains("phone_number")) {
        const OptionalText phone = optionalText(body, "phone_number");
        if (phone && !isPhone(*phone))
            refuse("Phone number should be in e164 format", "phone_number");
        const Contact* owner = phone ? store_.contactByPhone(*phone) : nullptr;
        if (owner && owner->id != contact.id)
            refuse("Phone number has already been taken", "phone_number");
        store_.setPhone(contact, phone);
    }
    if (body.contains("name")) contact.name = optionalText(body, "name").value_or("");
    if (body.contains("blocked") && body["blocked"].is_boolean()) contact.blocked = body["blocked"];
    for (const auto& [name, target] :
         {std::pair<const char*, json*>{"custom_attributes", &contact.custom},
          {"additional_attributes", &contact.additional}})
        if (body.contains(name) && body[name].is_object()) target->update(body[name]);
}

ContactInbox& ChatwootService::attach(Contact& contact, Inbox& inbox, const std::string& sourceId,
                                      bool fromConversation) {
    if (ContactInbox* row = sourceId.empty() ? nullptr : store_.contactInbox(inbox.id, sourceId)) {
        if (row->contactId == contact.id) return *row;
        if (fromConversation) refuse("source_id should be unique", "source_id");
        throw ApiError(500, {{"status", 500}, {"error", "Internal Server Error"}});
    }
    return store_.addContactInbox(contact.id, inbox.id, sourceId);
}

Reply ChatwootService::createContact(Call& call) {
    Inbox* inbox = call.body.contains("inbox_id") && !call.text("inbox_id").empty()
                       ? &needInbox(std::atoll(call.text("inbox_id").c_str()))
                       : nullptr;
    const std::string source = call.text("source_id");
    if (inbox && !source.empty() && store_.contactInbox(inbox->id, source))
        throw ApiError(500, {{"status", 500}, {"error", "Internal Server Error"}});
    Contact& contact = store_.addContact({});
    try {
        applyContact(contact, call.body);
    } catch (const ApiError&) {
        store_.removeContact(contact.id);
        throw;
    }
    events_.contact("contact_created", contact);
    json address = {{"inbox", nullptr}, {"source_id", nullptr}};
    if (inbox) {
        const ContactInbox& row = store_.addContactInbox(contact.id, inbox->id, source);
        address = {{"inbox", restInbox(*inbox, call.administrator())}, {"source_id", row.sourceId}};
    }
    return Reply::json(
        200,
        {{"payload", {{"contact", restContact(store_, contact)}, {"contact_inbox", address}}}});
}

Reply ChatwootService::showContact(Call& call) {
    const Contact& contact = needContact(call.id(1));
    const bool inboxes = call.request.param("include_contact_inboxes") != "false";
    return Reply::json(200, {{"payload", restContact(store_, contact, inboxes)}});
}

Reply ChatwootService::updateContact(Call& call) {
    Contact& contact = needContact(call.id(1));
    applyContact(contact, call.body);
    for (const auto& [name, value] : call.body.items()) {
        desk_.contactChanged(contact, name);
        break;
    }
    return Reply::json(200, {{"payload", restContact(store_, contact)}});
}

Reply ChatwootService::deleteContact(Call& call) {
    store_.removeContact(needContact(call.id(1)).id);
    return Reply::empty();
}

Reply ChatwootService::searchContacts(Call& call) {
    const std::string q = call.request.param("q");
    if (q.empty()) throw ApiError(422, {{"error", "Specify search string with parameter q"}});
    const std::string lower = Poco::toLower(q);
    std::vector<const Contact*> found;
    const auto has = [](const OptionalText& text, const std::string& part) {
        return text && Poco::toLower(*text).find(part) != std::string::npos;
    };
    for (const auto& [id, c] : store_.contacts)
        if (has(c.name, lower) || has(c.email, lower) || has(c.phone, lower) ||
            (c.identifier && c.identifier->find(q) != std::string::npos))
            found.push_back(&c);
    return Reply::json(200, pageJson(store_, found, pageOf(call.request), false));
}

Reply ChatwootService::filterContacts(Call& call) {
    const Filter filter(call.body,
                        {"name", "phone_number", "email", "identifier", "country_code", "city",
                         "company_name", "labels", "created_at", "last_activity_at", "blocked"});
    std::vector<const Contact*> found;
    // The common question has an index: thousands of customers, one asked for by phone.
    if (const std::string phone = filter.onlyEqual("phone_number"); !phone.empty()) {
        if (const Contact* c = store_.contactByPhone(phone[0] == '+' ? phone : "+" + phone))
            found.push_back(c);
    } else {
        for (const auto& [id, c] : store_.contacts) {
            if (!identified(c)) continue;
            json row = restContact(store_, c, false);
            row["labels"] = c.labels;
            if (filter.matches(row)) found.push_back(&c);
        }
    }
    return Reply::json(200, pageJson(store_, found, pageOf(call.request), true));
}

Reply ChatwootService::filterContactInboxes(Call& call) {
    const Inbox& inbox = needInbox(std::atoll(call.text("inbox_id").c_str()));
    const ContactInbox* row = store_.contactInbox(inbox.id, call.text("source_id"));
    const Contact* contact = row ? store_.contact(row->contactId) : nullptr;
    if (!contact) return Reply::empty(404);
    return Reply::json(200, restContact(store_, *contact));
}

Reply ChatwootService::createContactInbox(Call& call) {
    Contact& contact = needContact(call.id(1));
    Inbox& inbox = needInbox(std::atoll(call.text("inbox_id").c_str()));
    const ContactInbox& row = attach(contact, inbox, call.text("source_id"), false);
    return Reply::json(
        200, {{"source_id", row.sourceId}, {"inbox", restInbox(inbox, call.administrator())}});
}

Reply ChatwootService::contactableInboxes(Call& call) {
    json list = json::array();
    for (const ContactInbox* row : store_.contactInboxesOf(needContact(call.id(1)).id))
        list.push_back({{"inbox", restInbox(needInbox(row->inboxId), call.administrator())},
                        {"source_id", row->sourceId}});
    return Reply::json(200, {{"payload", list}});
}

Reply ChatwootService::contactConversations(Call& call) {
    json list = json::array();
    for (const Conversation* row : store_.conversationsOf(needContact(call.id(1)).id)) {
        if (list.size() >= kMaxConversations) break;
        list.push_back(restConversation(store_, *row));
    }
    return Reply::json(200, {{"payload", list}});
}

Reply ChatwootService::contactLabels(Call& call) {
    return Reply::json(200, {{"payload", needContact(call.id(1)).labels}});
}

Reply ChatwootService::setContactLabels(Call& call) {
    Contact& contact = needContact(call.id(1));
    contact.labels = call.body.value("labels", std::vector<std::string>{});
    desk_.contactChanged(contact, "label_list");
    return Reply::json(200, {{"payload", contact.labels}});
}

}  // namespace totem_sandbox::chatwoot
