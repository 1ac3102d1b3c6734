#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "totem/call.hpp"

namespace totem {
inline namespace v0 {

using Json = nlohmann::json;

/// How deep JSON may nest: writing a value recurses, so text from outside is measured first.
inline constexpr int kMaxJsonDepth = 200;

/// True when brackets open deeper than kMaxJsonDepth, in one pass and without parsing.
inline bool nestsTooDeep(std::string_view text) {
    int depth = 0;
    bool inString = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (inString) {
            if (c == '\\')
                ++i;
            else if (c == '"')
                inString = false;
        } else if (c == '"') {
            inString = true;
        } else if (c == '{' || c == '[') {
            if (++depth > kMaxJsonDepth) return true;
        } else if (c == '}' || c == ']') {
            --depth;
        }
    }
    return false;
}

/// Parses what the other side sent; kInvalid with the place when it is no JSON or nests too deep.
inline Json parseJson(std::string_view text) {
    if (nestsTooDeep(text))
        throw Failure(Status::kInvalid,
                      "JSON nests deeper than " + std::to_string(kMaxJsonDepth) + " levels");
    try {
        return Json::parse(text);
    } catch (const Json::exception& error) {
        // Only the place: the library's text goes on with what was read, which may be a customer's.
        const std::string text = error.what();
        throw Failure(Status::kInvalid, "no JSON: " + text.substr(0, text.find("; last read")));
    }
}

/// Writes JSON text; bytes that are not UTF-8 are replaced, never thrown about.
inline std::string dumpJson(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// A handler for onAction, onReconcile or onEvent from a function Json(const Json&), which runs on
/// the plugin's pool and may block. Needs nlohmann-json 3.x on the include path.
template <typename Function>
auto json(Function function) {
    return [function = std::move(function)](Call& call, std::string_view input) mutable {
        call.succeed(Body(dumpJson(function(parseJson(input)))));
    };
}

}  // namespace v0
}  // namespace totem
