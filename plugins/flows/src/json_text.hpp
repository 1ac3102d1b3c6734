#pragma once

#include <string>
#include <string_view>

#include <totem/json.hpp>

namespace totem::flows {

/// Appends `text` as a JSON string. Like dumpJson(Json(text)), without the detour for plain ASCII.
inline void appendJsonText(std::string& out, std::string_view text) {
    for (const char c : text) {
        if (static_cast<signed char>(c) < 0x20 && c != '\n' && c != '\r' && c != '\t') {
            out += dumpJson(Json(std::string(text)));  // not ASCII, or a control character
            return;
        }
    }
    out += '"';
    std::size_t done = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c != '"' && c != '\\' && c >= 0x20) continue;
        out.append(text, done, i - done);
        out += '\\';
        out += c == '\n' ? 'n' : c == '\r' ? 'r' : c == '\t' ? 't' : c;
        done = i + 1;
    }
    out.append(text, done);
    out += '"';
}

inline std::string jsonText(std::string_view text) {
    std::string out;
    out.reserve(text.size() + 2);
    appendJsonText(out, text);
    return out;
}

}  // namespace totem::flows
