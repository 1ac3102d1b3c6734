#include "journal/writer.hpp"

#include <pthread.h>
#include <sqlite3.h>

#include <algorithm>
#include <boost/uuid/string_generator.hpp>
#include <chrono>

#include "journal/sqlite.hpp"
#include "loop/event_loop.hpp"

namespace totemd {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kLazyNs = 5'000'000;
/// Bounds the time of one transaction, and so the wait of the first in it.
constexpr std::size_t kMaxWorks = 2'000;
/// Counting pages is cheap, but not free.
constexpr std::uint64_t kMeasureEvery = 64;

DatabaseOptions withClock(DatabaseOptions options) {
    if (!options.clock) options.clock = unixNow;
    return options;
}

/// The secret as the name space of version 5 UUIDs: SHA-1 over it and the text.
boost::uuids::name_generator_sha1 fingerprintsOf(const std::string& secret) {
    const boost::uuids::name_generator_sha1 all(boost::uuids::ns::oid());
    return boost::uuids::name_generator_sha1(all(secret));
}

std::int64_t usedBytes(Sqlite& db) {
    const std::int64_t size = db.number("PRAGMA page_size").value_or(0);
    return size * (db.number("PRAGMA page_count").value_or(0) -
                   db.number("PRAGMA freelist_count").value_or(0));
}

}  // namespace

Database::Writer::Writer(DatabaseOptions options)
    : options_(withClock(std::move(options))),
      file_(options_.path),
      db_(file_.db()),
      fingerprints_(fingerprintsOf(file_.secret())),
      checkpointer_(std::make_unique<Checkpointer>(db_.handle(), options_.path)) {
    for (const char* sql : {"SELECT max(seq) FROM events", "SELECT max(seq) FROM effects",
                            "SELECT max(seq) FROM requests"}) {
        lastSeq_ = std::max(lastSeq_, db_.number(sql).value_or(0));
    }
    bytes_ = usedBytes(db_);
    thread_ = std::thread([this] { run(); });
}

void Database::Writer::write(std::unique_ptr<Work> work, Urgency urgency) {
    {
        const std::lock_guard lock(mutex_);
        if (!closed_) {
            queue_.push_back(std::move(work));
            if (urgency == Urgency::Now) urgent_ = true;
            if (lazySince_ == 0) lazySince_ = monotonicNow();
            notify();
            return;
        }
    }
    const std::lock_guard lock(closedMutex_);
    if (!work->mustHappen()) work->failed("the journal is closed");
}

void Database::Writer::post(Task task) {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    tasks_.push_back(std::move(task));
    notify();
}

void Database::Writer::at(std::int64_t unixNs, Task task) {
    const std::lock_guard lock(mutex_);
    timers_.emplace(unixNs, std::move(task));
    notify();
}

void Database::Writer::emptyLog() {
    post([this] {
        sqlite3_wal_checkpoint_v2(db_.handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr,
                                  nullptr);
    });
}

void Database::Writer::wake() {
    const std::lock_guard lock(mutex_);
    notify();
}

void Database::Writer::notify() {
    if (!sleeping_) return;
    sleeping_ = false;
    changed_.notify_one();
}

void Database::Writer::stop() {
    const std::lock_guard joining(joinMutex_);
    if (!thread_.joinable()) return;
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        notify();
    }
    thread_.join();
    threadId_ = std::thread::id{};
    checkpointer_.reset();
}

std::int64_t Database::Writer::nextSeq() {
    lastSeq_ = std::max(lastSeq_ + 1, now() / 1000);
    return lastSeq_;
}

DatabaseCounters Database::Writer::counters() const {
    const std::lock_guard lock(countersMutex_);
    DatabaseCounters counters = counters_;
    counters.bytes = bytes_;
    return counters;
}

void Database::Writer::run() {
    pthread_setname_np(pthread_self(), "journal");
    threadId_ = std::this_thread::get_id();
    while (waitForWork()) {
        runTasks();
        runTimers();
        runWorks(takeWorks());
        retryKept();
    }
    // What must happen gets a last chance; if the disk refuses, the next start finds the intent.
    const std::lock_guard lock(closedMutex_);
    runWorks(std::move(kept_));
    kept_.clear();
}

bool Database::Writer::waitForWork() {
    std::unique_lock lock(mutex_);
    for (;;) {
        if (stopping_ && queue_.empty() && tasks_.empty()) {
            closed_ = true;
            return false;
        }
        const std::int64_t wait = waitNs();
        if (wait == 0 || stopping_) return true;
        sleeping_ = true;
        changed_.wait_for(lock, std::chrono::nanoseconds(wait));
        sleeping_ = false;
        // Back to the loop's round even without work: `wake()` means that the clock has moved.
        if (!timers_.empty() && timers_.begin()->first <= now()) return true;
    }
}

void Database::Writer::runTasks() {
    std::vector<Task> tasks;
    {
        const std::lock_guard lock(mutex_);
        tasks.swap(tasks_);
    }
    for (auto& task : tasks) task();
}

Database::Writer::Works Database::Writer::takeWorks() {
    Works works;
    const std::lock_guard lock(mutex_);
    if (!urgent_ && !stopping_ && monotonicNow() - lazySince_ < kLazyNs) return works;
    works.swap(queue_);
    urgent_ = false;
    lazySince_ = 0;
    return works;
}

std::int64_t Database::Writer::waitNs() {
    if (urgent_ || !tasks_.empty()) return 0;
    std::int64_t wait = kSecond;
    if (!queue_.empty()) wait = std::min(wait, lazySince_ + kLazyNs - monotonicNow());
    if (!timers_.empty()) wait = std::min(wait, timers_.begin()->first - now());
    if (!healthy_ || !kept_.empty()) wait = std::min(wait, retryAt_ - monotonicNow());
    return std::max<std::int64_t>(wait, 0);
}

void Database::Writer::runTimers() {
    std::vector<Task> due;
    {
        const std::lock_guard lock(mutex_);
        const auto end = timers_.upper_bound(now());
        for (auto timer = timers_.begin(); timer != end; ++timer) {
            due.push_back(std::move(timer->second));
        }
        timers_.erase(timers_.begin(), end);
    }
    for (auto& task : due) task();
}

void Database::Writer::runWorks(Works works) {
    while (!works.empty()) {
        Works batch;
        if (works.size() <= kMaxWorks) {
            batch.swap(works);
        } else {
            const auto end = works.begin() + kMaxWorks;
            batch.assign(std::make_move_iterator(works.begin()), std::make_move_iterator(end));
            works.erase(works.begin(), end);
        }
        std::string error;
        if (commit(batch, error)) continue;
        // One piece may be at fault (too big for what is left of the disk): each gets its own try.
        for (auto& work : batch) {
            Works single;
            single.push_back(std::move(work));
            if (!commit(single, error)) giveBack(std::move(single.front()), error);
        }
    }
}

bool Database::Writer::commit(Works& works, std::string& error) {
    ++batch_;
    const bool writes =
        std::any_of(works.begin(), works.end(), [](const auto& work) { return !work->reads(); });
    try {
        if (writes) db_.run("BEGIN IMMEDIATE");
        for (auto& work : works) work->write(db_);
        if (writes) {
            const std::int64_t before = monotonicNow();
            db_.run("COMMIT");
            measure(monotonicNow() - before, works.size());
            checkpointer_->afterCommit();
        }
    } catch (const std::exception& failure) {
        error = failure.what();
        if (db_.inTransaction()) {
            try {
                db_.run("ROLLBACK");
            } catch (const SqliteError&) {  // it had rolled back by itself
            }
        }
        const std::lock_guard lock(countersMutex_);
        ++counters_.failures;
        return false;
    }
    for (auto& work : works) work->committed();
    return true;
}

void Database::Writer::measure(std::int64_t commitNs, std::size_t works) {
    healthy_ = true;
    std::uint64_t commits;
    {
        const std::lock_guard lock(countersMutex_);
        commits = ++counters_.commits;
        counters_.works += works;
        counters_.commitNs += commitNs;
        counters_.lastCommitNs = commitNs;
        counters_.worstCommitNs = std::max(counters_.worstCommitNs, commitNs);
    }
    if (commits % kMeasureEvery == 0) bytes_ = usedBytes(db_);
}

void Database::Writer::giveBack(std::unique_ptr<Work> work, const std::string& error) {
    if (healthy_ || retryAt_ <= monotonicNow()) retryAt_ = monotonicNow() + kSecond;
    healthy_ = false;
    if (work->mustHappen()) {
        kept_.push_back(std::move(work));
    } else {
        work->failed(error);
    }
}

void Database::Writer::retryKept() {
    if ((healthy_ && kept_.empty()) || monotonicNow() < retryAt_) return;
    if (kept_.empty()) {
        probe();
        return;
    }
    Works again;
    again.swap(kept_);
    runWorks(std::move(again));
}

void Database::Writer::probe() {
    class Probe : public Work {
        void write(Sqlite& db) override {
            db.run("UPDATE meta SET value = value + 1 WHERE key = 'probe'");
        }
        void committed() override {}
        void failed(const std::string&) override {}
    };
    Works works;
    works.push_back(std::make_unique<Probe>());
    runWorks(std::move(works));
}

}  // namespace totemd
