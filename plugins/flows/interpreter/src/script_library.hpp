#pragma once

#include <span>
#include <string_view>

namespace totem::flows {

/// A JavaScript file that the build embedded: its path below js/ (or its package) and its text.
struct EmbeddedScript {
    std::string_view path;
    const char* begin;
    const char* end;

    std::string_view text() const { return {begin, static_cast<std::size_t>(end - begin)}; }
};

/// All of them, in the order in which they are to run.
std::span<const EmbeddedScript> embeddedScripts();

/// The one with this path; throws std::logic_error if there is none.
std::string_view embeddedScript(std::string_view path);

}  // namespace totem::flows
