#include "journal/checkpointer.hpp"

#include <sqlite3.h>

namespace totemd {

Checkpointer::Checkpointer(sqlite3* writer, const std::string& path) : writer_(writer) {
    auto db = std::make_unique<Sqlite>(path, Sqlite::Mode::ReadWrite);
    db->exec("PRAGMA wal_autocheckpoint=0; PRAGMA synchronous=FULL; PRAGMA cache_size=-64");
    sqlite3_wal_hook(
        writer_,
        [](void* self, sqlite3*, const char*, int pages) {
            static_cast<Checkpointer*>(self)->walPages_ = pages;
            return SQLITE_OK;
        },
        this);
    thread_ = std::thread(&Checkpointer::run, this, std::move(db));
}

Checkpointer::~Checkpointer() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wanted_.notify_one();
    thread_.join();
    sqlite3_wal_hook(writer_, nullptr, nullptr);
}

void Checkpointer::afterCommit() {
    if (walPages_ < kPages) return;
    if (walPages_ >= kResetPages) {
        // Mostly copied by the thread already; RESTART could wait for readers, PASSIVE does not.
        sqlite3_wal_checkpoint_v2(writer_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    }
    const std::lock_guard lock(mutex_);
    if (work_) return;
    work_ = true;
    wanted_.notify_one();
}

void Checkpointer::run(std::unique_ptr<Sqlite> db) {
    std::unique_lock lock(mutex_);
    for (;;) {
        wanted_.wait(lock, [this] { return work_ || stopping_; });
        if (stopping_) return;
        lock.unlock();
        // A failure (full disk) leaves the log as it is; the next commit asks again.
        sqlite3_wal_checkpoint_v2(db->handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr,
                                  nullptr);
        lock.lock();
        work_ = false;
    }
}

}  // namespace totemd
