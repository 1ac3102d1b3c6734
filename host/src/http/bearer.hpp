#pragma once

#include <string_view>

#include "http/http_message.hpp"

namespace totemd {

/// Whether the request carries `Authorization: Bearer <token>`. Takes the same time wherever the
/// texts differ, so that a token cannot be guessed byte by byte. An empty token fits nothing.
inline bool bears(const HttpRequest& request, std::string_view token) {
    constexpr std::string_view kScheme = "Bearer ";
    std::string_view given = request.header("Authorization");
    if (token.empty() || given.substr(0, kScheme.size()) != kScheme) return false;
    given.remove_prefix(kScheme.size());
    unsigned difference = given.size() == token.size() ? 0 : 1;
    for (std::size_t i = 0; i < given.size(); ++i) {
        difference |= static_cast<unsigned char>(given[i]) ^
                      static_cast<unsigned char>(token[i % token.size()]);
    }
    return difference == 0;
}

}  // namespace totemd
