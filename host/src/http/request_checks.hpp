#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/http_message.hpp"

namespace totemd {

/// What a header says about its body and connection, or why it is refused.
struct HeadVerdict {
    int status = 0;  ///< 0: accepted
    std::string detail;
    std::uint64_t contentLength = 0;
    bool chunked = false;
    bool expectsContinue = false;
};

/// The checks that the grammar does not make: one Host, one way to find the end of the body, known
/// methods and target forms. Fills `path` and `query` of the request.
/// `minorVersion` is 0 or 1 (HTTP/1.x).
HeadVerdict checkHead(HttpRequest& request, int minorVersion);

/// The digits of a Content-Length, nothing else, below 10^18; nullopt otherwise.
std::optional<std::uint64_t> parseContentLength(std::string_view text);

}  // namespace totemd
