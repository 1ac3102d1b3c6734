#include "journal/inspector.hpp"

#include <algorithm>
#include <mutex>
#include <nlohmann/json.hpp>
#include <vector>

#include "journal/database.hpp"
#include "journal/schema.hpp"
#include "journal/sqlite.hpp"

namespace totemd {
namespace {

using nlohmann::json;

constexpr int kMaxLimit = 500;

const char* deliveryState(std::int64_t state) {
    return state == kOpen ? "open" : state == kDone ? "done" : "dead";
}

const char* effectState(std::int64_t state) {
    switch (state) {
        case kSettled:
            return "done";
        case kRefused:
            return "refused";
        case kUnknown:
            return "unknown";
        case kEffectDead:
            return "dead";
        default:
            return "open";
    }
}

/// The lowest and highest number of a state's name; everything for an empty name.
struct States {
    int low = -100, high = 100;
};

States effectStates(const std::string& name) {
    if (name == "open") return {kQueued, kIntent};
    if (name == "done") return {kSettled, kSettled};
    if (name == "refused") return {kRefused, kRefused};
    if (name == "unknown") return {kUnknown, kUnknown};
    if (name == "dead") return {kEffectDead, kEffectDead};
    return {};
}

States deliveryStates(const std::string& name) {
    if (name == "open") return {kOpen, kOpen};
    if (name == "done") return {kDone, kDone};
    if (name == "dead") return {kDead, kDead};
    return {};
}

/// Stored texts are JSON by promise; what is not is shown as the string that it is.
json embedded(const std::string& text) {
    if (text.empty()) return nullptr;
    json value = json::parse(text, nullptr, false);
    return value.is_discarded() ? json(text) : value;
}

std::int64_t seqOf(const std::string& text) {
    const bool digits =
        !text.empty() && text.size() < 19 &&
        std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    return digits ? std::stoll(text) : 0;
}

/// version-traceid-span-flags → traceid
std::string traceIdOf(const std::string& trace) {
    return trace.size() >= 35 && trace[2] == '-' ? trace.substr(3, 32) : trace;
}

int limitOf(int limit) {
    return std::clamp(limit, 1, kMaxLimit);
}
std::int64_t beforeOf(std::int64_t before) {
    return before > 0 ? before : INT64_MAX;
}

json nextOf(const json& rows, int limit) {
    return static_cast<int>(rows.size()) == limit ? rows.back().at("seq") : json(nullptr);
}

}  // namespace

class Inspector::Reader {
public:
    explicit Reader(const std::string& path) : db(path, Sqlite::Mode::ReadOnly) {
        db.exec("PRAGMA cache_size=-1024");
    }

    json deliveries(std::int64_t event) {
        json rows = json::array();
        Query query(db,
                    "SELECT subscriber, state, attempts, replay, fresh, not_before, updated, error"
                    " FROM deliveries WHERE event = ? ORDER BY subscriber",
                    event);
        while (query.next()) {
            rows.push_back({{"subscriber", query.text(0)},
                            {"state", deliveryState(query.integer(1))},
                            {"attempts", query.integer(2)},
                            {"replay", query.integer(3)},
                            {"fresh", query.integer(4)},
                            {"not_before", query.integer(5)},
                            {"updated", query.integer(6)},
                            {"error", query.text(7)}});
        }
        return rows;
    }

    /// Columns: seq, id, source, type, subject, time, received, trace.
    json eventRow(const Query& query) {
        return {{"seq", query.integer(0)},
                {"id", query.text(1)},
                {"source", query.text(2)},
                {"type", query.text(3)},
                {"subject", query.text(4)},
                {"time", query.text(5)},
                {"received", query.integer(6)},
                {"trace", query.text(7)},
                {"deliveries", deliveries(query.integer(0))}};
    }

    json effectRow(const Query& query) {
        return {{"seq", query.integer(0)},
                {"caller", query.text(1)},
                {"key", query.text(2)},
                {"plugin", query.text(3)},
                {"action", query.text(4)},
                {"subject", query.text(5)},
                {"event", query.integer(6)},
                {"trace", query.text(7)},
                {"created", query.integer(8)},
                {"state", effectState(query.integer(9))},
                {"attempts", query.integer(10)},
                {"updated", query.integer(11)},
                {"input", embedded(query.text(12))},
                {"result",
                 query.integer(9) == kSettled ? embedded(query.text(13)) : json(query.text(13))}};
    }

    json effectsOf(std::int64_t event) {
        json rows = json::array();
        Query query(db,
                    "SELECT seq, caller, key, plugin, action, subject, event, trace, created,"
                    " state, attempts, updated, input, result FROM effects WHERE event = ?"
                    " AND seq > ? ORDER BY seq",
                    event, event);  // an effect is younger than its event
        while (query.next()) rows.push_back(effectRow(query));
        return rows;
    }

    std::int64_t find(const std::string& idOrSeq) {
        if (const std::int64_t seq = seqOf(idOrSeq); seq != 0) {
            if (const auto found = db.number("SELECT seq FROM events WHERE seq = ?", seq)) {
                return *found;
            }
        }
        return db.number("SELECT max(seq) FROM events WHERE id = ?", idOrSeq).value_or(0);
    }

    json event(std::int64_t seq) {
        Query query(db,
                    "SELECT seq, id, source, type, subject, time, received, trace, data, reply"
                    " FROM events WHERE seq = ?",
                    seq);
        if (!query.next()) return nullptr;
        json row = eventRow(query);
        row["data"] = embedded(query.text(8));
        row["reply"] = embedded(query.text(9));
        row["effects"] = effectsOf(seq);
        return row;
    }

    std::vector<std::int64_t> eventsOfTrace(const std::string& trace) {
        std::vector<std::int64_t> seqs;
        Query query(db, "SELECT seq FROM events WHERE instr(trace, ?) > 0 ORDER BY seq LIMIT 100",
                    traceIdOf(trace));
        while (query.next()) seqs.push_back(query.integer(0));
        return seqs;
    }

    std::mutex mutex;
    Sqlite db;
};

Inspector::Inspector(const Database& database)
    : reader_(std::make_unique<Reader>(database.options().path)) {}

Inspector::~Inspector() = default;

json Inspector::events(const EventFilter& filter) {
    const std::lock_guard lock(reader_->mutex);
    const int limit = limitOf(filter.limit);
    const auto [low, high] = deliveryStates(filter.state);
    const char* sql =
        "SELECT seq, id, source, type, subject, time, received, trace FROM events WHERE seq < ?1"
        " AND (?2 = '' OR id = ?2 OR seq = ?3) AND (?4 = '' OR instr(trace, ?4) > 0)"
        " AND (?5 = '' OR subject = ?5) AND (?6 = '' OR type = ?6)"
        " AND (?7 = -100 OR EXISTS (SELECT 1 FROM deliveries WHERE event = seq"
        " AND state BETWEEN ?7 AND ?8)) ORDER BY seq DESC LIMIT ?9";
    if (filter.state == "dead") {  // by its index: few among very many
        sql =
            "SELECT seq, id, source, type, subject, time, received, trace FROM events WHERE"
            " seq < ?1 AND (?2 = '' OR id = ?2 OR seq = ?3) AND (?4 = '' OR instr(trace, ?4) > 0)"
            " AND (?5 = '' OR subject = ?5) AND (?6 = '' OR type = ?6) AND ?7 <= ?8"
            " AND seq IN (SELECT event FROM deliveries WHERE state = 2)"
            " ORDER BY seq DESC LIMIT ?9";
    }
    json rows = json::array();
    Query query(reader_->db, sql, beforeOf(filter.before), filter.id, seqOf(filter.id),
                traceIdOf(filter.trace), filter.subject, filter.type, low, high, limit);
    while (query.next()) rows.push_back(reader_->eventRow(query));
    json next = nextOf(rows, limit);
    return {{"events", std::move(rows)}, {"next", std::move(next)}};
}

json Inspector::event(const std::string& idOrSeq) {
    const std::lock_guard lock(reader_->mutex);
    return reader_->event(reader_->find(idOrSeq));
}

json Inspector::effects(const EventFilter& filter) {
    const std::lock_guard lock(reader_->mutex);
    const int limit = limitOf(filter.limit);
    const auto [low, high] = effectStates(filter.state);
    const std::int64_t event = filter.id.empty() ? 0 : reader_->find(filter.id);
    json rows = json::array();
    Query query(reader_->db,
                "SELECT seq, caller, key, plugin, action, subject, event, trace, created,"
                " state, attempts, updated, input, result FROM effects WHERE seq < ?1"
                " AND (?2 = '' OR event = ?3) AND (?4 = '' OR instr(trace, ?4) > 0)"
                " AND (?5 = '' OR subject = ?5) AND (?6 = '' OR action = ?6)"
                " AND state BETWEEN ?7 AND ?8 ORDER BY seq DESC LIMIT ?9",
                beforeOf(filter.before), filter.id, event, traceIdOf(filter.trace), filter.subject,
                filter.type, low, high, limit);
    while (query.next()) rows.push_back(reader_->effectRow(query));
    json next = nextOf(rows, limit);
    return {{"effects", std::move(rows)}, {"next", std::move(next)}};
}

json Inspector::requests(const EventFilter& filter) {
    const std::lock_guard lock(reader_->mutex);
    const int limit = limitOf(filter.limit);
    const auto [low, high] = deliveryStates(filter.state);
    json rows = json::array();
    Query query(reader_->db,
                "SELECT seq, plugin, route, method, target, peer, received, reason, state,"
                " attempts, updated, error, length(body), listener, trace, not_before"
                " FROM requests WHERE seq < ?"
                " AND state BETWEEN ? AND ? ORDER BY seq DESC LIMIT ?",
                beforeOf(filter.before), low, high, limit);
    while (query.next()) {
        rows.push_back({{"seq", query.integer(0)},
                        {"plugin", query.text(1)},
                        {"route", query.text(2)},
                        {"method", query.text(3)},
                        {"target", query.text(4)},
                        {"peer", query.text(5)},
                        {"received", query.integer(6)},
                        {"reason", query.text(7)},
                        {"state", deliveryState(query.integer(8))},
                        {"attempts", query.integer(9)},
                        {"updated", query.integer(10)},
                        {"error", query.text(11)},
                        {"bytes", query.integer(12)},
                        {"listener", query.text(13)},
                        {"trace", query.text(14)},
                        {"not_before", query.integer(15)}});
    }
    json next = nextOf(rows, limit);
    return {{"requests", std::move(rows)}, {"next", std::move(next)}};
}

json Inspector::deadLetters(int limit) {
    EventFilter filter;
    filter.state = "dead";
    filter.limit = limit;
    return {{"events", events(filter).at("events")},
            {"effects", effects(filter).at("effects")},
            {"requests", requests(filter).at("requests")}};
}

json Inspector::timeline(const std::string& eventOrTrace) {
    const std::lock_guard lock(reader_->mutex);
    std::vector<std::int64_t> seqs;
    if (const std::int64_t seq = reader_->find(eventOrTrace); seq != 0) {
        seqs.push_back(seq);
    } else {
        seqs = reader_->eventsOfTrace(eventOrTrace);
    }
    json entries = json::array();
    std::string trace;
    for (const std::int64_t seq : seqs) {
        const json event = reader_->event(seq);
        trace = event.at("trace");
        entries.push_back({{"at", event.at("received")},
                           {"what", "event received"},
                           {"id", event.at("id")},
                           {"type", event.at("type")}});
        entries.push_back({{"at", seq * 1000}, {"what", "event stored"}, {"seq", seq}});
        for (const auto& delivery : event.at("deliveries")) {
            entries.push_back({{"at", delivery.at("updated")},
                               {"what", "delivery " + delivery.at("state").get<std::string>()},
                               {"subscriber", delivery.at("subscriber")},
                               {"attempts", delivery.at("attempts")},
                               {"error", delivery.at("error")}});
        }
        for (const auto& effect : event.at("effects")) {
            entries.push_back({{"at", effect.at("created")},
                               {"what", "effect intended"},
                               {"action", effect.at("action")},
                               {"seq", effect.at("seq")}});
            if (effect.at("state") == "open") continue;
            entries.push_back({{"at", effect.at("updated")},
                               {"what", "effect " + effect.at("state").get<std::string>()},
                               {"action", effect.at("action")},
                               {"seq", effect.at("seq")}});
        }
    }
    std::stable_sort(entries.begin(), entries.end(), [](const json& a, const json& b) {
        return a.at("at").get<std::int64_t>() < b.at("at").get<std::int64_t>();
    });
    return {{"trace", trace}, {"entries", std::move(entries)}};
}

}  // namespace totemd
