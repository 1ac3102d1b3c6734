#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace totemd {

class Sqlite;

/// One piece of work for the writer. It joins the next commit, together with everything else that
/// is waiting then. All three functions run on the writer thread.
class Work {
public:
    virtual ~Work() = default;
    /// Inside the transaction. May run again when the commit failed, so it starts from scratch and
    /// changes nothing outside the database. Throws SqliteError.
    virtual void write(Sqlite& db) = 0;
    /// After the commit's fsync. Must not throw or block.
    virtual void committed() = 0;
    /// The write was rolled back and nothing of it is stored. Must not throw or block.
    virtual void failed(const std::string& reason) = 0;
    /// Kept and tried again every second instead of `failed()`: what has already happened outside
    /// (an answer that was sent) must reach the disk when there is space again.
    virtual bool mustHappen() const { return false; }
    /// A batch that only reads needs no transaction and no fsync.
    virtual bool reads() const { return false; }
};

struct DatabaseOptions {
    std::string path;
    /// Nanoseconds since 1970; tests give their own and call `wake()` after moving it.
    std::function<std::int64_t()> clock;
    std::int64_t maxBytes = std::int64_t{8} << 30;  ///< appends are refused above it
};

struct DatabaseCounters {
    std::uint64_t commits = 0;
    std::uint64_t works = 0;  ///< pieces of work in those commits
    std::uint64_t failures = 0;
    std::int64_t commitNs = 0;  ///< time spent in COMMIT, fsync included, all together
    std::int64_t lastCommitNs = 0;
    std::int64_t worstCommitNs = 0;
    std::int64_t bytes = 0;  ///< pages in use
};

/// The SQLite file of the journal and its one writer thread with group commit.
///
/// Opening creates or migrates the schema. A file written by a newer daemon that this one cannot
/// read, or a damaged one, is refused: the constructor throws std::runtime_error that says what to
/// do. A full disk or an I/O error later fails the work in hand, makes `writable()` false, and is
/// probed every second until a commit succeeds again; the daemon lives on.
///
/// Threads: everything from anywhere, unless said otherwise.
/// Lifetime: built before and stopped before everything that writes through it. `stop()` runs what
/// is queued, then joins.
class Database {
public:
    enum class Urgency {
        Now,   ///< commit as soon as the writer is free
        Lazy,  ///< nobody waits: join the next commit, within a few milliseconds
    };
    using Task = std::function<void()>;

    explicit Database(DatabaseOptions options);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    /// After `stop()` the work fails at once, in this call.
    void write(std::unique_ptr<Work> work, Urgency urgency = Urgency::Now);
    /// Runs `task` on the writer thread, outside a transaction. Dropped after `stop()`.
    void post(Task task);
    /// Runs `task` on the writer thread when the clock reaches `unixNs`. Dropped at `stop()`.
    void at(std::int64_t unixNs, Task task);
    /// Empties the write-ahead log, so that nothing deleted can be read there.
    void emptyLog();
    /// Looks at the clock again (a test moved it).
    void wake();
    void stop();

    std::int64_t now() const;
    bool inWriter() const;
    /// For /readyz: the last commit or probe succeeded and the file is below its bound.
    bool writable() const;
    DatabaseCounters counters() const;
    const DatabaseOptions& options() const;

    /// 16 bytes that identify `text`, from a secret of this database (so that a phone number within
    /// a key cannot be read back). Writer thread, or before other threads exist.
    std::string fingerprint(const std::string& text) const;
    /// The next event or effect number. Writer thread only.
    std::int64_t nextSeq();
    /// Counts transactions: what a Work remembers between works of one batch is void in the next.
    std::uint64_t batch() const;

private:
    class Writer;
    std::unique_ptr<Writer> writer_;
};

}  // namespace totemd
