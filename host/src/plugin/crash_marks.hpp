#pragma once

#include <filesystem>
#include <string>

namespace totemd {

/// Remembers across a crash which plugin was being created. Nothing in the process can survive a
/// segfault in create(); the next start leaves that plugin out and says so, until its library or
/// configuration changes.
///
/// Threads: control thread. Errors: a folder that cannot be written only costs the memory.
class CrashMarks {
public:
    /// Files are kept in `folder`; empty: nothing is remembered.
    explicit CrashMarks(std::filesystem::path folder) : folder_(std::move(folder)) {}

    /// `fingerprint` identifies this library with this configuration.
    void begin(const std::string& plugin, const std::string& fingerprint) const;
    void end(const std::string& plugin) const;
    /// True when an earlier process ended between begin and end with the same fingerprint.
    bool crashed(const std::string& plugin, const std::string& fingerprint) const;

private:
    std::filesystem::path fileOf(const std::string& plugin) const {
        return folder_ / ("starting-" + plugin);
    }
    std::filesystem::path folder_;
};

}  // namespace totemd
