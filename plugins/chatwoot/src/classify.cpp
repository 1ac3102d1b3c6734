#include "classify.hpp"

#include <Poco/SHA1Engine.h>

namespace totem::chatwoot {
namespace {

std::string digest(std::string_view text) {
    Poco::SHA1Engine sha;
    sha.update(text.data(), text.size());
    return Poco::DigestEngine::digestToHex(sha.digest()).substr(0, 20);
}

/// A member of an object, or null; never throws, whatever is there.
const Json& at(const Json& object, const char* name) {
    static const Json none;
    if (!object.is_object()) return none;
    auto found = object.find(name);
    return found == object.end() ? none : *found;
}

std::int64_t number(const Json& value) {
    return value.is_number_integer() ? value.get<std::int64_t>() : 0;
}
std::string text(const Json& value) {
    return value.is_string() ? value.get<std::string>() : std::string();
}

std::int64_t accountOf(const Json& body, std::int64_t fallback) {
    if (const auto id = number(at(at(body, "account"), "id")); id != 0) return id;
    if (const auto id = number(at(at(at(body, "conversation"), "account"), "id")); id != 0)
        return id;
    // Before 4.14.2 conversation events do not name the account; the newest message does.
    for (const Json* conversation : {&body, &at(body, "conversation")}) {
        const Json& messages = at(*conversation, "messages");
        if (messages.is_array() && !messages.empty()) {
            if (const auto id = number(at(messages.front(), "account_id")); id != 0) return id;
        }
    }
    return fallback;
}

/// The conversation, which is the top level in conversation events.
const Json& conversationOf(const Json& body, const std::string& event) {
    static const Json none;
    if (event.rfind("conversation_", 0) == 0 && event.rfind("conversation_typing", 0) != 0)
        return body;
    const Json& nested = at(body, "conversation");
    if (nested.is_object()) return nested;
    const Json& current = at(body, "current_conversation");
    return current.is_object() ? current : none;
}

Json contactOf(const Json& conversation, const Json& sender) {
    const Json& person = at(at(conversation, "meta"), "sender").is_object()
                             ? at(at(conversation, "meta"), "sender")
                             : sender;
    Json contact = Json::object();
    for (const char* name : {"id", "name", "phone_number", "identifier", "email"}) {
        if (!at(person, name).is_null()) contact[name] = at(person, name);
    }
    return contact;
}

std::string typeOf(const std::string& event, const Json& body) {
    if (event == "message_updated") return "message.updated";
    if (event != "message_created") return "chatwoot." + event;
    if (at(body, "private") == Json(true)) return "chatwoot.note";
    const std::string kind = text(at(body, "message_type"));
    if (kind == "incoming") return "message.received";
    if (kind == "outgoing" || kind == "template") return "message.sent";
    return "chatwoot." + (kind.empty() ? std::string("message") : kind);
}

/// Made from Chatwoot's own ids, so that the same thing told twice is one event. Updates have no id
/// of their own: the state that they tell is.
std::string idOf(const std::string& event, const Json& body, std::string_view raw) {
    const std::string id = at(body, "id").is_number() ? at(body, "id").dump() : std::string();
    if ((event == "message_created" || event == "conversation_created" ||
         event == "contact_created") &&
        !id.empty())
        return event + ":" + id;
    return event + ":" + id + ":" + digest(raw);
}

}  // namespace

std::string authorOf(const Json& message) {
    const std::string kind = text(at(message, "message_type"));
    if (kind == "incoming") return "customer";
    if (kind == "template") return "system";
    const std::string sender = text(at(at(message, "sender"), "type"));
    if (sender == "agent_bot") return "bot";
    if (sender == "captain_assistant") return "ai";
    if (!at(at(message, "content_attributes"), "automation_rule_id").is_null()) return "rule";
    if (!at(at(message, "additional_attributes"), "campaign_id").is_null()) return "campaign";
    if (at(at(message, "content_attributes"), "external_echo") == Json(true)) return "app";
    return sender == "user" ? "agent" : "unknown";
}

Json eventOf(const Json& body, std::string_view raw, const Json& headers,
             std::int64_t fallbackAccount) {
    const std::string event = text(at(body, "event"));
    if (event.empty() || event.size() > 80 ||
        event.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_.") != std::string::npos) {
        throw Failure(Status::kInvalid, "the body is no Chatwoot webhook: it has no \"event\"");
    }
    const Json& conversation = conversationOf(body, event);
    const std::int64_t account = accountOf(body, fallbackAccount);
    const std::int64_t conversationId = number(at(conversation, "id"));
    const std::string type = typeOf(event, body);
    Json data{{"channel", "chatwoot"}, {"event", event}, {"account", account}};
    if (conversationId != 0) {
        data["conversation"] = conversationId;
        data["status"] = at(conversation, "status");
        data["inbox"] = {{"id", at(conversation, "inbox_id")},
                         {"channel", at(conversation, "channel")},
                         {"name", at(at(body, "inbox"), "name")}};
        data["contact"] = contactOf(conversation, at(body, "sender"));
        data["assignee"] = at(at(conversation, "meta"), "assignee").is_object()
                               ? at(at(at(conversation, "meta"), "assignee"), "id")
                               : Json();
        data["labels"] = at(conversation, "labels");
    }
    if (event.rfind("message_", 0) == 0) {
        data["message"] = at(body, "id");
        data["text"] = text(at(body, "content"));
        data["author"] = authorOf(body);
        data["private"] = at(body, "private") == Json(true);
        data["content_type"] = at(body, "content_type");
        data["attachments"] =
            at(body, "attachments").is_array() ? at(body, "attachments") : Json::array();
    }
    data["webhook"] = {
        {"path", "chatwoot"}, {"headers", headers}, {"query", Json::object()}, {"body", body}};
    Json result{{"id", idOf(event, body, raw)},
                {"type", type},
                {"source", "chatwoot/" + std::to_string(account)},
                {"data", std::move(data)}};
    if (const std::string created = text(at(body, "created_at")); !created.empty())
        result["time"] = created;
    if (conversationId == 0) return result;
    result["subject"] =
        "chatwoot/" + std::to_string(account) + "/" + std::to_string(conversationId);
    if (type == "message.received") {
        const Json where{{"account", account}, {"conversation", conversationId}};
        Json open = where;
        open["status"] = "open";
        result["reply"] = {
            {"action", "chatwoot.send_message"},
            {"arguments", where},
            {"handoff", {{"action", "chatwoot.set_status"}, {"arguments", std::move(open)}}}};
    }
    return result;
}

}  // namespace totem::chatwoot
