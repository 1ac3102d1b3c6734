#include "classify.hpp"

#include <time.h>

#include <algorithm>
#include <array>

#include "content.hpp"
#include "reading.hpp"

namespace totem::evolution {
namespace {

constexpr std::size_t kMaxName = 100;
constexpr std::size_t kMaxKeyId = 160;
constexpr std::int64_t kLastSecond = 253402300799;  // of the year 9999

/// The names that can stand at the end of the path when webhooks come "by events".
constexpr std::array kEvents{"messages.upsert", "send.message",
                             "messages.update", "messages.edited",
                             "messages.delete", "send.message.update",
                             "messages.set",    "connection.update",
                             "qrcode.updated",  "status.instance",
                             "logout.instance", "remove.instance",
                             "instance.create", "instance.delete",
                             "contacts.upsert", "contacts.update",
                             "contacts.set",    "chats.set",
                             "chats.upsert",    "chats.update",
                             "chats.delete",    "groups.upsert",
                             "groups.update",   "group-participants.update",
                             "presence.update", "call",
                             "labels.edit",     "labels.association"};

std::string dashed(std::string name) {
    for (char& c : name) {
        if (c == '.' || c == '_') c = '-';
    }
    return name;
}

bool isEventName(std::string_view name) {
    return !name.empty() && name.size() <= kMaxName &&
           name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._-") ==
               std::string_view::npos;
}

bool isInstanceName(std::string_view name) {
    return !name.empty() && name.size() <= kMaxName &&
           std::none_of(name.begin(), name.end(),
                        [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

/// What the path adds: /webhook/evolution/<instance>/<event-with-dashes>, each may be absent.
void readPath(std::string_view path, std::string& event, std::string& instance) {
    constexpr std::string_view kPrefix = "/webhook/evolution/";
    if (path.substr(0, kPrefix.size()) != kPrefix) return;
    path.remove_prefix(kPrefix.size());
    while (!path.empty()) {
        const auto slash = std::min(path.find('/'), path.size());
        const std::string segment(path.substr(0, slash));
        path.remove_prefix(std::min(slash + 1, path.size()));
        if (segment.empty()) continue;
        const auto known = std::find_if(kEvents.begin(), kEvents.end(),
                                        [&](const char* name) { return dashed(name) == segment; });
        if (known != kEvents.end())
            event = *known;
        else if (instance.empty())
            instance = segment;
    }
}

std::string ownJid(const Webhook& webhook) {
    return plainJid(textAt(webhook.body, "sender"));
}

bool isMessage(const std::string& event) {
    return event == "messages.upsert" || event == "send.message";
}
bool isUpdate(const std::string& event) {
    return event == "messages.update" || event == "messages.edited" || event == "messages.delete" ||
           event == "send.message.update";
}

/// The key of a message or of what is told about one: a `key` object, or spread over the item.
const Json& keyOf(const Json& item) {
    return at(item, "key").is_object() ? at(item, "key") : item;
}

bool fromMe(const Json& item, const std::string& event) {
    const Json& flag = at(keyOf(item), "fromMe");
    return flag.is_boolean() ? flag.get<bool>()
                             : event == "send.message" || event == "send.message.update";
}

/// WhatsApp's id of the message; an update calls it keyId.
std::string messageIdOf(const Json& item) {
    for (const auto& [holder, name] : {std::pair(&item, "keyId"), std::pair(&keyOf(item), "id")}) {
        const Json& id = at(*holder, name);
        if (id.is_string() && !id.get_ref<const std::string&>().empty())
            return id.get<std::string>();
        if (id.is_number()) return id.dump();
    }
    return {};
}

std::string stableId(const Json& item) {
    const std::string id = messageIdOf(item);
    if (id.empty()) return "~" + digestOf(dumpJson(item));
    return id.size() > kMaxKeyId ? "~" + digestOf(id) : id;
}

std::string timeOf(std::int64_t seconds) {
    const time_t moment = seconds;
    tm parts{};
    gmtime_r(&moment, &parts);
    char text[40];
    return {text, strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

/// One event in the making.
class Maker {
public:
    Maker(const Webhook& webhook, const std::string& phone)
        : webhook_(webhook), phone_(phone), own_(ownJid(webhook)) {}

    Json make(const Json& item) {
        data_ = Json{
            {"channel", "evolution"}, {"event", webhook_.event}, {"instance", webhook_.instance}};
        event_ = Json{{"source", "evolution/" + webhook_.instance}};
        const bool about = item.is_object() &&
                           (isMessage(webhook_.event) || isUpdate(webhook_.event)) &&
                           readChat(item);
        if (about && isMessage(webhook_.event))
            message(item);
        else if (about)
            update(item);
        else
            other(item);
        return std::move(event_);
    }

    /// The finished event, with the post for flows that have a Webhook node on our path.
    Json with(Json event, Json body) {
        data_["webhook"] = {{"path", "evolution"},
                            {"headers", webhook_.headers},
                            {"query", webhook_.query},
                            {"body", std::move(body)}};
        event["data"] = std::move(data_);
        return event;
    }

private:
    bool readChat(const Json& item) {
        mine_ = fromMe(item, webhook_.event);
        chat_ = chatOf(keyOf(item), mine_, own_);
        if (chat_.chat.empty()) return false;
        if (chat_.phone.empty() && !phone_.empty() && isLid(chat_.chat))
            chat_.chat = chat_.phone = phone_;
        kind_ = chatKindOf(chat_.chat);
        event_["subject"] = "evolution/" + webhook_.instance + "/" + chat_.chat;
        data_["chat"] = chat_.chat;
        data_["from_me"] = mine_;
        if (!chat_.phone.empty()) data_["phone"] = digitsOf(chat_.phone);
        if (!chat_.lid.empty()) data_["lid"] = chat_.lid;
        data_["message"] = messageIdOf(item);
        if (kind_ == ChatKind::kPrivate) {
            Json arguments{{"instance", webhook_.instance}, {"number", chat_.chat}};
            event_["reply"] = {{"action", "evolution.send_text"},
                               {"arguments", std::move(arguments)}};
        } else if (const Identity author = authorOf(keyOf(item)); !author.chat.empty()) {
            data_["author"] = {{"jid", author.chat}};
            if (!author.phone.empty()) data_["author"]["phone"] = digitsOf(author.phone);
        }
        return true;
    }

    void message(const Json& item) {
        const Content content = contentOf(at(item, "message"), textAt(item, "messageType"));
        if (content.kind == "protocol" && at(*content.node, "key").is_object())
            return protocol(*content.node);
        if (content.kind == "none") return other(item);
        describe(item, content);
        event_["type"] = messageType(content.kind);
        event_["id"] = "messages.upsert:" + messageWhere() + stableId(item);
        if (content.kind == "reaction") data_["target"] = textAt(at(*content.node, "key"), "id");
    }

    std::string messageType(const std::string& kind) const {
        switch (kind_) {
            case ChatKind::kGroup:
                return "evolution.group_message";
            case ChatKind::kBroadcast:
                return "evolution.status_broadcast";
            case ChatKind::kNewsletter:
                return "evolution.newsletter_message";
            case ChatKind::kPrivate:
                break;
        }
        if (kind == "reaction" || kind == "poll_vote" || kind == "call" || kind == "protocol")
            return "evolution." + kind;
        return mine_ ? "message.sent" : "message.received";
    }

    void describe(const Json& item, const Content& content) {
        data_["kind"] = content.kind;
        data_["text"] = content.text;
        data_["attachments"] =
            content.attachment.is_null() ? Json::array() : Json::array({content.attachment});
        if (!content.choice.empty()) data_["choice"] = content.choice;
        // Evolution calls the owner "Você"; some versions give an address for a name.
        const std::string name = textAt(item, "pushName");
        if (!mine_ && !name.empty() && name != "Você" && name.find('@') == std::string::npos)
            data_["name"] = name;
        if (const std::string status = textAt(item, "status"); !status.empty())
            data_["status"] = status;
        const std::int64_t seconds = wholeNumber(at(item, "messageTimestamp"));
        if (seconds > 0 && seconds <= kLastSecond) {
            data_["timestamp"] = seconds;
            event_["time"] = timeOf(seconds);
        }
        quote(contextOf(item, content), at(at(item, "message"), "quoted"));
    }

    void quote(const Json& context, const Json& channelQuote) {
        std::string id = textAt(context, "stanzaId");
        if (id.empty()) id = textAt(channelQuote, "id");
        if (id.empty()) return;
        data_["quoted"] = {{"message", id}};
        if (at(context, "quotedMessage").is_object())
            data_["quoted"]["text"] = contentOf(at(context, "quotedMessage"), {}).text;
    }

    void update(const Json& item) {
        if (webhook_.event == "messages.edited" || webhook_.event == "send.message.update")
            return protocol(item);
        if (webhook_.event == "messages.delete") return deleted(item);
        const Json& message = at(item, "message");
        if (message.is_object() && !message.empty()) return edited(item, message, {});
        const std::string status = textAt(item, "status");
        if (status.empty()) return other(item);
        data_["status"] = status;
        finishUpdate("messages.update:" + where() + stableId(item) + ":" + status);
    }

    /// An edit or a revocation, as WhatsApp itself says it. Its key names the original message.
    void protocol(const Json& item) {
        data_["message"] = messageIdOf(item);
        const Json& type = at(item, "type");
        const Json& content = at(item, "editedMessage");
        if (type == "REVOKE" || type == 0) return deleted(item);
        if (!content.is_object()) return other(item);
        edited(item, content, std::to_string(wholeNumber(at(item, "timestampMs"))));
    }

    void deleted(const Json& item) {
        data_["status"] = "DELETED";
        finishUpdate("messages.delete:" + where() + stableId(item));
    }

    void edited(const Json& item, const Json& message, const std::string& moment) {
        const Content content = contentOf(message, {});
        data_["status"] = "EDITED";
        data_["kind"] = content.kind;
        data_["text"] = content.text;
        // Without a moment of its own an edit is told apart by when Evolution told it.
        const std::string mark =
            moment.empty() || moment == "0"
                ? digestOf(dumpJson(message) + textAt(webhook_.body, "date_time"))
                : moment;
        finishUpdate("messages.edited:" + where() + stableId(item) + ":" + mark);
    }

    void finishUpdate(std::string id) {
        event_["id"] = std::move(id);
        event_["type"] = kind_ == ChatKind::kPrivate ? "message.updated" : genericType();
    }

    /// Everything that is no message of a customer or to one.
    void other(const Json& item) {
        event_.erase("reply");
        event_["type"] = genericType();
        event_["id"] = webhook_.event + ":" + webhook_.instance + ":" +
                       digestOf(dumpJson(item) + textAt(webhook_.body, "date_time"));
        if (event_.contains("subject")) return;
        const std::string group = plainJid(textAt(item, "id"));
        event_["subject"] = "evolution/" + webhook_.instance +
                            (chatKindOf(group) == ChatKind::kGroup ? "/" + group : "");
        for (const char* name : {"state", "status", "action"}) {
            if (const std::string value = textAt(item, name); !value.empty()) data_[name] = value;
        }
        if (const auto reason = wholeNumber(at(item, "statusReason")); reason != 0)
            data_["reason"] = reason;
    }

    std::string genericType() const {
        std::string name = webhook_.event;
        for (char& c : name) {
            if (c == '.' || c == '-') c = '_';
        }
        return "evolution." + name;
    }

    /// <instance>:<chat>: with our own messages apart: an id is unique only among one side's.
    std::string where() const {
        return webhook_.instance + ":" + chat_.chat + (mine_ ? ":me:" : ":");
    }

    /// A customer's message may be told once with the LID and once with the phone, which is one
    /// message: its id alone tells it apart. In groups others see the ids and could take them.
    std::string messageWhere() const {
        return kind_ == ChatKind::kPrivate && !mine_ ? webhook_.instance + ":" : where();
    }

    const Webhook& webhook_;
    const std::string& phone_;
    const std::string own_;
    Json event_, data_;
    Identity chat_;
    ChatKind kind_ = ChatKind::kPrivate;
    bool mine_ = false;
};

/// The messages or updates of a post; mostly one. Lists of anything else stay together: a history
/// must not look like news.
bool isList(const Webhook& webhook) {
    const Json& data = at(webhook.body, "data");
    return (isMessage(webhook.event) || isUpdate(webhook.event)) && data.is_array() &&
           !data.empty();
}

const Json& firstItem(const Webhook& webhook) {
    const Json& data = at(webhook.body, "data");
    return isList(webhook) ? data.front() : data;
}

}  // namespace

Webhook webhookOf(Json body, std::string_view path, std::string_view eventType,
                  std::string_view instanceName) {
    std::string pathEvent, pathInstance;
    readPath(path, pathEvent, pathInstance);
    Webhook webhook;
    for (const std::string& name :
         {textAt(body, "event"), std::string(eventType), pathEvent, std::string("unknown")}) {
        if (webhook.event.empty() && isEventName(name)) webhook.event = name;
    }
    for (const std::string& name :
         {textAt(body, "instance"), textAt(at(body, "data"), "instance"), std::string(instanceName),
          pathInstance, std::string("unknown")}) {
        if (webhook.instance.empty() && isInstanceName(name)) webhook.instance = name;
    }
    // Evolution may put the key of an instance, or of the whole server, into what it posts.
    for (const char* secret : {"apikey", "api_key"}) {
        if (!at(body, secret).is_null()) body[secret] = nullptr;
    }
    webhook.body = std::move(body);
    return webhook;
}

std::vector<Identity> pairsIn(const Webhook& webhook) {
    std::vector<Identity> pairs;
    const Json& item = firstItem(webhook);
    if (!isMessage(webhook.event) || !item.is_object() || fromMe(item, webhook.event)) return pairs;
    for (Identity who : {chatOf(keyOf(item), false, ownJid(webhook)), authorOf(keyOf(item))}) {
        if (who.pair()) pairs.push_back(std::move(who));
    }
    return pairs;
}

std::string unknownLid(const Webhook& webhook) {
    const Json& item = firstItem(webhook);
    if ((!isMessage(webhook.event) && !isUpdate(webhook.event)) || !item.is_object()) return {};
    const Identity chat = chatOf(keyOf(item), fromMe(item, webhook.event), ownJid(webhook));
    return isLid(chat.chat) ? chat.chat : std::string();
}

std::vector<Json> eventsOf(Webhook webhook, const std::string& phone) {
    std::vector<Json> events;
    if (!isList(webhook)) {
        Maker maker(webhook, phone);
        Json event = maker.make(at(webhook.body, "data"));
        events.push_back(maker.with(std::move(event), std::move(webhook.body)));
        return events;
    }
    Json items = Json::array();
    items.swap(webhook.body["data"]);
    for (Json& item : items) {
        Maker maker(webhook, phone);
        Json event = maker.make(item);
        Json body{
            {"event", webhook.event}, {"instance", webhook.instance}, {"data", std::move(item)}};
        events.push_back(maker.with(std::move(event), std::move(body)));
    }
    return events;
}

}  // namespace totem::evolution
