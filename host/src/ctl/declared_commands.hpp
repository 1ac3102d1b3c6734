#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

#include "ctl/session.hpp"

namespace totemd {

/// One argument of a command that a plugin declares in its manifest.
struct DeclaredArgument {
    std::string name;   ///< "file": shown as FILE when required, else as --file
    std::string kind;   ///< "string", "integer", "flag", "file-content", "file-base64"
    std::string input;  ///< member of the action's input
    std::string help;
    bool required = false;
};

/// `totemctl GROUP VERB …`, a mapping to an action. totemctl knows no plugin by name.
struct DeclaredCommand {
    std::string group, verb, action, help;
    std::vector<DeclaredArgument> arguments;
};

/// Reads the list; entries that are not complete are left out.
std::vector<DeclaredCommand> declaredCommands(const OutputJson& list);

/// From the manifests of the plugins that the configuration enables.
std::vector<DeclaredCommand> installedCommands(const LoadedConfig& configuration);

/// Adds them below `app`; a group that totemctl has itself is left alone.
void addDeclaredCommands(CLI::App& app, Session& session,
                         const std::vector<DeclaredCommand>& commands);

}  // namespace totemd
