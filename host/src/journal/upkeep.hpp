#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace totemd {

class Database;

struct UpkeepOptions {
    std::int64_t doneNs = std::int64_t{7} * 86'400'000'000'000;  ///< done events, effects, requests
    std::int64_t deadNs = std::int64_t{30} * 86'400'000'000'000;  ///< dead letters
    std::int64_t seenNs = std::int64_t{30} * 86'400'000'000'000;  ///< duplicate keys
    std::int64_t everyNs = 60'000'000'000;
    int batch = 500;  ///< rows per commit, so that the writer is never held long
};

struct Forgotten {
    std::int64_t events = 0, effects = 0, rows = 0, requests = 0;
    std::string error;  ///< empty on success
};

/// Keeps the file small: deletes what is old, a few rows per commit; when the file passes its size
/// bound, done events before their time. And removes one customer's data on request.
///
/// Threads: from anywhere; `done` on the writer thread.
class Upkeep {
public:
    Upkeep(Database& database, UpkeepOptions options);
    ~Upkeep();
    Upkeep(const Upkeep&) = delete;
    Upkeep& operator=(const Upkeep&) = delete;

    /// Runs now and then again every `everyNs` of the database's clock.
    void start();
    /// One complete pass now, duplicate keys included (`start` looks at those once a day). `done`
    /// comes also when a full disk ended it early.
    void run(std::function<void()> done);
    /// Deletes every event, effect, store row and request whose text, subject or key holds one of
    /// `numbers` (a phone or a DNI) as a whole number, and scrubs the freed pages.
    void forget(std::vector<std::string> numbers, std::function<void(Forgotten)> done);

private:
    class Sweeper;
    std::unique_ptr<Sweeper> sweeper_;
};

}  // namespace totemd
