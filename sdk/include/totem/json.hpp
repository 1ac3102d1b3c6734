#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "totem/call.hpp"

namespace totem {
inline namespace v0 {

using Json = nlohmann::json;

/// Parses what the other side sent; kInvalid with the place when it is no JSON.
inline Json parseJson(std::string_view text) {
    try {
        return Json::parse(text);
    } catch (const Json::exception& error) {
        throw Failure(Status::kInvalid, error.what());
    }
}

/// Writes JSON text; bytes that are not UTF-8 are replaced, never thrown about.
inline std::string dumpJson(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

/// An action or event handler from a function Json(const Json&), on the plugin's pool.
template <typename Function>
auto json(Function function) {
    return [function = std::move(function)](Call& call, std::string_view input) mutable {
        call.succeed(Body(dumpJson(function(parseJson(input)))));
    };
}

}  // namespace v0
}  // namespace totem
