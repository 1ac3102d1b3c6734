#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "journal/event.hpp"

namespace totemd {

class Database;
class Dispatcher;

struct Appended {
    enum class Status {
        Stored,
        Duplicate,  ///< the same source and id is there already
        Refused,    ///< nothing is stored: queue limit, size bound, disk; `reason` says which
    };
    Status status = Status::Refused;
    std::int64_t seq = 0;  ///< of the stored event
    std::string reason;
};

/// The way in: events become durable here, then the dispatcher brings them to their subscribers.
///
/// Threads: `append` from anywhere; `done` runs on the writer thread after the commit's fsync
/// (after `Database::stop()`: inside the call) and must not block.
class Journal {
public:
    using AppendDone = std::function<void(std::vector<Appended>)>;
    /// Names the subscribers of an event; called on the writer thread, must be quick.
    using SubscribersOf = std::function<std::vector<std::string>(const NewEvent&)>;

    Journal(Database& database, Dispatcher& dispatcher, SubscribersOf subscribersOf);
    ~Journal();  ///< stops the database, if nobody did
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;

    /// All or nothing: the events are stored in one transaction, or all are refused. `done` gets
    /// one entry per event, in order.
    void append(std::vector<NewEvent> events, AppendDone done);

private:
    class Append;
    Database& database_;
    Dispatcher& dispatcher_;
    const SubscribersOf subscribersOf_;
};

}  // namespace totemd
