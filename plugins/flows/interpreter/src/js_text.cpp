#include "js_text.hpp"

#include <charconv>
#include <vector>

namespace totem::flows {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

/// One symbol of UTF-8 that is not ASCII; moves `at` past it.
char32_t decodeSymbol(std::string_view text, std::size_t& at) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned first = byte(at++);
    if (first < 0xC2 || first > 0xF4) return kReplacement;
    const int more = first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
    char32_t symbol = first & (0x3Fu >> more);
    for (int i = 0; i < more; ++i) {
        if (at >= text.size() || (byte(at) & 0xC0) != 0x80) return kReplacement;
        symbol = (symbol << 6) | (byte(at++) & 0x3Fu);
    }
    const bool tooLong = (more == 2 && symbol < 0x800) || (more == 3 && symbol < 0x10000);
    const bool surrogate = symbol >= 0xD800 && symbol < 0xE000;
    return tooLong || surrogate || symbol > 0x10FFFF ? kReplacement : symbol;
}

void appendSymbol(std::string& out, char32_t symbol) {
    const auto put = [&](char32_t byte) { out.push_back(static_cast<char>(byte)); };
    if (symbol < 0x80) {
        put(symbol);
    } else if (symbol < 0x800) {
        put(0xC0 | (symbol >> 6));
        put(0x80 | (symbol & 0x3F));
    } else if (symbol < 0x10000) {
        put(0xE0 | (symbol >> 12));
        put(0x80 | ((symbol >> 6) & 0x3F));
        put(0x80 | (symbol & 0x3F));
    } else {
        put(0xF0 | (symbol >> 18));
        put(0x80 | ((symbol >> 12) & 0x3F));
        put(0x80 | ((symbol >> 6) & 0x3F));
        put(0x80 | (symbol & 0x3F));
    }
}

bool isHigh(JSChar unit) {
    return unit >= 0xD800 && unit < 0xDC00;
}
bool isLow(JSChar unit) {
    return unit >= 0xDC00 && unit < 0xE000;
}

/// The unit of an escape `\uXXXX` at `at`; 0 where there is none.
JSChar escapedUnit(std::string_view json, std::size_t at) {
    unsigned unit = 0;
    if (at + 6 > json.size() || json[at] != '\\' || json[at + 1] != 'u') return 0;
    const auto read = std::from_chars(json.data() + at + 2, json.data() + at + 6, unit, 16);
    return read.ptr == json.data() + at + 6 ? static_cast<JSChar>(unit) : 0;
}

}  // namespace

JsText::JsText(std::string_view utf8) {
    std::vector<JSChar> wide(utf8.size());
    std::size_t length = 0;
    for (std::size_t at = 0; at < utf8.size();) {
        const auto byte = static_cast<unsigned char>(utf8[at]);
        if (byte < 0x80) {
            wide[length++] = byte;
            ++at;
            continue;
        }
        const char32_t symbol = decodeSymbol(utf8, at);
        if (symbol < 0x10000) {
            wide[length++] = static_cast<JSChar>(symbol);
        } else {
            wide[length++] = static_cast<JSChar>(0xD800 + ((symbol - 0x10000) >> 10));
            wide[length++] = static_cast<JSChar>(0xDC00 + ((symbol - 0x10000) & 0x3FF));
        }
    }
    string_ = JSStringCreateWithCharacters(wide.data(), length);
}

std::string JsText::toUtf8() const {
    const std::size_t length = JSStringGetLength(string_);
    const JSChar* const units = JSStringGetCharactersPtr(string_);
    std::string out;
    out.reserve(length + length / 8);
    for (std::size_t i = 0; i < length; ++i) {
        const JSChar unit = units[i];
        if (unit < 0x80) {
            out.push_back(static_cast<char>(unit));
        } else if (isHigh(unit) && i + 1 < length && isLow(units[i + 1])) {
            appendSymbol(out, 0x10000 + ((unit - 0xD800u) << 10) + (units[i + 1] - 0xDC00u));
            ++i;
        } else {
            appendSymbol(out, isHigh(unit) || isLow(unit) ? kReplacement : unit);
        }
    }
    return out;
}

void replaceLoneSurrogates(std::string& json) {
    if (json.find("\\ud") == std::string::npos) return;  // JSON.stringify writes small letters
    for (std::size_t at = json.find('\\'); at < json.size(); at = json.find('\\', at)) {
        const JSChar unit = escapedUnit(json, at);
        if (isHigh(unit) && isLow(escapedUnit(json, at + 6))) {
            at += 12;
        } else if (isHigh(unit) || isLow(unit)) {
            json.replace(at, 6, "\\ufffd");
            at += 6;
        } else {
            at += 2;
        }
    }
}

}  // namespace totem::flows
