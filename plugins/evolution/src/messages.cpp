#include "messages.hpp"

#include <time.h>

#include <totem/draft/attachment.hpp>

#include "address.hpp"
#include "content.hpp"
#include "reading.hpp"

namespace totem::evolution {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kDefaultLimit = 50;
constexpr std::uint64_t kMaxFileBytes = 32u << 20;

std::string isoTime(std::int64_t seconds) {
    const time_t moment = seconds;
    tm parts{};
    gmtime_r(&moment, &parts);
    char text[40];
    return {text, strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.000Z", &parts)};
}

/// The kinds of a file that WhatsApp shows as such; anything else is a document.
const char* mediaKindOf(std::string_view type) {
    for (const char* kind : {"image", "video", "audio"}) {
        const std::string prefix = std::string(kind) + "/";
        if (type.compare(0, prefix.size(), prefix) == 0) return kind;
    }
    return "document";
}

/// The members that make a body of sendMedia.
Json mediaOf(const Attachment& file) {
    Json body{
        {"mediatype", mediaKindOf(file.type)}, {"mimetype", file.type}, {"fileName", file.name}};
    std::string base64;
    appendBase64(base64, file.bytes);
    body["media"] = std::move(base64);
    return body;
}

Json summaryOf(const Json& record) {
    const Content content = contentOf(at(record, "message"), textAt(record, "messageType"));
    Json summary{
        {"id", textAt(at(record, "key"), "id")}, {"kind", content.kind}, {"text", content.text}};
    summary["from_me"] = at(at(record, "key"), "fromMe") == Json(true);
    summary["timestamp"] = wholeNumber(at(record, "messageTimestamp"));
    const Json& updates = at(record, "MessageUpdate");
    summary["status"] = textAt(record, "status");
    if (updates.is_array() && !updates.empty())
        summary["status"] = textAt(updates.back(), "status");
    return summary;
}

}  // namespace

std::string recipientOf(const std::string& number) {
    std::string cleaned;
    for (const char c : number) {
        if (c != ' ' && c != '+' && c != '(' && c != ')' && c != '-') cleaned += c;
    }
    const std::string jid = plainJid(number.find('@') == std::string::npos ? cleaned : number);
    if (jid.empty())
        throw Failure(
            Status::kInvalid,
            "\"" + number +
                "\" is no number: give the digits with the country code, or a WhatsApp address");
    if (chatKindOf(jid) == ChatKind::kBroadcast || chatKindOf(jid) == ChatKind::kNewsletter) {
        throw Failure(Status::kInvalid,
                      "\"" + number + "\" is no single chat; texts go to a number or a group");
    }
    return number.find('@') == std::string::npos ? cleaned : jid;
}

Task<std::string> Messages::sendText(Call& call, std::string_view text) const {
    const Json input = parseJson(text);
    const Target target = settings_.target(textAt(input, "instance"));
    Json to{{"number", recipientOf(textAt(input, "number"))}};
    if (const std::string quoted = textAt(input, "quoted"); !quoted.empty())
        to["quoted"] = {{"key", {{"id", quoted}}}};
    const std::vector<Attachment> files =
        co_await collectAttachments(http_, clock_, call, input, kMaxFileBytes);
    const std::string message = textAt(input, "text");
    // Evolution would refuse it.
    if (files.empty() && message.find_first_not_of(" \t\r\n") == std::string::npos)
        throw Failure(Status::kInvalid, "the text is blank");
    Json result{{"sent", true}, {"instance", target.instance}};
    std::size_t sent = 0;
    do {
        Json body = to;
        if (files.empty()) {
            body["text"] = message;
        } else {
            body.update(mediaOf(files[sent]));
            if (sent == 0 && !message.empty()) body["caption"] = message;
        }
        Task<Reply> asked = files.empty()
                                ? client_.sendText(target, std::move(body), AskOptions(call))
                                : client_.sendMedia(target, std::move(body), AskOptions(call));
        Reply reply = co_await std::move(asked);
        // What went out before cannot be taken back: the whole is neither sent nor unsent then.
        if (!reply.ok() && sent > 0) {
            throw Failure(Status::kUnknown, std::to_string(sent) + " of " +
                                                std::to_string(files.size()) +
                                                " attachments went out; then: " + reply.error);
        }
        if (!reply.ok()) throwSendFailure(reply);
        const Json& key = at(reply.body, "key");
        if (textAt(key, "id").empty())
            throw Failure(Status::kUnknown, "Evolution answered " + std::to_string(reply.code) +
                                                " without a message; it may have gone out");
        result["id"] = at(key, "id");
        result["number"] = textAt(key, "remoteJid");
    } while (++sent < files.size());
    co_return dumpJson(result);
}

Task<std::string> Messages::state(Call& call, std::string_view text) const {
    const Json input = parseJson(text);
    Target target = settings_.target(textAt(input, "instance"));
    Json result{{"instance", target.instance}};
    Reply reply = co_await client_.connectionState(std::move(target), AskOptions(call));
    if (!reply.ok()) throwReadFailure(reply);
    const std::string state = textAt(at(reply.body, "instance"), "state");
    result["state"] = state.empty() ? "not_loaded" : state;
    co_return dumpJson(result);
}

Task<std::string> Messages::findMessages(Call& call, std::string_view text) const {
    const Json input = parseJson(text);
    Target target = settings_.target(textAt(input, "instance"));
    Json where = Json::object();
    where["key"]["remoteJid"] = plainJid(recipientOf(textAt(input, "number")));
    if (input.contains("from") || input.contains("to")) {
        // The filter works with both ends only.
        where["messageTimestamp"]["gte"] = isoTime(input.value("from", std::int64_t{0}));
        where["messageTimestamp"]["lte"] =
            isoTime(input.value("to", clock_.unixNs() / kSecond + 60));
    }
    Json body = Json::object();
    body["where"] = std::move(where);
    body["page"] = 1;
    body["offset"] = input.value("limit", kDefaultLimit);
    Reply reply =
        co_await client_.findMessages(std::move(target), std::move(body), AskOptions(call));
    if (!reply.ok()) throwReadFailure(reply);
    const Json& found = at(reply.body, "messages");
    Json result = Json::object();
    result["total"] = wholeNumber(at(found, "total"));
    result["messages"] = Json::array();
    if (at(found, "records").is_array()) {
        for (const Json& record : at(found, "records"))
            result["messages"].push_back(summaryOf(record));
    }
    co_return dumpJson(result);
}

}  // namespace totem::evolution
