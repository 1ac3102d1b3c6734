#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "outcome.hpp"
#include "settings.hpp"

/// Pure functions: what is sent to the portal and what its answers mean.
namespace fnb {

/// What a token says about itself. Its signature cannot be checked: nothing here is trusted for
/// more than building the next request.
struct TokenClaims {
    std::string allyId;               ///< commercialAllyId, number or text
    std::optional<std::int64_t> exp;  ///< Unix seconds
};

/// Nothing when `token` is no JWT that can stand in a header or has no commercialAllyId.
std::optional<TokenClaims> readToken(std::string_view token);

struct LoginAnswer {
    enum class Kind { kToken, kRefused, kBroken } kind = Kind::kBroken;
    std::string token;
};

std::string loginBody(const Settings& settings);
LoginAnswer readLogin(int status, std::string_view body);

/// What a look-up's 200 says about the person; failures carry a publishable error.
Outcome readLookUp(std::string_view body);

/// The shared session: {"token": …, "timestamp": Unix seconds of the login}.
struct StoredSession {
    std::string token;
    std::int64_t loggedInAt = 0;
};
std::string storedSessionText(const StoredSession& session);
std::optional<StoredSession> readStoredSession(std::string_view text);

/// Outcomes in the result cache.
std::string outcomeText(const Outcome& outcome);
std::optional<Outcome> readOutcome(std::string_view text, Channel channel);

}  // namespace fnb
