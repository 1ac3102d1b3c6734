#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace totemd {

class Database;
class Dispatcher;

/// Brings ended deliveries back. Listing them is `Inspector::deadLetters`.
class DeadLetters {
public:
    /// `replayed`: how many deliveries run again; 0 with a reason.
    using Done = std::function<void(int replayed, std::string reason)>;

    DeadLetters(Database& database, Dispatcher& dispatcher)
        : database_(database), dispatcher_(dispatcher) {}

    /// Delivers the event again to `subscriber` (empty: to all that had it), with attempts from 0
    /// and the replay number one higher; `fresh` also starts a new run. A delivery that is still
    /// open is left alone. Any thread; `done` on the writer thread.
    void replay(std::int64_t event, const std::string& subscriber, bool fresh, Done done);

private:
    class Replay;
    Database& database_;
    Dispatcher& dispatcher_;
};

}  // namespace totemd
