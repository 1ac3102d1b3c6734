#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace totemd {

/// One thing that was looked at, and what is wrong with it.
struct PluginFinding {
    std::string part;     ///< manifest, schema, commands, library
    std::string problem;  ///< empty: fine
};

/// Looks at a plugin's folder as the daemon would before it loads it. The library is opened in a
/// helper process, so a bad one ends that.
std::vector<PluginFinding> checkPlugin(const std::filesystem::path& folder,
                                       const std::filesystem::path& probeProgram);

}  // namespace totemd
