#include "world/evolution/bridge.hpp"

#include "world/base/http_caller.hpp"
#include "world/base/http_types.hpp"
#include "world/base/journeys.hpp"
#include "world/base/multipart.hpp"
#include "world/base/random.hpp"
#include "world/base/stop_signal.hpp"
#include "world/evolution/instance.hpp"

namespace totem_sandbox::evolution {
namespace {

using nlohmann::json;

std::chrono::microseconds scaled(double milliseconds, double scale) {
    return std::chrono::microseconds(static_cast<std::int64_t>(milliseconds * 1000 * scale));
}

/// A run of `mark`s around text without that mark or line breaks, without blanks at its edges.
std::string exchange(const std::string& text, char mark, std::size_t length,
                     const std::string& with) {
    std::string out;
    std::size_t i = 0;
    const auto runAt = [&](std::size_t at) {
        std::size_t n = 0;
        while (at + n < text.size() && text[at + n] == mark) ++n;
        return n;
    };
    while (i < text.size()) {
        const std::size_t run = runAt(i);
        if (run == 0) {
            out += text[i++];
            continue;
        }
        const std::size_t from = i + run;
        const std::size_t to = text.find_first_of(std::string(1, mark) + "\n", from);
        const bool closed = to != std::string::npos && text[to] == mark && runAt(to) == length;
        if (run == length && closed && to > from && text[from] != ' ' && text[to - 1] != ' ') {
            out += with + text.substr(from, to - from) + with;
            i = to + length;
        } else {
            out.append(run, mark);
            i = from;
        }
    }
    return out;
}

}  // namespace

std::string toMarkdown(const std::string& text) {
    return exchange(exchange(exchange(text, '*', 1, "**"), '_', 1, "*"), '~', 1, "~~");
}

std::string fromMarkdown(const std::string& text) {
    return exchange(exchange(exchange(text, '*', 1, "_"), '*', 2, "*"), '~', 2, "~");
}

Bridge::Bridge(BridgeSettings settings, HttpCaller& caller, Journeys& journeys, StopSignal& stop,
               double timeScale)
    : settings_(std::move(settings)),
      caller_(caller),
      journeys_(journeys),
      stop_(stop),
      timeScale_(timeScale) {}

json Bridge::ask(const std::string& method, const std::string& path, const json& body,
                 int& status) {
    Call call;
    call.method = method;
    call.url = settings_.url + "/api/v1/accounts/" + settings_.accountId + path;
    call.headers = {{"api_access_token", settings_.token},
                    {"Authorization", "Bearer " + settings_.token},
                    {"User-Agent", "axios/0.27.2"}};
    if (!body.is_null()) call.body = dump(body);
    call.timeout = std::chrono::milliseconds(30000);
    const CallResult result = caller_.call(call);
    status = result.status;
    const json answer = parseBody(result.body);
    return answer.is_discarded() ? json() : answer;
}

std::int64_t Bridge::findContact(const std::string& digits) {
    int status = 0;
    const json answer = ask("POST", "/contacts/filter",
                            {{"payload",
                              {{{"attribute_key", "phone_number"},
                                {"filter_operator", "equal_to"},
                                {"values", {digits}},
                                {"query_operator", nullptr}}}}},
                            status);
    const json payload = answer.is_object() ? answer.value("payload", json()) : json();
    return payload.is_array() && !payload.empty() ? payload[0].value("id", std::int64_t{0}) : 0;
}

std::int64_t Bridge::findInbox() {
    {
        std::lock_guard lock(mutex_);
        if (inbox_ != 0) return inbox_;
    }
    int status = 0;
    const json answer = ask("GET", "/inboxes", nullptr, status);
    if (!answer.is_object()) return 0;
    for (const json& inbox : answer.value("payload", json::array()))
        if (inbox.value("name", "") == settings_.inboxName) {
            std::lock_guard lock(mutex_);
            return inbox_ = inbox.value("id", std::int64_t{0});
        }
    return 0;
}

std::int64_t Bridge::findConversation(const std::string& jid, const std::string& name) {
    const std::string digits = digitsOf(jid);
    std::int64_t known = 0;
    {
        std::lock_guard lock(mutex_);
        const auto found = conversations_.find(jid);
        if (found != conversations_.end()) known = found->second;
    }
    int status = 0;
    std::int64_t contact = findContact(digits);
    if (known != 0) {
        ask("GET", "/conversations/" + std::to_string(known), nullptr, status);
        if (status == 200) return known;
    }
    const std::int64_t inbox = findInbox();
    if (inbox == 0) return 0;
    if (contact == 0) {
        const json made = ask("POST", "/contacts",
                              {{"inbox_id", inbox},
                               {"name", name},
                               {"identifier", jid},
                               {"avatar_url", nullptr},
                               {"phone_number", "+" + digits}},
                              status);
        if (status != 200) return 0;
        contact = made.value("/payload/contact/id"_json_pointer, std::int64_t{0});
    }
    const json list =
        ask("GET", "/contacts/" + std::to_string(contact) + "/conversations", nullptr, status);
    std::int64_t conversation = 0;
    if (status == 200)
        for (const json& row : list.value("payload", json::array()))
            if (conversation == 0 && row.value("inbox_id", std::int64_t{0}) == inbox)
                conversation = row.value("id", std::int64_t{0});
    if (conversation == 0) {
        const json made = ask(
            "POST", "/conversations",
            {{"contact_id", std::to_string(contact)}, {"inbox_id", std::to_string(inbox)}}, status);
        if (status != 200) return 0;
        conversation = made.value("id", std::int64_t{0});
    }
    std::lock_guard lock(mutex_);
    conversations_[jid] = conversation;
    return conversation;
}

bool Bridge::post(std::int64_t conversation,
                  const std::vector<std::pair<std::string, std::string>>& fields) {
    Call call;
    call.url = settings_.url + "/api/v1/accounts/" + settings_.accountId + "/conversations/" +
               std::to_string(conversation) + "/messages";
    call.headers = {{"api_access_token", settings_.token},
                    {"Authorization", "Bearer " + settings_.token}};
    call.contentType = buildMultipart(fields, call.body);
    call.timeout = std::chrono::milliseconds(30000);
    return caller_.call(call).ok();
}

Bridge::File Bridge::fetch(const json& attachment) {
    Call call;
    call.method = "GET";
    call.url = attachment.value("data_url", "");
    call.timeout = std::chrono::milliseconds(30000);
    File file{call.url, {}};
    const CallResult result = caller_.call(call);
    if (!result.ok()) return file;
    file.media = {call.url.substr(call.url.rfind('/') + 1),
                  attachment.value("content_type", "application/octet-stream"), result.body};
    return file;
}

bool Bridge::inbound(const std::string& jid, const std::string& name, const std::string& text,
                     const std::string& keyId, bool fromMe) {
    if (text.empty()) return true;  // content without text vanishes in the real one, too
    journeys_.hop(journeys_.byKey(keyId), "bridge_in", "");
    const std::int64_t conversation = findConversation(jid, name);
    if (conversation == 0) return false;
    return post(conversation, {{"content", toMarkdown(text)},
                               {"message_type", fromMe ? "outgoing" : "incoming"},
                               {"private", "false"},
                               {"source_id", "WAID:" + keyId},
                               {"content_attributes", R"({"in_reply_to":null})"}});
}

void Bridge::outbound(const json& payload, const Send& send) {
    if (!stop_.pause(scaled(500, timeScale_))) return;
    const auto text = [](const json& from, const char* name) {
        return from.is_object() && from.contains(name) && from[name].is_string()
                   ? from[name].get<std::string>()
                   : std::string();
    };
    if (!payload.is_object() || text(payload, "event") != "message_created" ||
        text(payload, "message_type") != "outgoing" || payload.value("private", json()) == true ||
        text(payload, "source_id").rfind("WAID:", 0) == 0)
        return;
    const json sender =
        payload.value("/conversation/meta/sender"_json_pointer, json(json::object()));
    std::string jid = text(sender, "identifier");
    if (jid.empty()) jid = text(sender, "phone_number");
    if (!jid.empty() && jid[0] == '+') jid.erase(0, 1);
    if (jid.empty()) return;
    const std::int64_t conversation =
        payload.value("/conversation/id"_json_pointer, std::int64_t{0});
    journeys_.hop(journeys_.byConversation(conversation), "bridge_out", "");
    const std::string content = fromMarkdown(text(payload, "content"));
    const auto deliver = [&](const File* file) {
        if (!stop_.pause(scaled(500 + 1500 * chance(), timeScale_))) return;
        if (!send(jid, content, file))
            post(conversation, {{"content", "Message not sent: " + content},
                                {"message_type", "outgoing"},
                                {"private", "true"}});
    };
    const json files = payload.value("attachments", json::array());
    for (const json& attachment : files) {
        const File file = fetch(attachment);
        deliver(&file);
    }
    if (files.empty() && !content.empty()) deliver(nullptr);
}

void Bridge::reset() {
    std::lock_guard lock(mutex_);
    conversations_.clear();
    inbox_ = 0;
}

}  // namespace totem_sandbox::evolution
