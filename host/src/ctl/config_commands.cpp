#include <memory>

#include "ctl/builtin_commands.hpp"

namespace totemd {

void addConfigCommands(CLI::App& app, Session& session, int& exitCode) {
    auto* group = app.add_subcommand("config", "Check and show the configuration, offline");
    group->require_subcommand(1);

    group->add_subcommand("check", "Report every error with its place; exit code 2 on errors")
        ->callback([&session, &exitCode] {
            const ConfigCheck check =
                checkConfiguration(session.options().configFile, session.sources());
            (check.exitCode == 0 ? session.out() : session.err()) << check.text;
            exitCode = check.exitCode;
        });

    group->add_subcommand("show", "Print what is in force after merging, secrets hidden")
        ->callback([&session] {
            const LoadedConfig& loaded = session.configuration();
            if (!loaded.configuration)
                throw CommandError("the configuration has errors:\n" + describe(loaded.problems),
                                   2);
            session.out() << loaded.maskedDump << "\n";
        });
}

}  // namespace totemd
