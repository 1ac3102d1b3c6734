#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace totemd {

class Database;

/// What to list; empty members do not narrow. Newest first.
struct EventFilter {
    std::string id;     ///< an event's id, or its seq in digits
    std::string trace;  ///< a traceparent or the trace id within it
    std::string subject;
    std::string type;
    std::string state;        ///< open, done, dead: events with such a delivery
    std::int64_t before = 0;  ///< seq; the last one of the page before
    int limit = 50;           ///< at most 500
};

/// Reads the journal for people: the admin API and `totemctl`. Uses a connection of its own and
/// never holds up the writer.
///
/// Threads: any; calls are serialised. Blocks (a search by trace or subject reads all events that
/// are kept), so not on a loop. Throws std::runtime_error when the file cannot be read.
class Inspector {
public:
    explicit Inspector(const Database& database);
    ~Inspector();

    /// {"events": [{seq, id, source, type, subject, time, received, trace, deliveries: [...]}],
    ///  "next": seq or null}. Texts (data, reply) only in `event`.
    nlohmann::json events(const EventFilter& filter);
    /// One event with data, reply, deliveries and effects; null when there is none.
    nlohmann::json event(const std::string& idOrSeq);
    /// {"effects": [...], "next"}: filter by subject, trace, state (open, done, refused, unknown,
    /// dead), id (of its event).
    nlohmann::json effects(const EventFilter& filter);
    /// {"requests": [...], "next"} without bodies; state open, done or dead.
    nlohmann::json requests(const EventFilter& filter);
    /// All that is dead: {"events": [...], "effects": [...], "requests": [...]}.
    nlohmann::json deadLetters(int limit);
    /// {"trace": ..., "entries": [{at, what, ...}]}: a time line of one event or trace.
    nlohmann::json timeline(const std::string& eventOrTrace);

private:
    class Reader;
    std::unique_ptr<Reader> reader_;
};

}  // namespace totemd
