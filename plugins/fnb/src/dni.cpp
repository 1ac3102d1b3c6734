#include "dni.hpp"

#include <algorithm>

#include "encoding.hpp"

namespace fnb {
namespace {
constexpr std::size_t kLength = 8;
}  // namespace

std::optional<std::string> readDni(std::string_view text) {
    text = trimmed(text);
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
