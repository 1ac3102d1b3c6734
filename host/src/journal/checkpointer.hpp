#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "journal/sqlite.hpp"

namespace totemd {

/// Copies the write-ahead log back into the file on a thread and connection of its own, so that no
/// commit waits for it.
///
/// A checkpoint finds the log emptied only when the writer pauses for a moment; under steady load
/// the log could grow for ever. So when it has passed `kResetPages`, the writer itself makes the
/// last, short checkpoint, which lets the log start from its beginning.
class Checkpointer {
public:
    /// Takes over the writer's WAL hook. `writer` outlives this object. Throws when `path` cannot
    /// be opened.
    Checkpointer(sqlite3* writer, const std::string& path);
    ~Checkpointer();

    /// Writer thread, between transactions.
    void afterCommit();

private:
    void run(std::unique_ptr<Sqlite> db);

    static constexpr int kPages = 2'000;        // 8 MB: worth a checkpoint
    static constexpr int kResetPages = 16'000;  // 64 MB

    sqlite3* const writer_;
    int walPages_ = 0;  // writer thread

    std::mutex mutex_;
    std::condition_variable wanted_;
    bool work_ = false;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace totemd
