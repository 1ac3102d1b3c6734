#include "world/base/clock.hpp"
#include "world/base/journeys.hpp"
#include "world/chatwoot/payloads.hpp"
#include "world/chatwoot/service.hpp"

#include <set>

namespace totem_sandbox::chatwoot {
namespace {

using nlohmann::json;

constexpr std::size_t kNewest = 20, kAfter = 100, kBetween = 1000;

const std::set<std::string> kContentTypes = {
    "text",         "input_text", "input_textarea", "input_email",    "input_select",
    "cards",        "form",       "article",        "incoming_email", "input_csat",
    "integrations", "sticker",    "voice_call"};

[[noreturn]] void invalid(const std::string& why) {
    throw ApiError(422, {{"error", why}});
}

/// Wrong keys inside the items of an interactive message are refused.
void checkItems(const std::string& contentType, const json& attributes) {
    static const std::map<std::string, std::set<std::string>> kAllowed = {
        {"input_select", {"title", "value"}},
        {"cards", {"title", "description", "media_url", "actions"}},
        {"form",
         {"name", "label", "type", "placeholder", "default", "options", "required", "pattern",
          "pattern_error", "title"}},
        {"article", {"title", "description", "link"}}};
    const auto allowed = kAllowed.find(contentType);
    if (allowed == kAllowed.end()) return;
    const json items = attributes.value("items", json());
    if (!items.is_array() || items.empty())
        invalid("Validation failed: Content attributes At least one item is required.");
    for (const json& item : items) {
        if (!item.is_object()) invalid("Validation failed: Content attributes items are invalid");
        for (const auto& [key, value] : item.items())
            if (!allowed->second.count(key))
                invalid(
                    "Validation failed: Content attributes contains invalid keys for items : [\"" +
                    key + "\"]");
        if (contentType == "cards" && !item.contains("actions"))
            invalid("Validation failed: Content attributes contains items missing keys: actions");
    }
}

json attributesOf(const json& body) {
    json given = body.value("content_attributes", json::object());
    // In a form it may be a JSON string; what does not parse is dropped without a word.
    if (given.is_string()) given = parseBody(given.get<std::string>());
    return given.is_object() ? given : json::object();
}

bool truth(const json& body, const char* name) {
    const json value = body.value(name, json());
    return value == true || value == "true" || value == "1" || value == 1;
}

}  // namespace

Message ChatwootService::build(Call& call, const json& body, const Conversation& conversation) {
    const auto text = [&](const char* name) -> OptionalText {
        if (!body.contains(name) || body[name].is_null()) return std::nullopt;
        return body[name].is_string() ? body[name].get<std::string>() : body[name].dump();
    };
    Message m;
    const std::string type = text("message_type").value_or("outgoing");
    if (type != "outgoing" && type != "incoming")
        invalid("'" + type + "' is not a valid message_type");
    m.type = type == "incoming" ? MessageType::incoming : MessageType::outgoing;
    m.content = text("content");
    m.contentType = text("content_type").value_or("text");
    if (!kContentTypes.count(m.contentType))
        invalid("'" + m.contentType + "' is not a valid content_type");
    m.contentAttributes = attributesOf(body);
    checkItems(m.contentType, m.contentAttributes);
    m.isPrivate = truth(body, "private");
    m.sourceId = text("source_id");
    if (body.contains("template_params")) m.additional["template_params"] = body["template_params"];
    if (const auto campaign = text("campaign_id")) m.additional["campaign_id"] = *campaign;
    if (const auto created = text("external_created_at"))
        m.contentAttributes["external_created_at"] = *created;
    const Id bot = std::atoll(text("sender_id").value_or("0").c_str());
    if (m.type == MessageType::incoming) {
        m.sender = SenderKind::contact;
        m.senderId = conversation.contactId;
    } else if (text("sender_type") == "AgentBot" && store_.bot(bot)) {
        m.sender = SenderKind::bot;
        m.senderId = bot;
    } else {
        m.sender = call.actor.kind;
        m.senderId = call.actor.id;
    }
    m.attachments = call.attachments;
    return m;
}

Reply ChatwootService::createMessage(Call& call) {
    Conversation& row = needConversation(call.id(1));
    Message draft = build(call, call.body, row);
    for (json& file : draft.attachments) {
        file["id"] = store_.nextId();
        file["account_id"] = store_.account.id;
    }
    for (json& file : draft.attachments) file["message_id"] = store_.peekId();
    // The bridge marks the customer's messages with their WhatsApp id: there the journey goes on.
    const std::string source = draft.sourceId.value_or("");
    const bool customers = draft.type == MessageType::incoming;
    if (customers && source.rfind("WAID:", 0) == 0)
        call.trace = base_.journeys.byKey(source.substr(5));
    if (!customers) call.trace = base_.journeys.byConversation(row.id);
    // Bound before the events leave, so that they find their journey.
    if (customers) base_.journeys.bindChatwoot(call.trace, store_.peekId(), row.id);
    if (customers) base_.journeys.hop(call.trace, "chatwoot", "mensaje entrante");
    Message& stored = desk_.post(row, std::move(draft));
    if (!customers)
        base_.journeys.hop(call.trace, "message_created",
                           std::string(stored.isPrivate ? "nota privada" : "respuesta") + " de " +
                               call.actor.name);
    json answer = restMessage(store_, stored);
    if (call.body.contains("echo_id")) answer["echo_id"] = call.body["echo_id"];
    return Reply::json(200, answer);
}

Reply ChatwootService::listMessages(Call& call) {
    Conversation& row = needConversation(call.id(1));
    const Request& r = call.request;
    const Id after = std::atoll(r.param("after").c_str());
    const Id before = std::atoll(r.param("before").c_str());
    const bool publicOnly = r.hasParam("filter_internal_messages");
    std::vector<const Message*> rows;
    for (const Message& m : row.messages) {
        if (publicOnly && (m.isPrivate || m.type == MessageType::activity)) continue;
        if (after && before ? m.id < after : after && m.id <= after) continue;
        if (before && m.id >= before) continue;
        rows.push_back(&m);
    }
    const std::size_t limit = after && before ? kBetween : after ? kAfter : kNewest;
    if (rows.size() > limit) {
        if (after)
            rows.resize(limit);
        else
            rows.erase(rows.begin(), rows.end() - static_cast<std::ptrdiff_t>(limit));
    }
    json payload = json::array();
    for (const Message* m : rows) payload.push_back(restMessage(store_, *m));
    const Contact* contact = store_.contact(row.contactId);
    json meta = {{"labels", row.labels},
                 {"additional_attributes", row.additional},
                 {"contact", contact ? restContact(store_, *contact, false) : json()},
                 {"agent_last_seen_at", row.agentSeen / 1000},
                 {"assignee_last_seen_at", row.assigneeSeen / 1000}};
    if (const User* user = store_.user(row.assigneeId))
        meta["assignee"] = restUser(*user, store_.account.id);
    return Reply::json(200, {{"meta", meta}, {"payload", payload}});
}

Reply ChatwootService::patchMessage(Call& call) {
    Conversation& row = needConversation(call.id(1));
    Message* m = row.find(call.id(3));
    if (!m) notFound();
    static const std::set<std::string> kStatuses = {"sent", "delivered", "read", "failed"};
    const std::string status = call.text("status");
    const bool backwards = m->status == "read" && status == "delivered";
    if (kStatuses.count(status) && !backwards) {
        m->status = status;
        m->contentAttributes.erase("external_error");
        if (status == "failed" && !call.text("external_error").empty())
            m->contentAttributes["external_error"] = call.text("external_error");
        desk_.messageChanged(row, *m);
    }
    return Reply::json(200, restMessage(store_, *m));
}

Reply ChatwootService::deleteMessage(Call& call) {
    Conversation& row = needConversation(call.id(1));
    Message* m = row.find(call.id(3));
    if (!m) notFound();
    m->content = "This message was deleted";
    m->contentAttributes = {{"deleted", true}};
    m->attachments = json::array();
    desk_.messageChanged(row, *m);
    return Reply::json(200, restMessage(store_, *m));
}

Reply ChatwootService::retryMessage(Call& call) {
    Conversation& row = needConversation(call.id(1));
    Message* m = row.find(call.id(3));
    if (!m) notFound();
    // On an API inbox nothing is sent again: only the mark goes, and all attributes with it.
    m->status = "sent";
    m->contentAttributes = json::object();
    desk_.messageChanged(row, *m);
    return Reply::json(200, restMessage(store_, *m));
}

}  // namespace totem_sandbox::chatwoot
