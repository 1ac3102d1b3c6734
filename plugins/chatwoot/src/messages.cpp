#include "messages.hpp"

#include <Poco/SHA1Engine.h>

#include "text.hpp"

namespace totem::chatwoot {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
/// Chatwoot ends a request after 15 s: until then the message may still appear.
constexpr std::int64_t kServerLimitNs = 17 * kSecond;
constexpr std::int64_t kLookBackS = 300;
constexpr int kMaxPages = 20;
/// What Chatwoot takes in one message unless told otherwise.
constexpr std::uint64_t kMaxFileBytes = 40u << 20;

std::string stringAt(const Json& object, const char* name) {
    return object.is_object() && object.contains(name) && object.at(name).is_string()
               ? object.at(name).get<std::string>()
               : std::string();
}

/// Empty when an answer may be sent into the conversation as it stands.
std::string gateReason(const Account& account, const Json& conversation) {
    if (account.replyWhen == ReplyWhen::kAlways) return {};
    const std::string status = stringAt(conversation, "status");
    if (account.replyWhen == ReplyWhen::kPending && status != "pending")
        return "the conversation is " + status + ", not pending: an agent has it";
    // Assigning somebody leaves a pending conversation pending, and it is theirs all the same.
    const Json meta = conversation.value("meta", Json::object());
    const bool assigned =
        meta.is_object() && meta.contains("assignee") && meta.at("assignee").is_object() &&
        (!meta.contains("assignee_type") || meta.at("assignee_type") != "AgentBot");
    if (assigned) return "the conversation is assigned to an agent";
    return {};
}

bool isApiInbox(const Json& conversation) {
    const Json meta = conversation.value("meta", Json::object());
    return stringAt(meta, "channel") == "Channel::Api" ||
           stringAt(conversation, "channel") == "Channel::Api";
}

bool carries(const Json& message, const std::string& marker) {
    if (stringAt(message, "source_id") == "totem:" + marker) return true;
    const Json attributes = message.value("content_attributes", Json::object());
    return attributes.is_object() && attributes.contains("totem") &&
           stringAt(attributes.at("totem"), "k") == marker;
}

Json done(Json id, std::int64_t conversation) {
    return {{"state", "done"},
            {"result", {{"sent", true}, {"id", std::move(id)}, {"conversation", conversation}}}};
}
Json absent() {
    return {{"state", "absent"}};
}
Json unknown(const char* reason) {
    return {{"state", "unknown"}, {"reason", reason}};
}

}  // namespace

std::string Messages::markerOf(std::string_view key) {
    Poco::SHA1Engine sha;
    sha.update(key.data(), key.size());
    return Poco::DigestEngine::digestToHex(sha.digest()).substr(0, 24);
}

const Account& Messages::accountFor(const Json& input) const {
    const std::int64_t id = input.value("account", std::int64_t{0});
    const Account* account = settings_.account(id);
    if (account == nullptr) {
        throw Failure(
            Status::kInvalid,
            id == 0 ? "no Chatwoot account is configured; set plugins.chatwoot.config.base_url"
                    : "no configured account has the id " + std::to_string(id));
    }
    if (account->sendToken().empty())
        throw Failure(
            Status::kInvalid,
            "no token is configured; set plugins.chatwoot.config.api_access_token or bot_token");
    return *account;
}

Task<std::string> Messages::send(Call& call, std::string_view text) const {
    const Json input = parseJson(text);
    const Account& account = accountFor(input);
    const std::int64_t conversation = input.at("conversation").get<std::int64_t>();
    const bool isPrivate = input.value("private", false);
    const std::string marker =
        call.idempotencyKey().empty() ? std::string() : markerOf(call.idempotencyKey());

    bool apiInbox = false;
    const bool gated =
        !isPrivate && !input.value("always", false) && account.replyWhen != ReplyWhen::kAlways;
    if (gated || !marker.empty()) {
        Reply current = co_await client_.conversation(account, conversation, AskOptions(call));
        if (current.ok()) {
            apiInbox = isApiInbox(current.body);
            const std::string closed = gated ? gateReason(account, current.body) : std::string();
            if (!closed.empty()) co_return dumpJson(Json{{"sent", false}, {"reason", closed}});
        } else if (current.tokenRefused() && !account.userToken.empty()) {
            throw Failure(Status::kUnavailable,
                          "Chatwoot does not accept plugins.chatwoot.config.api_access_token, so "
                          "nobody can tell whether an answer may be sent: " +
                              current.error);
        } else if (current.code == 401 && !account.userToken.empty()) {
            throw Failure(Status::kRefused,
                          "the user of plugins.chatwoot.config.api_access_token may not see the "
                          "conversation; make it an agent of the inbox or an administrator: " +
                              current.error);
        } else if (current.code != 401) {
            // Nothing was sent yet, so whatever is no plain no is safe to try again.
            throw Failure(current.refused() ? Status::kRefused : Status::kUnavailable,
                          current.error);
        }
        // 401: a bot's token may not read before 4.14.2. Without a user's token the message is
        // sent ungated then.
    }
    std::vector<Attachment> files =
        co_await collectAttachments(http_, clock_, call, input, kMaxFileBytes);
    const std::string written = stringAt(input, "text");
    if (written.empty() && files.empty())
        throw Failure(Status::kInvalid, "the message has neither a text nor an attachment");
    Json message{{"content", neutralizeLiquid(whatsappToMarkdown(written))},
                 {"message_type", "outgoing"},
                 {"private", isPrivate}};
    Json attributes = Json::object();
    if (!marker.empty()) attributes["totem"]["k"] = marker;
    if (input.contains("in_reply_to")) attributes["in_reply_to"] = input.at("in_reply_to");
    if (!attributes.empty()) message["content_attributes"] = std::move(attributes);
    if (apiInbox && !marker.empty()) message["source_id"] = "totem:" + marker;
    Reply reply = co_await client_.createMessage(account, conversation, std::move(message),
                                                 std::move(files), AskOptions(call));
    if (!reply.ok()) throwFailure(reply);
    co_return dumpJson(Json{
        {"sent", true}, {"id", reply.body.value("id", Json())}, {"conversation", conversation}});
}

Task<Json> Messages::find(const Account& account, std::int64_t conversation, std::string marker,
                          std::int64_t sinceUnixS, Call& call) const {
    std::int64_t before = 0;
    for (int page = 0; page < kMaxPages; ++page) {
        Reply reply = co_await client_.messages(account, conversation, before, AskOptions(call));
        if (!reply.ok()) throw Failure(Status::kUnavailable, reply.error);
        const Json list = reply.body.value("payload", Json());
        if (!list.is_array())
            throw Failure(Status::kUnavailable, "Chatwoot's answer holds no list of messages");
        if (list.empty() && page == 0)
            co_return unknown("Chatwoot shows no message at all in the conversation");
        if (list.empty()) co_return absent();
        for (const Json& message : list) {
            if (carries(message, marker)) co_return done(message.value("id", Json()), conversation);
        }
        const Json& oldest = list.front();
        before = oldest.value("id", std::int64_t{0});
        if (oldest.value("created_at", sinceUnixS) < sinceUnixS) co_return absent();
        if (before == 0) break;
    }
    co_return unknown("the conversation could not be read back to before the message");
}

Task<std::string> Messages::reconcile(Call& call, std::string_view text) const {
    const Json question = parseJson(text);
    const Json& input = question.at("input");
    const Account& account = accountFor(input);
    if (account.userToken.empty()) {
        co_return R"({"state":"unknown","reason":"listing messages needs plugins.chatwoot.config.api_access_token; a bot's token may not"})";
    }
    const std::int64_t conversation = input.at("conversation").get<std::int64_t>();
    const std::string marker = markerOf(question.at("key").get<std::string>());
    const std::int64_t since =
        question.at("intent_unix_ns").get<std::int64_t>() / kSecond - kLookBackS;
    Json found = co_await find(account, conversation, marker, since, call);
    if (found.at("state") == "absent") {
        // Chatwoot may still be at it; when the last attempt began, nobody tells.
        Sleep pause(host_, kServerLimitNs);
        if (!co_await pause) throw Failure(Status::kCancelled, "the plugin stops");
        found = co_await find(account, conversation, marker, since, call);
    }
    co_return dumpJson(found);
}

}  // namespace totem::chatwoot
