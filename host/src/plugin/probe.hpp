#pragma once

#include <chrono>
#include <filesystem>
#include <string>

namespace totemd {

/// Opens a plugin's library in a helper process first, so that one that throws, asserts, crashes,
/// hangs or exits while it is loaded takes nothing with it.
///
/// `probeProgram` is the installed totem-probe. Returns an empty text when the library loads and
/// its entry agrees with the manifest; otherwise a sentence that says what happened. Blocks up to
/// `timeout`. Any thread.
std::string probePlugin(const std::filesystem::path& probeProgram,
                        const std::filesystem::path& folder, std::chrono::milliseconds timeout);

/// The helper's exit status for "all well": not 0, which a library's exit(0) would give.
inline constexpr int kProbeAgrees = 77;
inline constexpr int kProbeRefuses = 78;

}  // namespace totemd
