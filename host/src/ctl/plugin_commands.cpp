#include <memory>

#include "ctl/builtin_commands.hpp"

namespace totemd {

namespace {

void addList(CLI::App& group, Session& session) {
    group.add_subcommand("list", "List plugins with their state and why")->callback([&session] {
        session.show(session.client().get("/api/v1/plugins"), [&](const auto& answer) {
            printTable(session.out(), answer.value("plugins", OutputJson::array()),
                       {"id", "version", "state", "since", "open_calls", "queued", "reason"});
        });
    });
}

}  // namespace

void addPluginCommands(CLI::App& app, Session& session, int&) {
    auto* group = app.add_subcommand("plugin", "Plugins: what runs, checks, a new one");
    group->require_subcommand(1);
    addList(*group, session);
}

}  // namespace totemd
