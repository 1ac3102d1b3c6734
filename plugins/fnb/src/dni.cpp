#include "dni.hpp"

#include <algorithm>

namespace fnb {
namespace {
constexpr std::size_t kLength = 8;
constexpr std::string_view kSpaces = " \t\r\n\v\f";
}  // namespace

std::optional<std::string> readDni(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(kSpaces);
    if (begin == std::string_view::npos) return std::nullopt;
    text = text.substr(begin, text.find_last_not_of(kSpaces) - begin + 1);
    const bool digits =
        std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (text.size() != kLength || !digits) return std::nullopt;
    return std::string(text);
}

std::string maskDni(std::string_view dni) {
    if (dni.size() != kLength) return "****";
    return std::string(dni.substr(0, 3)) + "****" + dni.back();
}

}  // namespace fnb
