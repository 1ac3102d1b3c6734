#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace totem {
inline namespace v0 {

namespace detail {
inline constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
}

/// Adds bytes as base64 (RFC 4648, padded, no line breaks).
inline void appendBase64(std::string& out, std::string_view bytes) {
    const auto at = [&](std::size_t i) -> std::uint32_t {
        return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0;
    };
    out.reserve(out.size() + (bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::uint32_t three = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
        out += detail::kBase64[three >> 18];
        out += detail::kBase64[three >> 12 & 63];
        out += i + 1 < bytes.size() ? detail::kBase64[three >> 6 & 63] : '=';
        out += i + 2 < bytes.size() ? detail::kBase64[three & 63] : '=';
    }
}

inline std::string encodeBase64(std::string_view bytes) {
    std::string out;
    appendBase64(out, bytes);
    return out;
}

/// The bytes; nothing when the text is no base64. Blanks and line breaks may stand in it, and the
/// padding may be missing.
inline std::optional<std::string> decodeBase64(std::string_view text) {
    static const auto kValues = [] {
        std::array<std::int8_t, 256> values{};
        values.fill(-1);
        for (std::size_t i = 0; i < detail::kBase64.size(); ++i)
            values[static_cast<unsigned char>(detail::kBase64[i])] = static_cast<std::int8_t>(i);
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

}  // namespace v0
}  // namespace totem
