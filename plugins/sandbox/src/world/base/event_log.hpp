#pragma once

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>

namespace totem_sandbox {

/// One thing that went over a wire of the sandbox.
struct LogEntry {
    std::uint64_t seq = 0;
    std::int64_t monoUs = 0;
    std::int64_t unixMs = 0;
    std::string service;
    std::string kind;  ///< "request" (into the sandbox), "webhook" (out of it) or "note"
    std::string method;
    std::string target;
    int status = 0;
    std::int64_t tookUs = 0;
    std::string trace;
    std::string detail;
    std::string body;
};

/// Everything the sandbox saw and sent, newest kept, bounded. Safe from any thread.
/// Its sequence number doubles as the version of the whole world: long polls wait on it.
class EventLog {
public:
    EventLog(std::size_t entries, std::size_t bodyBytes);

    /// Stamps the number; `monoUs` and `unixMs` are kept when set.
    void add(LogEntry entry);

    /// Entries with a number above `after`, oldest first, at most `limit` of the newest.
    nlohmann::json since(std::uint64_t after, const std::string& service, std::size_t limit) const;

    std::uint64_t last() const;
    /// Waits until there is an entry above `after`; false when the time is over or `stop` came.
    bool waitAfter(std::uint64_t after, std::chrono::milliseconds time) const;
    void clear();
    void stop();

private:
    const std::size_t limit_;
    const std::size_t bodyBytes_;
    mutable std::mutex mutex_;
    mutable std::condition_variable added_;
    std::deque<LogEntry> entries_;
    std::uint64_t last_ = 0;
    mutable int waiting_ = 0;
    bool stopped_ = false;
};

}  // namespace totem_sandbox
