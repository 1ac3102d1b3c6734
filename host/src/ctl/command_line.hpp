#pragma once

#include <functional>
#include <istream>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace totemd {

/// What a run of totemctl has around it, so that tests can give their own.
struct CommandSurroundings {
    std::ostream& out;
    std::ostream& err;
    std::istream& in;
    std::function<std::optional<std::string>(const std::string& name)> environment;
};

/// Runs totemctl with these arguments (without the program's name). Returns the exit code: 0, 1
/// when the daemon refuses or cannot be reached or is unwell, 2 for wrong arguments or
/// configuration.
int runTotemctl(const std::vector<std::string>& arguments, CommandSurroundings surroundings);

}  // namespace totemd
