#pragma once

#include <cstdint>
#include <string>

namespace totemd {

/// Something that happened, as a connector tells it (CloudEvents 1.0 attributes).
struct NewEvent {
    std::string source;   ///< with `id` the duplicate key
    std::string id;       ///< made from the other side's own ids
    std::string type;     ///< message.received and the like; of a plugin's own: "ID.name"
    std::string subject;  ///< the ordering key (one conversation); empty: unordered
    std::string time;     ///< RFC 3339, as the source says
    std::string data;     ///< JSON text
    std::string reply;    ///< JSON text {action, arguments}, or empty
    std::string trace;    ///< W3C traceparent or trace id
    std::int64_t receivedUnixNs = 0;
};

/// An event that is in the journal. `seq` is its number there: microseconds since 1970 made unique,
/// so it sorts by time and is never used twice.
struct Event : NewEvent {
    std::int64_t seq = 0;
};

}  // namespace totemd
