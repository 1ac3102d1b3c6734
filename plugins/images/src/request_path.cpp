#include "request_path.hpp"

#include <algorithm>
#include <array>

namespace totem::images {
namespace {

constexpr std::array<std::string_view, 4> kPrefixes{"/api/catalogos/", "/api/imagenes/catalogos/",
                                                    "/ver-ruta/catalogos/", "/images/"};
constexpr std::size_t kLongestPath = 1024;
constexpr std::size_t kLongestName = 255;

int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool isUtf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        const auto lead = static_cast<unsigned char>(text[i]);
        const std::size_t length = lead < 0x80   ? 1
                                   : lead < 0xc2 ? 0
                                   : lead < 0xe0 ? 2
                                   : lead < 0xf0 ? 3
                                   : lead < 0xf5 ? 4
                                                 : 0;
        if (length == 0 || i + length > text.size()) return false;
        for (std::size_t k = 1; k < length; ++k) {
            if ((static_cast<unsigned char>(text[i + k]) & 0xc0) != 0x80) return false;
        }
        if (length >= 3) {
            const auto second = static_cast<unsigned char>(text[i + 1]);
            if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second >= 0xa0) ||
                (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second >= 0x90))
                return false;
        }
        i += length;
    }
    return true;
}

}  // namespace

std::optional<std::string> decodeOnce(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        if (i + 2 >= text.size()) return std::nullopt;
        const int high = digit(text[i + 1]), low = digit(text[i + 2]);
        if (high < 0 || low < 0) return std::nullopt;
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    const bool odd = std::any_of(out.begin(), out.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7f || c == '\\';
    });
    if (odd || !isUtf8(out)) return std::nullopt;
    return out;
}

std::string encodePath(std::string_view text) {
    static const char* digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte | 32) >= 'a' && (byte | 32) <= 'z') {
            out += c;
        } else if ((c >= '0' && c <= '9') ||
                   std::string_view("-._~/").find(c) != std::string_view::npos) {
            out += c;
        } else {
            out += '%';
            out += digits[byte >> 4];
            out += digits[byte & 15];
        }
    }
    return out;
}

bool isPlainPath(std::string_view path) {
    if (path.empty() || path.size() > kLongestPath) return false;
    for (std::size_t begin = 0; begin <= path.size();) {
        const std::size_t end = std::min(path.find('/', begin), path.size());
        const std::string_view name = path.substr(begin, end - begin);
        if (name.empty() || name.front() == '.' || name.size() > kLongestName) return false;
        begin = end + 1;
    }
    return true;
}

std::optional<std::string> catalogPath(std::string_view requestPath) {
    for (const std::string_view prefix : kPrefixes) {
        if (requestPath.substr(0, prefix.size()) != prefix) continue;
        auto path = decodeOnce(requestPath.substr(prefix.size()));
        if (path && isPlainPath(*path)) return path;
        return std::nullopt;
    }
    return std::nullopt;
}

}  // namespace totem::images
