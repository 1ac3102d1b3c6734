#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace totem::chatwoot {

/// When the bot may answer, judged by the conversation just before sending.
enum class ReplyWhen { kPending, kUnassigned, kAlways };

/// One account of one Chatwoot installation.
struct Account {
    std::string baseUrl;  ///< without a slash at its end
    std::int64_t id = 1;
    std::string userToken, botToken;
    std::vector<std::string> secrets;
    std::string pathSecret;
    ReplyWhen replyWhen = ReplyWhen::kUnassigned;

    /// Messages are the bot's when there is a bot.
    const std::string& sendToken() const { return botToken.empty() ? userToken : botToken; }
    /// Reading needs a user; a bot may read single conversations from 4.14.2 on.
    const std::string& readToken() const { return userToken.empty() ? botToken : userToken; }
};

struct Settings {
    std::vector<Account> accounts;
    std::int64_t replayWindowS = 300;
    std::vector<std::string> allowUnauthenticatedFrom;
    std::int64_t timeoutNs = 30'000'000'000;

    /// Id 0: the first one. Null when there is none.
    const Account* account(std::int64_t id) const;
    bool hasSecret() const;
};

/// `json` fits the schema. Throws Failure (kInvalid) for what a schema cannot say.
Settings parseSettings(std::string_view json);

}  // namespace totem::chatwoot
