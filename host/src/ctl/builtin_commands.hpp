#pragma once

#include <CLI/App.hpp>

#include "ctl/session.hpp"

namespace totemd {

/// The commands of totemctl itself. Each runs as its subcommand's callback, inside the parse.
/// A command sets `exitCode` when it ends with something else than 0 and has said why.
void addConfigCommands(CLI::App& app, Session& session, int& exitCode);
void addPluginCommands(CLI::App& app, Session& session, int& exitCode);
void addJournalCommands(CLI::App& app, Session& session);
void addDaemonCommands(CLI::App& app, Session& session, int& exitCode);

}  // namespace totemd
