#pragma once

#include <filesystem>

#include "totem/abi/plugin.h"

namespace totemd {

/// Opens a plugin's shared object and returns what its entry describes. The library stays mapped
/// until the process ends: its code may still be on some stack when its plugin is disabled.
///
/// Throws std::runtime_error that names the file, what was found and what mends it.
const totem_descriptor* openLibrary(const std::filesystem::path& file);

}  // namespace totemd
