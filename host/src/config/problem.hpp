#pragma once

#include <string>
#include <vector>

namespace totemd {

/// One thing that is wrong with the configuration, ready to be shown. Never holds a secret.
struct ConfigProblem {
    std::string file;
    unsigned line = 0;       ///< from 1; 0: the file as a whole
    unsigned column = 0;     ///< from 1, in bytes
    std::string path;        ///< "plugins.ID.config.timeout_ms"; empty: the whole document
    std::string pointer;     ///< the same as JSON pointer
    std::string message;     ///< "expected integer, got \"5s\""
    std::string suggestion;  ///< nearest known name; empty: none

    /// `FILE:LINE:COLUMN: PATH: MESSAGE; did you mean "X"? (POINTER)`, one line.
    std::string text() const;
    bool operator==(const ConfigProblem&) const = default;
};

/// One line for each problem, in the order of files and places.
std::string describe(const std::vector<ConfigProblem>& problems);

}  // namespace totemd
