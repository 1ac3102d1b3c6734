#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <totem/http.hpp>

#include "settings.hpp"

namespace totem::evolution {

/// Whether a webhook comes from Evolution: it carries the configured header, or the token (JWT,
/// HS256) that Evolution makes from `jwt_key`. Nothing signs the body.
struct Verdict {
    int status = 200;    ///< else what to answer: 401, or 503 for what may come again
    std::string reason;  ///< for the log and the answer
    bool accepted() const { return status == 200; }
};

Verdict authenticate(const Request& request, std::int64_t receivedUnixNs, const Settings& settings);

/// How long after its `exp` a token still counts: Evolution signs once and uses the same token for
/// retries that go on long after.
inline constexpr std::int64_t kJwtGraceS = 3600;

enum class Token { kGenuine, kExpired, kForged };
Token checkToken(std::string_view jwt, std::string_view key, std::int64_t nowS);

}  // namespace totem::evolution
