#include <filesystem>
#include <memory>

#include "ctl/builtin_commands.hpp"
#include "ctl/plugin_check.hpp"
#include "ctl/plugin_skeleton.hpp"

namespace totemd {

namespace fs = std::filesystem;

namespace {

void addList(CLI::App& group, Session& session) {
    group.add_subcommand("list", "List plugins with their state and why")->callback([&session] {
        session.show(session.client().get("/api/v1/plugins"), [&](const auto& answer) {
            printTable(session.out(), answer.value("plugins", OutputJson::array()),
                       {"id", "version", "state", "since", "open_calls", "queued", "reason"});
        });
    });
}

/// The helper that opens libraries lies beside totemctl or where packages put it.
fs::path probeProgram() {
    std::error_code error;
    const fs::path here = fs::read_symlink("/proc/self/exe", error).parent_path();
    for (const fs::path& place : {here, here.parent_path() / TOTEM_LIBEXEC_DIR})
        if (fs::exists(place / "totem-probe", error)) return place / "totem-probe";
    throw CommandError("totem-probe is neither in " + here.string() +
                       " nor in " TOTEM_LIBEXEC_DIR ": reinstall totemd");
}

/// A folder as given, the folder of a library, or that of an installed plugin.
fs::path pluginFolder(const Session& session, const std::string& given) {
    std::error_code error;
    const fs::path path = fs::absolute(given, error).lexically_normal();
    if (fs::is_directory(path, error)) return path.has_filename() ? path : path.parent_path();
    if (fs::exists(path, error)) return path.parent_path();
    const LoadedConfig& loaded = session.configuration();
    const auto folders =
        loaded.configuration ? loaded.configuration->pluginPath : Configuration{}.pluginPath;
    for (const std::string& folder : folders)
        if (fs::is_directory(fs::path(folder) / given, error)) return fs::path(folder) / given;
    throw CommandError(given +
                           " is neither a plugin's folder, nor a library in one, nor the id of "
                           "an installed plugin",
                       2);
}

void addCheck(CLI::App& group, Session& session, int& exitCode) {
    auto given = std::make_shared<std::string>();
    auto* check = group.add_subcommand("check", "Say whether totemd would take a plugin, offline");
    check->add_option("PLUGIN", *given, "Its folder, its library, or the id of an installed one")
        ->required();
    check->callback([&session, &exitCode, given] {
        const auto findings = checkPlugin(pluginFolder(session, *given), probeProgram());
        OutputJson rows = OutputJson::array();
        for (const PluginFinding& finding : findings) {
            rows.push_back({{"part", finding.part},
                            {"ok", finding.problem.empty()},
                            {"problem", finding.problem}});
            if (!finding.problem.empty()) exitCode = 1;
        }
        session.show(rows, [&](const auto&) {
            for (const PluginFinding& finding : findings)
                session.out() << finding.part << ": "
                              << (finding.problem.empty() ? "ok" : printable(finding.problem))
                              << "\n";
        });
    });
}

void addNew(CLI::App& group, Session& session) {
    auto id = std::make_shared<std::string>();
    auto folder = std::make_shared<std::string>();
    auto* command = group.add_subcommand("new", "Write the files of a new plugin, ready to build");
    command->add_option("ID", *id, "Its id: a letter, then letters, digits and \"_\"")->required();
    command->add_option("--folder", *folder, "Where to write; default: a folder called ID");
    command->callback([&session, id, folder] {
        const fs::path where = folder->empty() ? *id : *folder;
        for (const std::string& file : writePluginSkeleton(where, *id))
            session.out() << (where / file).string() << "\n";
        session.out()
            << "next: cd " << where.string()
            << " && cmake --preset dev && cmake --build --preset dev && ctest --preset dev\n";
    });
}

}  // namespace

void addPluginCommands(CLI::App& app, Session& session, int& exitCode) {
    auto* group = app.add_subcommand("plugin", "Plugins: what runs, checks, a new one");
    group->require_subcommand(1);
    addList(*group, session);
    addCheck(*group, session, exitCode);
    addNew(*group, session);
}

}  // namespace totemd
