#pragma once

#include <atomic>
#include <boost/uuid/name_generator_sha1.hpp>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "journal/checkpointer.hpp"
#include "journal/database.hpp"
#include "journal/database_file.hpp"

namespace totemd {

/// The thread behind Database: takes all that is queued, runs it in one transaction, commits, and
/// tells everyone. See Database for the contract of each function.
class Database::Writer {
public:
    explicit Writer(DatabaseOptions options);

    void write(std::unique_ptr<Work> work, Urgency urgency);
    void post(Task task);
    void at(std::int64_t unixNs, Task task);
    void emptyLog();
    void wake();
    void stop();

    std::int64_t now() const { return options_.clock(); }
    bool inWriter() const { return std::this_thread::get_id() == threadId_.load(); }
    bool writable() const { return healthy_ && bytes_ < options_.maxBytes; }
    DatabaseCounters counters() const;
    const DatabaseOptions& options() const { return options_; }
    std::int64_t nextSeq();
    std::uint64_t batch() const { return batch_; }
    const boost::uuids::name_generator_sha1& fingerprints() const { return fingerprints_; }

private:
    using Works = std::vector<std::unique_ptr<Work>>;

    void run();
    bool waitForWork();     // false: stopped, and nothing is queued any more
    void notify();          // under mutex_
    std::int64_t waitNs();  // under mutex_
    void runTasks();
    void runTimers();
    Works takeWorks();
    void runWorks(Works works);
    bool commit(Works& works, std::string& error);
    void measure(std::int64_t commitNs, std::size_t works);
    void giveBack(std::unique_ptr<Work> work, const std::string& error);
    void retryKept();
    void probe();

    const DatabaseOptions options_;
    DatabaseFile file_;
    Sqlite& db_;
    const boost::uuids::name_generator_sha1 fingerprints_;
    std::unique_ptr<Checkpointer> checkpointer_;

    // Writer thread only.
    std::int64_t lastSeq_ = 0;
    std::uint64_t batch_ = 0;
    Works kept_;  // must happen, and failed so far
    std::int64_t retryAt_ = 0;

    std::atomic<bool> healthy_{true};
    std::atomic<std::int64_t> bytes_{0};

    std::mutex mutex_;  // guards what follows
    std::condition_variable changed_;
    Works queue_;
    std::vector<Task> tasks_;
    std::multimap<std::int64_t, Task> timers_;  // by the options' clock
    std::int64_t lazySince_ = 0;                // monotonic; 0: nothing lazy waits
    bool urgent_ = false;
    bool sleeping_ = false;
    bool stopping_ = false;
    bool closed_ = false;

    // Once closed, failures are told by whoever calls, one at a time.
    std::recursive_mutex closedMutex_;

    mutable std::mutex countersMutex_;
    DatabaseCounters counters_;

    std::mutex joinMutex_;
    std::atomic<std::thread::id> threadId_{};
    std::thread thread_;
};

}  // namespace totemd
