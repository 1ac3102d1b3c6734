#pragma once

#include <optional>
#include <string>

#include "config/loader.hpp"
#include "ctl/admin_client.hpp"
#include "ctl/command_line.hpp"
#include "ctl/output.hpp"

namespace totemd {

/// The options that every command knows.
struct CommonOptions {
    std::string configFile = "/etc/totemd/totemd.json";
    bool configGiven = false;
    std::string admin;      ///< host:port; empty: from the environment or the configuration
    std::string tokenFile;  ///< empty: from the environment or the configuration
    double timeoutSeconds = 60;
    bool json = false;
};

/// One run of totemctl: its options, its streams, and how it finds the daemon.
/// Threads: one.
class Session {
public:
    Session(CommandSurroundings surroundings, CommonOptions& options)
        : surroundings_(surroundings), options_(options) {}

    std::ostream& out() { return surroundings_.out; }
    std::ostream& err() { return surroundings_.err; }
    const CommonOptions& options() const { return options_; }

    /// Throws CommandError when the address or the token cannot be found out.
    AdminClient client() const;
    /// Where references get their values when the configuration is read outside the service.
    ConfigSources sources() const;
    /// Read once, at the first use.
    const LoadedConfig& configuration() const;

    /// The text of FILE, of standard input for "-"; throws CommandError that names the file.
    std::string readInput(const std::string& file) const;

    /// With --json the answer as it came, else what `human` makes of it.
    void show(const OutputJson& answer, const std::function<void(const OutputJson&)>& human);

private:
    std::string address() const;
    /// The token and where it came from.
    std::pair<std::string, std::string> token() const;

    CommandSurroundings surroundings_;
    CommonOptions& options_;
    mutable std::optional<LoadedConfig> configuration_;
};

}  // namespace totemd
