#include "evolution_client.hpp"

#include <Poco/URI.h>

#include "reading.hpp"

namespace totem::evolution {
namespace {

std::string urlOf(const Target& target, const char* route) {
    std::string name;
    Poco::URI::encode(target.instance, ";:@&=+/?#,", name);
    return target.baseUrl + route + name;
}

bool says(const std::string& words, std::string_view part) {
    return words.find(part) != std::string::npos;
}

/// A list inside the list: the body does not fit Evolution's schema.
bool isSchemaError(const Json& body) {
    const Json& message = at(at(body, "response"), "message");
    return message.is_array() && !message.empty() && message.front().is_array();
}

bool isUnknownNumber(const Json& body) {
    const Json& message = at(at(body, "response"), "message");
    return message.is_array() && !message.empty() && at(message.front(), "exists") == Json(false);
}

void addWords(const Json& value, std::string& out, int depth) {
    std::string words;
    if (value.is_string()) words = value.get<std::string>();
    if (at(value, "exists") == Json(false))
        words = "the number " + textAt(value, "number") + " is not on WhatsApp";
    if (!words.empty()) out += (out.empty() ? "" : "; ") + words;
    if (value.is_array() && depth > 0) {
        for (const Json& entry : value) addWords(entry, out, depth - 1);
    }
}

}  // namespace

std::string wordsOf(const Json& body) {
    std::string words;
    for (const Json* holder : {&at(body, "response"), &body}) {
        if (words.empty()) addWords(at(*holder, "message"), words, 3);
    }
    for (const char* name : {"code", "error"}) {
        if (words.empty()) words = textAt(body, name);
    }
    return words.substr(0, 500);
}

Task<Reply> EvolutionClient::call(HttpOut out, Target target, AskOptions options) const {
    out.header("apikey", target.key).header("Accept", "application/json");
    options.deadlineNs(clock_.monotonicNs() + settings_.timeoutNs);
    Answer answer = co_await http_.ask(out, options);
    Reply reply;
    reply.status = answer.status;
    if (!answer.ok()) {
        reply.error = std::string(answer.text());
        co_return reply;
    }
    reply.code = answer.body.code();
    if (!nestsTooDeep(answer.text())) reply.body = Json::parse(answer.text(), nullptr, false);
    if (!reply.ok()) {
        const std::string words = wordsOf(reply.body);
        reply.error = "Evolution answered " + std::to_string(reply.code) +
                      (words.empty() ? "" : ": " + words);
    }
    co_return reply;
}

Task<Reply> EvolutionClient::sendText(Target target, Json body, AskOptions options) const {
    return send("/message/sendText/", std::move(target), body, std::move(options));
}

Task<Reply> EvolutionClient::sendMedia(Target target, Json body, AskOptions options) const {
    return send("/message/sendMedia/", std::move(target), body, std::move(options));
}

Task<Reply> EvolutionClient::send(const char* route, Target target, const Json& body,
                                  AskOptions options) const {
    HttpOut out("POST", urlOf(target, route));
    out.content(dumpJson(body)).once();
    return call(std::move(out), std::move(target), std::move(options));
}

Task<Reply> EvolutionClient::connectionState(Target target, AskOptions options) const {
    HttpOut out("GET", urlOf(target, "/instance/connectionState/"));
    return call(std::move(out), std::move(target), std::move(options));
}

Task<Reply> EvolutionClient::findMessages(Target target, Json body, AskOptions options) const {
    HttpOut out("POST", urlOf(target, "/chat/findMessages/"));
    out.content(dumpJson(body)).repeatable();
    return call(std::move(out), std::move(target), std::move(options));
}

void throwSendFailure(const Reply& reply) {
    switch (reply.status) {
        case Status::kOk:
            break;
        // An answer that was too long or too late is an answer to a message that was taken.
        case Status::kDeadline:
        case Status::kTooLarge:
            throw Failure(Status::kUnknown, reply.error);
        default:
            throw Failure(reply.status, reply.error);
    }
    const std::string words = wordsOf(reply.body);
    if (reply.code >= 300 && reply.code < 400)
        throw Failure(Status::kUnavailable,
                      reply.error + "; base_url leads to a redirect, name the place itself");
    switch (reply.code) {
        case 400:
            if (isSchemaError(reply.body) || isUnknownNumber(reply.body) ||
                says(words, "Method not available") || says(words, "Text is required")) {
                throw Failure(Status::kRefused, reply.error);
            }
            break;  // WhatsApp's side or the bookkeeping failed: it may have gone out
        // A valid key is refused, too, while Evolution's database is down.
        case 401:
            throw Failure(Status::kUnavailable,
                          reply.error + "; compare api_key, or Evolution's database is down");
        case 403:
        case 404:
        case 413:
            throw Failure(Status::kRefused, reply.error);
        case 429:
            throw Failure(Status::kBusy, reply.error);
        case 500:
            if (says(words, "(reading 'onWhatsApp')") || says(words, "(reading 'sendMessage')") ||
                says(words, "(reading 'textMessage')")) {
                throw Failure(Status::kUnavailable,
                              reply.error + "; the instance is not connected to WhatsApp");
            }
            break;
        case 503:
            if (textAt(reply.body, "code") == "LICENSE_REQUIRED")
                throw Failure(Status::kUnavailable,
                              "Evolution answered 503: it wants its licence to be activated");
            break;
        default:
            break;
    }
    throw Failure(Status::kUnknown, reply.error + "; the message may have gone out");
}

void throwReadFailure(const Reply& reply) {
    if (reply.status != Status::kOk) throw Failure(reply.status, reply.error);
    if (reply.code == 404) throw Failure(Status::kNotFound, reply.error);
    if (reply.code == 400 || reply.code == 403) throw Failure(Status::kRefused, reply.error);
    throw Failure(Status::kUnavailable, reply.error);
}

}  // namespace totem::evolution
