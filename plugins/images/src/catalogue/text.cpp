#include "catalogue/text.hpp"

#include <algorithm>
#include <cstdint>

#include "request_path.hpp"

namespace totem::images {
namespace {

/// The plain letters of U+00C0 to U+00FF, which UTF-8 writes as C3 80 to C3 BF; '.' has none.
constexpr std::string_view kLatin =
    "aaaaaa.ceeeeiiii.nooooo.ouuuuy..aaaaaa.ceeeeiiii.nooooo.ouuuuy.y";
static_assert(kLatin.size() == 64);

std::optional<std::string> decodeField(std::string_view text) {
    std::string blanks(text);
    std::replace(blanks.begin(), blanks.end(), '+', ' ');
    return decodeOnce(blanks);
}

}  // namespace

std::string fold(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
        if (c == 0xC3 && next >= 0x80 && next <= 0xBF && kLatin[next - 0x80] != '.') {
            out += kLatin[next - 0x80];
            ++i;
        } else if ((c == 0xCC && next >= 0x80) || (c == 0xCD && next >= 0x80 && next <= 0xAF)) {
            ++i;  // a combining accent
        } else {
            out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : text[i];
        }
    }
    return out;
}

std::size_t countCharacters(std::string_view text) {
    std::size_t count = 0;
    for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    return count;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (std::size_t from = 0;;) {
        const std::size_t to = text.find(separator, from);
        parts.push_back(text.substr(from, to == text.npos ? text.npos : to - from));
        if (to == text.npos) return parts;
        from = to + 1;
    }
}

std::optional<std::string> queryValue(std::string_view query, std::string_view name) {
    for (const std::string_view pair : split(query, '&')) {
        const std::size_t equals = pair.find('=');
        // ?año= arrives encoded, so names are decoded as well.
        if (decodeField(pair.substr(0, equals)) != std::string(name)) continue;
        return equals == pair.npos ? std::string() : decodeField(pair.substr(equals + 1));
    }
    return std::nullopt;
}

}  // namespace totem::images
