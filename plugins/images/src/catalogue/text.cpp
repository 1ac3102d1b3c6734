#include "catalogue/text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "request_path.hpp"

namespace totem::images {
namespace {

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

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

void appendBase64(std::string& out, std::string_view bytes) {
    const auto at = [&](std::size_t i) -> std::uint32_t {
        return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0;
    };
    out.reserve(out.size() + (bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::uint32_t three = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
        out += kBase64[three >> 18];
        out += kBase64[three >> 12 & 63];
        out += i + 1 < bytes.size() ? kBase64[three >> 6 & 63] : '=';
        out += i + 2 < bytes.size() ? kBase64[three & 63] : '=';
    }
}

std::optional<std::string> decodeBase64(std::string_view text) {
    static const auto kValues = [] {
        std::array<std::int8_t, 256> values{};
        values.fill(-1);
        for (std::size_t i = 0; i < kBase64.size(); ++i)
            values[static_cast<unsigned char>(kBase64[i])] = static_cast<std::int8_t>(i);
        return values;
    }();
    std::string out;
    out.reserve(text.size() / 4 * 3);
    std::uint32_t bits = 0;
    int have = 0;
    std::size_t padding = 0;
    for (const char c : text) {
        if (c == '\r' || c == '\n' || c == ' ') continue;
        if (c == '=') {
            ++padding;
            continue;
        }
        const int value = kValues[static_cast<unsigned char>(c)];
        if (value < 0 || padding > 0) return std::nullopt;
        bits = bits << 6 | static_cast<std::uint32_t>(value);
        if ((have += 6) >= 8) {
            have -= 8;
            out += static_cast<char>(bits >> have & 0xFF);
        }
    }
    if (have == 6 || padding > 2) return std::nullopt;
    return out;
}

}  // namespace totem::images
