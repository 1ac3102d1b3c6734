#pragma once

#include <optional>
#include <string>
#include <vector>

#include <totem/clock.hpp>
#include <totem/draft/attachment.hpp>
#include <totem/draft/task.hpp>
#include <totem/http_client.hpp>
#include <totem/json.hpp>

#include "settings.hpp"

namespace totem::chatwoot {

/// What Chatwoot answered to one call.
struct Reply {
    Status status = Status::kFault;  ///< of the transport; kOk: there is an HTTP answer
    int code = 0;
    Json body;
    std::string error;  ///< a sentence, when something is wrong

    bool ok() const { return status == Status::kOk && code >= 200 && code < 300; }
    /// Chatwoot says no, and certainly did nothing.
    bool refused() const;
    /// The token is not known (now): no answer to what was asked. Other 401 are a lack of rights.
    bool tokenRefused() const;
};

/// The calls to Chatwoot's REST API (v1) that this plugin makes. Threads: any.
class ChatwootClient {
public:
    ChatwootClient(const totem_host* host, const Settings& settings)
        : http_(host), clock_(host), settings_(settings) {}

    Task<Reply> profile(const Account& account, AskOptions options) const;
    Task<Reply> conversation(const Account& account, std::int64_t conversation,
                             AskOptions options) const;
    /// Never sent twice by the transport: a repeated message reaches the customer twice.
    Task<Reply> createMessage(const Account& account, std::int64_t conversation, Json message,
                              std::vector<Attachment> files, AskOptions options) const;
    Task<Reply> toggleStatus(const Account& account, std::int64_t conversation, Json body,
                             AskOptions options) const;
    Task<Reply> toggleTyping(const Account& account, std::int64_t conversation, bool on,
                             AskOptions options) const;
    /// A page of messages, ascending; `before` 0: the newest ones.
    Task<Reply> messages(const Account& account, std::int64_t conversation, std::int64_t before,
                         AskOptions options) const;

private:
    struct Content {
        std::string bytes, type = "application/json";
    };
    Task<Reply> call(std::string method, const Account& account, std::string path,
                     std::string token, Content content, bool repeatable, AskOptions options) const;
    static Content form(const Json& fields, const std::vector<Attachment>& files);
    static std::string conversationPath(const Account& account, std::int64_t conversation,
                                        const char* rest);

    const HttpClient http_;
    const Clock clock_;
    const Settings& settings_;
};

/// Turns an answer that is no success into a Failure with the right meaning for an effect: what is
/// certainly not done may be tried again, what may have happened is unknown.
[[noreturn]] void throwFailure(const Reply& reply);
/// The same for a call that may be repeated: whatever is no plain no may be tried again.
[[noreturn]] void throwRepeatableFailure(const Reply& reply);

}  // namespace totem::chatwoot
