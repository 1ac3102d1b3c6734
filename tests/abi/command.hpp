#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace totem_test {

struct Finished {
    int status = -1;     ///< exit code; 127: no such program
    std::string output;  ///< what it wrote to both of its streams
    bool ok() const { return status == 0; }
};

/// Runs a program of the PATH to its end.
Finished runCommand(const std::vector<std::string>& command);

/// The compilers of this machine: those of the build, and clang when it is there.
std::vector<std::string> cCompilers();
std::vector<std::string> cxxCompilers();
/// True when `compiler` translates a program of the standard library with these options.
bool translates(const std::string& compiler, const std::vector<std::string>& options);

/// A temporary folder.
class Scratch {
public:
    Scratch();
    ~Scratch();
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    const std::filesystem::path& path() const { return path_; }
    /// Writes a file below it and returns its path.
    std::filesystem::path write(const std::string& name, const std::string& text) const;

private:
    std::filesystem::path path_;
};

std::string readFile(const std::filesystem::path& file);

}  // namespace totem_test
