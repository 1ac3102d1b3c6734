// The daemon itself: health, metrics, log levels, actions, reload, forgetting a customer.
#include <memory>

#include "ctl/builtin_commands.hpp"

namespace totemd {

namespace {

OutputJson healthRows(const OutputJson& answer) {
    OutputJson rows = OutputJson::array();
    const OutputJson components = answer.value("components", OutputJson::object());
    for (const auto& [name, component] : components.items()) {
        OutputJson row{{"component", name}};
        row.update(component);
        rows.push_back(row);
    }
    for (const auto& upstream : answer.value("upstreams", OutputJson::array())) {
        OutputJson row = upstream;
        row["component"] = "upstream " + upstream.value("upstream", "");
        rows.push_back(row);
    }
    return rows;
}

void printHealth(std::ostream& out, const OutputJson& answer) {
    out << "status: " << cellText(answer.value("status", OutputJson("?")));
    if (answer.contains("version")) out << ", version " << cellText(answer["version"]);
    out << "\n";
    const OutputJson listeners = answer.value("listeners", OutputJson::object());
    for (const auto& [name, address] : listeners.items())
        out << "listener " << printable(name) << ": " << cellText(address) << "\n";
    const OutputJson rows = healthRows(answer);
    if (rows.empty()) return;
    out << "\n";
    printTable(out, rows, {"component", "state", "since", "last_latency_ms", "last_error"});
}

void addHealth(CLI::App& app, Session& session, int& exitCode) {
    app.add_subcommand("health", "Show the state of each part; exit code 1 when it does not serve")
        ->callback([&session, &exitCode] {
            const OutputJson answer = session.client().get("/health");
            session.show(answer, [&](const auto& shown) { printHealth(session.out(), shown); });
            const std::string status = answer.value("status", "");
            exitCode = status == "unhealthy" || status == "starting" || status.empty() ? 1 : 0;
        });
    app.add_subcommand("metrics", "Print the metrics in Prometheus' format")->callback([&session] {
        session.out() << session.client().getText("/metrics");
    });
}

void addLog(CLI::App& app, Session& session) {
    auto* group = app.add_subcommand("log", "Log levels of the running daemon");
    group->require_subcommand(1);
    auto printLevels = [&session](const OutputJson& answer) {
        OutputJson rows = OutputJson::array();
        const OutputJson levels = answer.value("levels", OutputJson::object());
        for (const auto& [name, level] : levels.items())
            rows.push_back({{"component", name}, {"level", level}});
        printTable(session.out(), rows, {"component", "level"});
    };
    group->add_subcommand("levels", "List the level of each plugin and part")
        ->callback([&session, printLevels] {
            session.show(session.client().get("/api/v1/log"), printLevels);
        });

    auto component = std::make_shared<std::string>();
    auto level = std::make_shared<std::string>();
    auto* set =
        group->add_subcommand("level", "Set the level of one plugin or part until it restarts");
    set->add_option("NAME", *component, "Id of a plugin, or a part")->required();
    set->add_option("LEVEL", *level, "debug, info, warn, error or off")
        ->required()
        ->check(CLI::IsMember({"debug", "info", "warn", "error", "off"}));
    set->callback([&session, component, level, printLevels] {
        session.show(session.client().put("/api/v1/log/" + AdminClient::encode(*component),
                                          OutputJson{{"level", *level}}.dump()),
                     printLevels);
    });
}

/// The argument of `call`: JSON, @FILE or - for standard input.
std::string actionInput(Session& session, const std::string& given) {
    std::string text = given;
    if (given == "-") text = session.readInput("-");
    if (given.starts_with("@")) text = session.readInput(given.substr(1));
    try {
        const auto json = OutputJson::parse(text);
        if (!json.is_object()) throw CommandError("the input of an action is a JSON object", 2);
        return json.dump();
    } catch (const OutputJson::parse_error& error) {
        throw CommandError("the input is not valid JSON, wrong at byte " +
                               std::to_string(error.byte) +
                               ": expected an object such as '{\"dni\": \"…\"}', @FILE or -",
                           2);
    }
}

void addActions(CLI::App& app, Session& session) {
    app.add_subcommand("actions", "List the actions that plugins offer")->callback([&session] {
        session.show(session.client().get("/api/v1/actions"), [&](const auto& answer) {
            printTable(session.out(), answer.value("actions", OutputJson::array()),
                       {"name", "effect", "plugin", "title"});
        });
    });

    auto name = std::make_shared<std::string>();
    auto input = std::make_shared<std::string>("{}");
    auto key = std::make_shared<std::string>();
    auto* call = app.add_subcommand("call", "Call an action and print its result");
    call->add_option("ACTION", *name, "Its name, see \"totemctl actions\"")->required();
    call->add_option("INPUT", *input, "A JSON object, @FILE, or - for standard input");
    call->add_option("--idempotency-key", *key,
                     "Asking again with the same key has no second effect");
    call->callback([&session, name, input, key] {
        session.show(session.client().post("/api/v1/actions/" + AdminClient::encode(*name),
                                           actionInput(session, *input), *key),
                     [&](const auto& answer) { printResult(session.out(), answer); });
    });
}

}  // namespace

void addDaemonCommands(CLI::App& app, Session& session, int& exitCode) {
    addHealth(app, session, exitCode);
    addLog(app, session);
    addActions(app, session);

    auto numbers = std::make_shared<std::vector<std::string>>();
    auto* forget =
        app.add_subcommand("forget", "Delete one customer's data: journal, runs and caches");
    forget->add_option("NUMBER", *numbers, "Phone numbers or DNIs")->required();
    forget->callback([&session, numbers] {
        session.show(
            session.client().post("/api/v1/forget", OutputJson{{"numbers", *numbers}}.dump()),
            [&](const auto& answer) {
                session.out() << "deleted\n";
                printResult(session.out(), answer);
            });
    });

    app.add_subcommand("reload", "Read the configuration again, as systemctl reload does")
        ->callback([&session] {
            session.show(session.client().post("/api/v1/reload", "{}"), [&](const auto&) {
                session.out() << "reload started; the log says what came of it, and so does "
                                 "\"totemctl plugin list\"\n";
            });
        });
}

}  // namespace totemd
