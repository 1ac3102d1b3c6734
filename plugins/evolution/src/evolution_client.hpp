#pragma once

#include <string>

#include <totem/clock.hpp>
#include <totem/draft/task.hpp>
#include <totem/http_client.hpp>
#include <totem/json.hpp>

#include "settings.hpp"

namespace totem::evolution {

/// What Evolution answered to one call.
struct Reply {
    Status status = Status::kFault;  ///< of the transport; kOk: there is an HTTP answer
    int code = 0;
    Json body;
    std::string error;  ///< a sentence, when something is wrong

    bool ok() const { return status == Status::kOk && code >= 200 && code < 300; }
};

/// The calls to Evolution's REST API (v2) that this plugin makes. Threads: any.
class EvolutionClient {
public:
    EvolutionClient(const totem_host* host, const Settings& settings)
        : http_(host), clock_(host), settings_(settings) {}

    /// Never sent twice by the transport: a repeated message reaches the customer twice.
    Task<Reply> sendText(Target target, Json body, AskOptions options) const;
    /// A file, as base64 inside the body; never sent twice either.
    Task<Reply> sendMedia(Target target, Json body, AskOptions options) const;
    Task<Reply> connectionState(Target target, AskOptions options) const;
    Task<Reply> findMessages(Target target, Json body, AskOptions options) const;

private:
    Task<Reply> send(const char* route, Target target, const Json& body, AskOptions options) const;
    Task<Reply> call(HttpOut request, Target target, AskOptions options) const;

    const HttpClient http_;
    const Clock clock_;
    const Settings& settings_;
};

/// Evolution's own words in an answer: a string, a list, a list in a list (what does not fit its
/// schema), or a list of numbers that are not on WhatsApp.
std::string wordsOf(const Json& body);

/// Turns the answer to a send that did not succeed into what it means for the message: certainly
/// not sent and worth trying again, refused for good, or not to be told.
[[noreturn]] void throwSendFailure(const Reply& reply);
/// The same for reading, which may be repeated.
[[noreturn]] void throwReadFailure(const Reply& reply);

}  // namespace totem::evolution
