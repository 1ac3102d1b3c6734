#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "journal/event.hpp"

namespace totemd {

class Database;
class Sqlite;

/// One event for one subscriber, handed to the `Deliver` hook.
struct Delivery {
    /// Shared: several subscribers of one event hold the same text.
    std::shared_ptr<const Event> event;
    std::string subscriber;
    int attempt = 1;  ///< counted durably before the hook sees it
    int replay = 0;   ///< how often an operator replayed it
    /// How often it was started anew (`replay --fresh`): part of a run's id, so that a plain replay
    /// continues the same run and a fresh one is another run.
    int fresh = 0;
};

/// What became of a delivery.
struct Outcome {
    enum class Kind {
        Done,
        Failed,       ///< try again after a back-off, a dead letter after the last attempt
        Unavailable,  ///< the attempt is given back, the lane waits (upstream down, plugin stopped)
        Released,     ///< the lane goes on; the same Done is called once more with the real end
        Refused,      ///< a dead letter at once
    };
    Kind kind = Kind::Done;
    std::string error;
};

struct DispatcherOptions {
    int maxAttempts = 8;
    std::int64_t backoffNs = 1'000'000'000;  ///< doubles with each attempt, ±20 % jitter
    std::int64_t maxBackoffNs = 300'000'000'000;
    std::int64_t unavailableNs = 1'000'000'000;
    int inFlight = 20'000;               ///< per subscriber, released deliveries not counted
    int unorderedInFlight = 256;         ///< of those, events without a subject
    std::int64_t maxQueued = 1'000'000;  ///< open deliveries; appends are refused above it
    std::int64_t bodyBytes = 16 << 20;   ///< texts kept in memory for queued events
};

struct DispatcherCounters {
    std::int64_t queued = 0;  ///< open and not in flight
    std::int64_t inFlight = 0;
    std::int64_t released = 0;
    std::uint64_t done = 0, retried = 0, dead = 0;
};

/// Brings each event to its subscribers: one lane per subscriber and subject, in order and one at a
/// time; different subjects side by side; events without a subject in no order.
///
/// A delivery ends in the table `deliveries`: done or a dead letter. An attempt is durable before
/// the hook is called, so that an event that kills the daemon becomes a dead letter too.
///
/// Threads: the hook runs on the writer thread and must return at once (hand over to a pool); its
/// Done may be called from any thread, also inside the hook. Everything else from anywhere.
/// Lifetime: outlives `Database::stop()`, which its destructor calls if nobody did.
class Dispatcher {
public:
    using Done = std::function<void(Outcome)>;
    using Deliver = std::function<void(Delivery, Done)>;

    Dispatcher(Database& database, DispatcherOptions options, Deliver deliver);
    ~Dispatcher();
    Dispatcher(const Dispatcher&) = delete;
    Dispatcher& operator=(const Dispatcher&) = delete;

    /// Reads the open deliveries of earlier lives. Once, before the first append. Blocks.
    void start();
    /// A subscriber is paused until it is resumed for the first time. Its events are kept in order.
    void resume(const std::string& subscriber);
    void pause(const std::string& subscriber);
    /// No further delivery to anybody; ends of running ones are still recorded.
    void drain();

    DispatcherCounters counters() const;

private:
    friend class Journal;
    friend class DeadLetters;
    class Lanes;
    std::unique_ptr<Lanes> lanes_;
};

}  // namespace totemd
