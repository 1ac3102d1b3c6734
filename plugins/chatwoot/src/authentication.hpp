#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <totem/http.hpp>

#include "settings.hpp"

namespace totem::chatwoot {

/// Whether a webhook comes from Chatwoot. Signed ones carry X-Chatwoot-Signature: "sha256=" and the
/// hex HMAC-SHA256 of "<X-Chatwoot-Timestamp>.<raw body>" under the row's secret (Chatwoot 4.11.2).
struct Verdict {
    bool accepted = false;
    std::string reason;  ///< for the log and the answer, when not accepted
};

Verdict authenticate(const Request& request, std::string_view body, std::int64_t receivedUnixNs,
                     const Settings& settings);

/// The signature as Chatwoot makes it.
std::string signatureOf(std::string_view secret, std::string_view timestamp, std::string_view body);

}  // namespace totem::chatwoot
