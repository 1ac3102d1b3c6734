#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <string>

#include "upstream/upstream_request.hpp"

namespace totemd {

/// What is known when an attempt ended without a usable response.
struct AttemptFacts {
    CURLcode code = CURLE_OK;
    std::string place;  ///< host:port, and where connect_to sent it
    bool sent = false;  ///< bytes of the request may have left
    bool repeatable = false;
    bool resendStopped = false;  ///< the connection died and curl was about to send again
    bool tooLarge = false;
    bool deadlinePassed = false;
    std::string refusal;  ///< of the address policy
    int status = 0;
    long osError = 0;
    std::string detail;  ///< curl's own text
    std::uint64_t maxBytes = 0;
    std::int64_t connectTimeoutNs = 0;
};

/// Fills `outcome`, `reason` and `error` (without `meaningOf`: earlier attempts count for that).
void judge(const AttemptFacts& facts, UpstreamResult& result);

/// kNotSent, kFailed or kUnknown.
UpstreamResult::Outcome outcomeOf(bool sent, bool repeatable);
/// What an outcome means for whoever asked, as the end of a sentence.
const char* meaningOf(UpstreamResult::Outcome outcome);

}  // namespace totemd
