#include "chatwoot_client.hpp"

#include <Poco/Net/HTMLForm.h>
#include <Poco/Net/MultipartWriter.h>
#include <Poco/Net/StringPartSource.h>

#include <set>
#include <sstream>

namespace totem::chatwoot {
namespace {

/// Chatwoot says what is wrong under "error", "message", or a list "errors".
std::string reasonOf(const Json& body) {
    if (!body.is_object()) return {};
    for (const char* name : {"error", "message"}) {
        if (body.contains(name) && body.at(name).is_string())
            return body.at(name).get<std::string>();
    }
    if (body.contains("errors") && body.at("errors").is_array() && !body.at("errors").empty() &&
        body.at("errors").front().is_string()) {
        return body.at("errors").front().get<std::string>();
    }
    return {};
}

}  // namespace

std::string ChatwootClient::conversationPath(const Account& account, std::int64_t conversation,
                                             const char* rest) {
    return "/api/v1/accounts/" + std::to_string(account.id) + "/conversations/" +
           std::to_string(conversation) + rest;
}

Task<Reply> ChatwootClient::call(std::string method, const Account& account, std::string path,
                                 std::string token, Content content, bool repeatable,
                                 AskOptions options) const {
    HttpOut out(std::move(method), account.baseUrl + path);
    // The dashed form survives proxies that drop header names with underscores.
    out.header("Api-Access-Token", std::move(token))
        .header("Accept", "application/json")
        .repeatable(repeatable);
    if (!content.bytes.empty()) out.content(std::move(content.bytes), std::move(content.type));
    options.deadlineNs(clock_.monotonicNs() + settings_.timeoutNs);
    Answer answer = co_await http_.ask(out, options);
    Reply reply;
    reply.status = answer.status;
    if (!answer.ok()) {
        reply.error = std::string(answer.text());
        co_return reply;
    }
    reply.code = answer.body.code();
    if (answer.text().empty())
        reply.body = Json::object();  // as toggle_typing_status answers
    else if (!nestsTooDeep(answer.text()))
        reply.body = Json::parse(answer.text(), nullptr, false);
    if (reply.ok() && !reply.body.is_object()) {
        reply.status = repeatable ? Status::kUnavailable : Status::kUnknown;
        reply.error =
            "what answered " + std::to_string(reply.code) +
            " at Chatwoot's address is not Chatwoot; see whether a proxy shows a page of its own";
    } else if (!reply.ok()) {
        const std::string reason = reasonOf(reply.body);
        reply.error = "Chatwoot answered " + std::to_string(reply.code) +
                      (reason.empty() ? "" : ": " + reason);
    }
    co_return reply;
}

Task<Reply> ChatwootClient::profile(const Account& account, AskOptions options) const {
    return call("GET", account, "/api/v1/profile", account.userToken, Content{}, true,
                std::move(options));
}

Task<Reply> ChatwootClient::conversation(const Account& account, std::int64_t conversation,
                                         AskOptions options) const {
    return call("GET", account, conversationPath(account, conversation, ""), account.readToken(),
                Content{}, true, std::move(options));
}

Task<Reply> ChatwootClient::createMessage(const Account& account, std::int64_t conversation,
                                          Json message, std::vector<Attachment> files,
                                          AskOptions options) const {
    Content content;
    if (files.empty())
        content.bytes = dumpJson(message);
    else
        content = form(message, files);
    return call("POST", account, conversationPath(account, conversation, "/messages"),
                account.sendToken(), std::move(content), false, std::move(options));
}

/// Files travel in a form; what is no text in JSON is JSON text there.
ChatwootClient::Content ChatwootClient::form(const Json& fields,
                                             const std::vector<Attachment>& files) {
    Poco::Net::HTMLForm form(Poco::Net::HTMLForm::ENCODING_MULTIPART);
    for (const auto& [name, value] : fields.items())
        form.add(name, value.is_string() ? value.get<std::string>() : dumpJson(value));
    for (const Attachment& file : files)
        form.addPart("attachments[]",
                     new Poco::Net::StringPartSource(file.bytes, file.type, file.name));
    std::ostringstream out;
    const std::string boundary = Poco::Net::MultipartWriter::createBoundary();
    form.write(out, boundary);
    return {out.str(), "multipart/form-data; boundary=" + boundary};
}

Task<Reply> ChatwootClient::toggleStatus(const Account& account, std::int64_t conversation,
                                         Json body, AskOptions options) const {
    return call("POST", account, conversationPath(account, conversation, "/toggle_status"),
                account.sendToken(), Content{dumpJson(body)}, true, std::move(options));
}

Task<Reply> ChatwootClient::toggleTyping(const Account& account, std::int64_t conversation, bool on,
                                         AskOptions options) const {
    std::string body = on ? R"({"typing_status":"on"})" : R"({"typing_status":"off"})";
    return call("POST", account, conversationPath(account, conversation, "/toggle_typing_status"),
                account.sendToken(), Content{std::move(body)}, true, std::move(options));
}

Task<Reply> ChatwootClient::messages(const Account& account, std::int64_t conversation,
                                     std::int64_t before, AskOptions options) const {
    const std::string query =
        before == 0 ? "/messages" : "/messages?before=" + std::to_string(before);
    return call("GET", account, conversationPath(account, conversation, query.c_str()),
                account.userToken, Content{}, true, std::move(options));
}

bool Reply::refused() const {
    const std::set<int> certain{400, 401, 402, 403, 404, 413};
    return status == Status::kOk && certain.count(code) != 0;
}

bool Reply::tokenRefused() const {
    if (status != Status::kOk || code != 401) return false;
    const std::string text = dumpJson(body);
    return text.find("Invalid Access Token") != std::string::npos ||
           text.find("You need to sign in") != std::string::npos;
}

void throwFailure(const Reply& reply) {
    if (reply.status != Status::kOk) throw Failure(reply.status, reply.error);
    if (reply.tokenRefused())
        throw Failure(Status::kUnavailable,
                      "Chatwoot does not accept the token (plugins.chatwoot.config.bot_token, or "
                      "api_access_token without one); it is tried again later: " +
                          reply.error);
    if (reply.code == 429) throw Failure(Status::kBusy, reply.error + "; it is tried again later");
    // A 422 or 500 does not prove that nothing was created, nor does a gateway's time-out.
    throw Failure(reply.refused() ? Status::kRefused : Status::kUnknown, reply.error);
}

void throwRepeatableFailure(const Reply& reply) {
    if (reply.refused() && !reply.tokenRefused()) throw Failure(Status::kRefused, reply.error);
    if (reply.status == Status::kCancelled) throw Failure(Status::kCancelled, reply.error);
    throw Failure(reply.code == 429 ? Status::kBusy : Status::kUnavailable, reply.error);
}

}  // namespace totem::chatwoot
