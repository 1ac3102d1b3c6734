#include "config/problem.hpp"

#include <algorithm>
#include <tuple>

namespace totemd {

std::string ConfigProblem::text() const {
    std::string result = file;
    if (line > 0) result += ":" + std::to_string(line) + ":" + std::to_string(column);
    result += ": ";
    if (!path.empty()) result += path + ": ";
    result += message;
    if (!suggestion.empty()) result += "; did you mean \"" + suggestion + "\"?";
    if (!pointer.empty()) result += " (" + pointer + ")";
    // A file, a key or a name may hold anything; a problem stays one line.
    std::replace_if(
        result.begin(), result.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
    return result;
}

std::string describe(const std::vector<ConfigProblem>& problems) {
    std::string result;
    for (const ConfigProblem& problem : problems) result += problem.text() + "\n";
    return result;
}

}  // namespace totemd
