#include "answers.hpp"

#include <time.h>

#include <array>

#include <totem/caller.hpp>
#include <totem/json.hpp>

namespace totem::images {

Response refusal(int status, std::string_view sentence) {
    return Response::json(dumpJson({{"detail", sentence}}), status);
}

bool bearsToken(const Request& request, const std::vector<std::string>& tokens) {
    constexpr std::string_view kScheme = "Bearer ";
    std::string_view given = request.header("Authorization");
    if (given.substr(0, kScheme.size()) != kScheme) return false;
    given.remove_prefix(kScheme.size());
    bool found = false;
    for (const std::string& token : tokens)
        found |= !token.empty() && sameSecret(given, token);
    return found;
}

std::string httpDate(std::int64_t unixNs) {
    const auto when = static_cast<time_t>(unixNs / 1'000'000'000);
    tm parts{};
    gmtime_r(&when, &parts);
    std::array<char, 64> text;
    // The C locale's names: the daemon never calls setlocale for LC_TIME.
    return {text.data(), strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

}  // namespace totem::images
