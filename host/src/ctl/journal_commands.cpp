// What became of messages: events, effects, undecoded requests, traces.
#include <memory>

#include "ctl/builtin_commands.hpp"

namespace totemd {

namespace {

/// What narrows a list; the names are those of the query.
struct Filter {
    std::string id, trace, subject, type, state;
    std::int64_t before = 0;
    int limit = 50;

    std::string query() const {
        std::string result = "?limit=" + std::to_string(limit);
        if (before > 0) result += "&before=" + std::to_string(before);
        for (const auto& [name, value] : {std::pair{"id", &id},
                                          {"trace", &trace},
                                          {"subject", &subject},
                                          {"type", &type},
                                          {"state", &state}})
            if (!value->empty())
                result += std::string("&") + name + "=" + AdminClient::encode(*value);
        return result;
    }
};

std::shared_ptr<Filter> addFilter(CLI::App* command, const std::string& states, bool byEvent) {
    auto filter = std::make_shared<Filter>();
    command->add_option("--state", filter->state, states);
    if (byEvent) {
        command->add_option("--id", filter->id, "Only this event (id or seq)");
        command->add_option("--trace", filter->trace, "Only this trace");
        command->add_option("--subject", filter->subject, "Only this conversation");
        command->add_option("--type", filter->type, "Only this type (effects: action)");
    }
    command->add_option("--before", filter->before, "Older than this seq: the next page");
    command->add_option("--limit", filter->limit, "At most this many, newest first")
        ->check(CLI::Range(1, 500))
        ->capture_default_str();
    return filter;
}

/// Nanoseconds become a time that people read.
void readableTimes(OutputJson& row, std::initializer_list<const char*> names) {
    for (const char* name : names)
        if (row.contains(name) && row[name].is_number_integer())
            row[name] = timeText(row[name].get<std::int64_t>());
}

/// "flows done, audit dead after 8: no route" of an event's deliveries.
std::string deliveriesText(const OutputJson& event) {
    std::string text;
    if (!event.contains("deliveries") || !event["deliveries"].is_array()) return text;
    for (const auto& delivery : event["deliveries"]) {
        const std::string state = delivery.value("state", "");
        text += (text.empty() ? "" : ", ") + delivery.value("subscriber", "") + " " + state;
        if (state != "done") text += " after " + std::to_string(delivery.value("attempts", 0));
    }
    return text;
}

void printPage(Session& session, const OutputJson& answer, const char* list,
               const std::vector<std::string>& columns, std::initializer_list<const char*> times) {
    OutputJson rows = answer.contains(list) ? answer[list] : OutputJson::array();
    for (auto& row : rows) {
        readableTimes(row, times);
        if (row.contains("deliveries")) row["deliveries"] = deliveriesText(row);
    }
    if (rows.empty()) {
        session.out() << "none\n";
        return;
    }
    printTable(session.out(), rows, columns);
    if (answer.contains("next") && answer["next"].is_number())
        session.out() << "more: --before " << answer["next"].dump() << "\n";
}

void printJsonBlock(std::ostream& out, const char* name, const OutputJson& value) {
    if (value.is_null()) return;
    out << "\n" << name << ":\n";
    const std::string text = value.dump(2, ' ', false, OutputJson::error_handler_t::replace);
    for (std::size_t start = 0; start < text.size();) {
        const std::size_t end = std::min(text.find('\n', start), text.size());
        out << "  " << printable(text.substr(start, end - start)) << "\n";
        start = end + 1;
    }
}

void printEvent(std::ostream& out, OutputJson event) {
    readableTimes(event, {"received"});
    const OutputJson data = event.value("data", OutputJson());
    const OutputJson reply = event.value("reply", OutputJson());
    event.erase("data");
    event.erase("reply");
    for (const char* list : {"deliveries", "effects"})
        if (event.contains(list))
            for (auto& row : event[list]) readableTimes(row, {"updated", "created", "not_before"});
    printResult(out, event);
    printJsonBlock(out, "data", data);
    printJsonBlock(out, "reply", reply);
}

void printTimeline(Session& session, const OutputJson& answer) {
    const OutputJson entries = answer.value("entries", OutputJson::array());
    if (entries.empty())
        throw CommandError(
            "nothing is recorded under this event or trace: see \"totemctl events list\"");
    session.out() << "trace " << cellText(answer.value("trace", OutputJson())) << "\n";
    for (const auto& entry : entries) {
        std::string line = timeText(entry.value("at", std::int64_t{0})) + "  " +
                           cellText(entry.value("what", OutputJson()));
        for (const auto& [key, value] : entry.items())
            if (key != "at" && key != "what" && value != "")
                line += " " + printable(key) + "=" + cellText(value);
        session.out() << line << "\n";
    }
}

void addEvents(CLI::App& app, Session& session) {
    auto* group = app.add_subcommand("events", "Events, their deliveries and dead letters");
    group->require_subcommand(1);

    auto* list = group->add_subcommand("list", "List events, newest first");
    list->callback([&session,
                    filter = addFilter(list, "Only open, done or dead (dead letters)", true)] {
        session.show(
            session.client().get("/api/v1/events" + filter->query()), [&](const auto& answer) {
                printPage(session, answer, "events",
                          {"seq", "received", "type", "subject", "id", "deliveries"}, {"received"});
            });
    });

    auto id = std::make_shared<std::string>();
    auto* show =
        group->add_subcommand("show", "Show one event with its data, deliveries and effects");
    show->add_option("EVENT", *id, "Its id or seq")->required();
    show->callback([&session, id] {
        session.show(session.client().get("/api/v1/events/" + AdminClient::encode(*id)),
                     [&](const auto& answer) { printEvent(session.out(), answer); });
    });

    auto subscriber = std::make_shared<std::string>();
    auto fresh = std::make_shared<bool>(false);
    auto* replay = group->add_subcommand("replay", "Deliver an event or a stored request again");
    replay->add_option("EVENT", *id, "Its id or seq")->required();
    replay->add_option("--subscriber", *subscriber, "Only to this plugin");
    replay->add_flag("--fresh", *fresh, "Start anew instead of continuing");
    replay->callback([&session, id, subscriber, fresh] {
        const OutputJson body{{"subscriber", *subscriber}, {"fresh", *fresh}};
        session.show(session.client().post("/api/v1/events/" + AdminClient::encode(*id) + "/replay",
                                           body.dump()),
                     [&](const auto& answer) { printResult(session.out(), answer); });
    });
}

void addEffects(CLI::App& app, Session& session) {
    auto* group = app.add_subcommand("effects", "What was sent to the outside");
    group->require_subcommand(1);
    auto* list = group->add_subcommand("list", "List effects, newest first");
    list->callback(
        [&session, filter = addFilter(list, "Only open, done, refused, unknown or dead", true)] {
            session.show(
                session.client().get("/api/v1/effects" + filter->query()), [&](const auto& answer) {
                    printPage(session, answer, "effects",
                              {"seq", "created", "action", "subject", "state", "attempts", "key"},
                              {"created"});
                });
        });
}

void addRequests(CLI::App& app, Session& session) {
    auto* group =
        app.add_subcommand("requests", "Requests kept because their plugin could not take them");
    group->require_subcommand(1);
    auto* list = group->add_subcommand("list", "List undecoded requests, newest first");
    list->callback([&session, filter = addFilter(list, "Only open, done or dead", false)] {
        session.show(session.client().get("/api/v1/requests" + filter->query()),
                     [&](const auto& answer) {
                         printPage(session, answer, "requests",
                                   {"seq", "received", "plugin", "method", "target", "state",
                                    "attempts", "reason"},
                                   {"received"});
                     });
    });
    group->add_subcommand("replay", "Hand the waiting requests to their plugins now")
        ->callback([&session] {
            session.show(session.client().post("/api/v1/requests/replay", "{}"),
                         [&](const auto& answer) { printResult(session.out(), answer); });
        });
}

}  // namespace

void addJournalCommands(CLI::App& app, Session& session) {
    addEvents(app, session);
    addEffects(app, session);
    addRequests(app, session);

    auto id = std::make_shared<std::string>();
    auto* trace = app.add_subcommand("trace", "The time line of an event or a trace");
    trace->add_option("EVENT|TRACE", *id, "Id or seq of an event, or a trace id")->required();
    trace->callback([&session, id] {
        session.show(session.client().get("/api/v1/trace/" + AdminClient::encode(*id)),
                     [&](const auto& answer) { printTimeline(session, answer); });
    });
}

}  // namespace totemd
