#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "config/problem.hpp"

namespace totemd {

/// Where one value was written. Lines and columns count from 1, columns in bytes.
struct ConfigPlace {
    std::string file;
    unsigned line = 0, column = 0;        ///< of the value
    unsigned keyLine = 0, keyColumn = 0;  ///< of its key; 0 for array elements and the root
};

/// A JSON document that remembers the place of every value. Internal to this room.
struct ConfigDocument {
    nlohmann::json root;
    std::map<std::string, ConfigPlace> places;  ///< by JSON pointer; "" is the root

    /// The place of the value, or of the nearest parent that was written somewhere.
    const ConfigPlace& placeOf(const std::string& pointer) const;
    /// A problem at that value, or at its key.
    ConfigProblem problemAt(const std::string& pointer, std::string message) const;
    ConfigProblem problemAtKey(const std::string& pointer, std::string message) const;
};

/// Deepest nesting and longest string that a configuration may have.
inline constexpr unsigned kMaxConfigDepth = 64;
inline constexpr std::size_t kMaxConfigString = 64 * 1024;

/// Reads JSON with comments and trailing commas. What is wrong goes to `problems`; without a
/// value the text could not be read to its end.
std::optional<ConfigDocument> parseConfigDocument(const std::string& file, const std::string& text,
                                                  std::vector<ConfigProblem>& problems);

/// Lays `over` on `base`: objects are merged key by key, all else is replaced. Places follow.
void mergeDocument(ConfigDocument& base, const ConfigDocument& over);

/// Pointers: appends one escaped token; splits into plain tokens; renders for people (a.b[0]).
std::string childPointer(const std::string& pointer, const std::string& key);
std::vector<std::string> pointerTokens(const std::string& pointer);
std::string readablePath(const nlohmann::json& root, const std::string& pointer);

}  // namespace totemd
