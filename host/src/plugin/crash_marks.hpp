#pragma once

#include <filesystem>
#include <string>

namespace totemd {

/// Remembers across a crash which plugin was being created. Nothing in the process can survive a
/// segfault in create(); once that many starts in a row have ended there, the next one leaves that
/// plugin out and says so, until its library or configuration changes. One is not enough: a power
/// cut or a kill looks the same.
///
/// Threads: control thread. Errors: a folder that cannot be written only costs the memory.
class CrashMarks {
public:
    static constexpr int kStarts = 3;

    /// Files are kept in `folder`; empty: nothing is remembered.
    explicit CrashMarks(std::filesystem::path folder) : folder_(std::move(folder)) {}

    /// `fingerprint` identifies this library with this configuration.
    void begin(const std::string& plugin, const std::string& fingerprint) const;
    void end(const std::string& plugin) const;
    /// True when kStarts processes in a row ended between begin and end with this fingerprint.
    bool crashed(const std::string& plugin, const std::string& fingerprint) const;

private:
    int startsOf(const std::string& plugin, const std::string& fingerprint) const;
    std::filesystem::path fileOf(const std::string& plugin) const {
        return folder_ / ("starting-" + plugin);
    }
    std::filesystem::path folder_;
};

}  // namespace totemd
