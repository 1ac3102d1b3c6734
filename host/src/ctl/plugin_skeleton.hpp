#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace totemd {

/// Writes the files of a new plugin called `id` into `folder`, which must not exist or be empty.
/// Returns their paths, relative to it. Throws CommandError.
std::vector<std::string> writePluginSkeleton(const std::filesystem::path& folder,
                                             const std::string& id);

}  // namespace totemd
