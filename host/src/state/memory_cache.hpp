#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace totemd {

struct MemoryCacheOptions {
    std::size_t maxEntries = 100'000;
    std::size_t maxBytes = 64u << 20;  // keys, values and about 200 bytes for each entry
    std::size_t maxLocks = 100'000;
    std::function<std::int64_t()> clock;  // nanoseconds, monotonic; empty: the system's
};

/// The in-process cache behind `cache.url = "memory:"`: values and counters with a time to live,
/// and named locks. The least recently used values make room for new ones; locks are never evicted.
/// It forgets everything with the process, and other daemons do not see it.
///
/// Times to live are nanoseconds; 0 means none (a lock must have one).
/// Threads: all functions from anywhere (one mutex, held for well under a microsecond).
class MemoryCache {
public:
    explicit MemoryCache(MemoryCacheOptions options = {});

    std::optional<std::string> get(std::string_view key);
    /// False when the value alone is larger than the cache: nothing is stored then.
    bool set(std::string_view key, std::string value, std::int64_t ttlNs);
    /// Whether there was such a value.
    bool erase(std::string_view key);

    /// Adds `delta` to a counter (0 at first) and returns the sum. The time to live is given to a
    /// new counter and not prolonged: a window of a rate limit. nullopt when the value is not a
    /// number, or the sum would overflow.
    std::optional<std::int64_t> increment(std::string_view key, std::int64_t delta,
                                          std::int64_t ttlNs);

    /// Takes the lock for the holder called `token`. Taking it again with the same token prolongs
    /// it. False while another holds it, without a time to live, or when there are too many locks.
    bool lock(std::string_view name, std::string_view token, std::int64_t ttlNs);
    /// Gives it back. False when this token does not hold it (any more).
    bool unlock(std::string_view name, std::string_view token);

    /// Drops what has expired; expired entries are invisible anyway but use memory until they are
    /// met, evicted or swept.
    void sweep();

    struct Counts {
        std::size_t entries, bytes, locks;
        std::uint64_t hits, misses, evicted;
    };
    Counts counts() const;

private:
    struct Entry {
        std::string key;
        std::string value;
        std::int64_t expires;  // 0: never
    };
    struct Lock {
        std::string token;
        std::int64_t expires;
    };
    using Entries = std::list<Entry>;  // the most recently used first

    std::int64_t now() const;
    static std::size_t costOf(const Entry& entry);
    Entries::iterator findLive(std::string_view key);
    void drop(Entries::iterator entry);
    void insert(std::string_view key, std::string value, std::int64_t expires);
    void sweepLocks(std::int64_t now);

    const MemoryCacheOptions options_;
    mutable std::mutex mutex_;
    Entries entries_;                                                // guarded by mutex_
    std::unordered_map<std::string_view, Entries::iterator> index_;  // keys live in entries_
    std::unordered_map<std::string, Lock> locks_;                    // guarded by mutex_
    std::size_t bytes_ = 0;
    std::uint64_t hits_ = 0, misses_ = 0, evicted_ = 0;
};

}  // namespace totemd
