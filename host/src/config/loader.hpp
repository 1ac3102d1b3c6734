#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/configuration.hpp"
#include "config/problem.hpp"

namespace totemd {

/// What the reader has to know about an installed plugin to check its section.
struct PluginSchema {
    std::string schemaFile;  ///< for messages
    std::string schema;      ///< JSON Schema text of its `config`; empty: any object
};
/// Plugin id → schema: every plugin that is installed, enabled or not.
using PluginSchemas = std::map<std::string, PluginSchema>;

/// Reads `<dir>/<id>/plugin.json` and the `schema.json` beside it in each folder, first one wins.
/// Folders that do not exist count as empty; what cannot be read becomes a problem.
PluginSchemas findPluginSchemas(const std::vector<std::string>& pluginPath,
                                std::vector<ConfigProblem>& problems);

std::optional<std::string> processEnvironment(const std::string& name);

/// Where references get their values; the defaults are the process's own.
struct ConfigSources {
    std::function<std::optional<std::string>(const std::string& name)> environment =
        processEnvironment;
    std::string credentialsDirectory;  ///< empty: $CREDENTIALS_DIRECTORY, if that is set
    /// Outside the service, which alone has credentials: a missing directory is a warning.
    bool credentialsOptional = false;
    std::function<PluginSchemas(const std::vector<std::string>& pluginPath,
                                std::vector<ConfigProblem>& problems)>
        findPlugins = findPluginSchemas;
};

/// Where the admin listener is, for programs that talk to it; empty when the file does not say.
struct AdminEndpoint {
    std::string address, token;
};

struct LoadedConfig {
    std::optional<Configuration> configuration;  ///< absent when there are `problems`
    std::vector<ConfigProblem> problems;         ///< all of them at once; any one is fatal
    std::vector<ConfigProblem> warnings;         ///< worth a log line, harmless
    std::vector<std::string> files;              ///< that were read, in the order of merging
    AdminEndpoint admin;                         ///< known even when other parts are wrong
    std::string maskedDump;                      ///< effective JSON, secrets as "***", for people
};

/// Reads FILE and `conf.d/*.json` beside it, merges, resolves references, validates each section
/// and each plugin's `config`, fills in the defaults.
///
/// Threads: any; touches nothing but files and the environment. Never throws for what a file holds.
LoadedConfig loadConfiguration(const std::filesystem::path& file,
                               const ConfigSources& sources = {});

/// `totemctl config check` and `totemd --check`: all problems and warnings to read, or "FILE: ok".
struct ConfigCheck {
    int exitCode = 0;  ///< 0, or 2 when the configuration cannot be used
    std::string text;  ///< lines, each ending in a newline
};
ConfigCheck checkConfiguration(const std::filesystem::path& file,
                               const ConfigSources& sources = {});

}  // namespace totemd
