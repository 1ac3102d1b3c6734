#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "journal/backoff.hpp"
#include "journal/database.hpp"
#include "journal/dispatcher.hpp"

namespace totemd {

/// The lanes behind Dispatcher, in memory; the table `deliveries` is what survives.
///
/// A lane's first item goes through: Ready → Claiming (the attempt is being counted) → Running (the
/// hook has it) → Settling (its end is being written) → gone, or Waiting for its next attempt.
///
/// Threads: the writer thread, except the constructor, `counters` and `setDraining`.
class Dispatcher::Lanes {
public:
    struct Item {
        std::int64_t event = 0;
        int attempts = 0;  ///< as in the database
        int replay = 0;
        int fresh = 0;
        int unavailable = 0;   ///< in a row: lengthens the wait
        bool claimed = false;  ///< `attempts` already counts the next one
        bool counted = false;  ///< its body is in bodyBytes_
        std::int64_t notBefore = 0;
        std::shared_ptr<const Event> body;  ///< empty: read when claimed
    };

    Lanes(Database& database, DispatcherOptions options, Deliver deliver);

    /// May the event start at once when its row is committed? Then the row already counts the
    /// attempt, and no second commit is needed. Asked while the row is being written.
    bool claimOnArrival(const std::string& subscriber, const std::string& subject);
    bool full(std::size_t more) const {
        return open_ + static_cast<std::int64_t>(more) > options_.maxQueued;
    }
    void add(const std::string& subscriber, const std::string& subject, Item item);
    void setPaused(const std::string& subscriber, bool paused);
    void setDraining() { draining_ = true; }
    DispatcherCounters counters() const;
    Database& database() { return database_; }

    class Restore;

private:
    class Claim;
    class End;
    struct Subscriber;
    struct Lane {
        enum class State { Ready, Claiming, Running, Settling, Waiting };
        Subscriber& subscriber;
        const std::string key;  ///< 's' and the subject, or 'u' and the event's number
        std::list<Item> items;
        State state = State::Ready;
        bool unordered() const { return key.front() == 'u'; }
    };
    struct Subscriber {
        std::string name;
        bool paused = true;
        int inFlight = 0;
        int unordered = 0;  ///< of those in flight
        std::unordered_map<std::string, std::unique_ptr<Lane>> lanes;
        std::deque<Lane*> ready, readyUnordered;
        std::uint64_t batch = 0;  ///< of the two that follow
        int claims = 0, claimsUnordered = 0;
        std::unordered_set<std::string> claimedLanes;
    };
    struct Running {
        Subscriber* subscriber;
        Lane* lane;  ///< null once released
        std::string key;
        Item item;
    };

    static std::string laneKey(const std::string& subject, std::int64_t event);
    Subscriber& subscriber(const std::string& name);
    bool open(const Subscriber& subscriber) const { return !subscriber.paused && !draining_; }
    void makeReady(Lane& lane);
    void pump(Subscriber& subscriber);
    void take(Lane& lane);
    void start(Lane& lane);
    void ended(std::uint64_t id, Outcome outcome);
    void leave(Lane& lane);  ///< its first item is no longer in flight
    void finishItem(Lane& lane, std::int64_t event);
    void waitFor(Lane& lane);
    void requeue(Running& running);
    void dropBody(Item& item);

    Database& database_;
    const DispatcherOptions options_;
    const Deliver deliver_;
    std::unordered_map<std::string, std::unique_ptr<Subscriber>> subscribers_;
    std::unordered_map<std::uint64_t, Running> running_;
    std::uint64_t nextRun_ = 1;
    std::int64_t bodyBytes_ = 0;
    Backoff backoff_, unavailable_;
    std::atomic<bool> draining_{false};

    std::atomic<std::int64_t> open_{0}, inFlight_{0}, released_{0};
    std::atomic<std::uint64_t> done_{0}, retried_{0}, dead_{0};
};

}  // namespace totemd
