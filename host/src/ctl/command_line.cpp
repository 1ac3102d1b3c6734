#include "ctl/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <sstream>

#include "ctl/builtin_commands.hpp"
#include "ctl/declared_commands.hpp"

namespace totemd {

namespace {

void addCommonOptions(CLI::App& app, CommonOptions& options) {
    app.add_option("--config", options.configFile, "The configuration's main file")
        ->capture_default_str();
    app.add_option(
        "--admin", options.admin,
        "HOST:PORT of the admin listener; default: TOTEM_ADMIN, else the configuration's");
    app.add_option(
        "--token-file", options.tokenFile,
        "File with the admin token; default: TOTEM_ADMIN_TOKEN, else the configuration's");
    app.add_option("--timeout", options.timeoutSeconds, "Seconds to wait for an answer")
        ->check(CLI::Range(0.001, 86400.0))
        ->capture_default_str();
    app.add_flag("--json", options.json, "Print answers as JSON");
}

/// CLI11 takes its arguments last one first.
void parse(CLI::App& app, std::vector<std::string> arguments) {
    std::reverse(arguments.begin(), arguments.end());
    app.parse(std::move(arguments));
}

/// The first argument that is no common option: the group. Fills the common options on the way.
std::string groupIn(const std::vector<std::string>& arguments, CommonOptions& options) {
    CLI::App app;
    app.set_help_flag();
    app.allow_extras();
    addCommonOptions(app, options);
    try {
        parse(app, arguments);
    } catch (const CLI::Error&) {
        return "";  // the real parse reports it
    }
    options.configGiven = app.count("--config") > 0;
    for (const std::string& word : app.remaining())
        if (!word.starts_with("-")) return word;
    return "";
}

bool isBuiltIn(const CLI::App& app, const std::string& group) {
    const auto own =
        app.get_subcommands([&group](const CLI::App* sub) { return sub->get_name() == group; });
    return !own.empty();
}

bool contains(const std::vector<DeclaredCommand>& commands, const std::string& group) {
    return std::any_of(commands.begin(), commands.end(),
                       [&group](const auto& command) { return command.group == group; });
}

/// The commands of plugins: from the installed manifests; from the daemon when these do not have
/// the group, or when the daemon is elsewhere.
std::vector<DeclaredCommand> pluginCommands(Session& session, const std::string& group) {
    const bool elsewhere = !session.options().admin.empty();
    std::vector<DeclaredCommand> commands;
    if (!elsewhere) commands = installedCommands(session.configuration());
    if (!elsewhere && (group.empty() || contains(commands, group))) return commands;
    try {
        const auto answer = session.client().tryGet("/api/v1/commands");
        if (answer && answer->contains("commands")) return declaredCommands((*answer)["commands"]);
    } catch (const CommandError&) {
        // Without a daemon there are the installed commands; the command itself will say why.
    }
    return commands;
}

/// CLI11 writes help and errors to streams of its own choice; here they go to ours.
int report(const CLI::App& app, const CLI::ParseError& error, CommandSurroundings& surroundings) {
    std::ostringstream out;
    std::ostringstream err;
    const int code = app.exit(error, out, err);
    surroundings.out << out.str();
    surroundings.err << err.str();
    return code == 0 ? 0 : 2;
}

}  // namespace

int runTotemctl(const std::vector<std::string>& arguments, CommandSurroundings surroundings) {
    CommonOptions options;
    const std::string group = groupIn(arguments, options);
    Session session(surroundings, options);
    int exitCode = 0;

    CLI::App app("Steers and inspects totemd", "totemctl");
    app.set_version_flag("--version", TOTEM_VERSION);
    app.fallthrough();
    app.require_subcommand(1);
    addCommonOptions(app, options);
    addDaemonCommands(app, session, exitCode);
    addJournalCommands(app, session);
    addPluginCommands(app, session, exitCode);
    addConfigCommands(app, session, exitCode);
    try {
        if (!isBuiltIn(app, group))
            addDeclaredCommands(app, session, pluginCommands(session, group));
        parse(app, arguments);
    } catch (const CLI::ParseError& error) {
        return report(app, error, surroundings);
    } catch (const CommandError& error) {
        surroundings.err << "totemctl: " << error.what() << "\n";
        return error.exitCode();
    } catch (const OutputJson::exception&) {
        surroundings.err << "totemctl: the answer is not of the shape that this version knows: is "
                            "totemd of the same version? --json shows it as it came\n";
        return 1;
    }
    return exitCode;
}

}  // namespace totemd
