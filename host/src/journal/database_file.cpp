#include "journal/database_file.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "journal/schema.hpp"
#include "journal/sqlite.hpp"

namespace totemd {
namespace {

/// -wal and -shm take over the mode of the file, which holds what customers wrote.
int openPrivate(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        throw std::runtime_error(path + ": cannot open: " + std::strerror(errno) +
                                 ". The folder must exist and be writable by this user.");
    }
    return fd;
}

void configure(Sqlite& db) {
    // Checkpoints are the Checkpointer's; it keeps them out of the way of commits.
    db.exec(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0;"
        "PRAGMA journal_size_limit=16777216; PRAGMA cache_size=-8192; PRAGMA temp_store=MEMORY;"
        "PRAGMA foreign_keys=OFF; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON");
}

bool damaged(const SqliteError& error) {
    const int primary = error.code & 0xff;
    return primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB;
}

}  // namespace

DatabaseFile::DatabaseFile(const std::string& path) : path_(path) {
    lock();
    try {
        ::close(openPrivate(path_));
        db_ = std::make_unique<Sqlite>(path_, Sqlite::Mode::ReadWrite);
        configure(*db_);
        secret_ = openSchema(*db_);
    } catch (const SqliteError& error) {
        ::close(lockFd_);
        if (!damaged(error)) throw;
        throw std::runtime_error(
            std::string(error.what()) +
            ". The file is damaged or no journal: move it away and start anew, "
            "or restore a backup; `sqlite3 " +
            path_ + " .recover` prints what can still be read.");
    } catch (...) {
        ::close(lockFd_);
        throw;
    }
}

DatabaseFile::~DatabaseFile() {
    db_.reset();
    ::close(lockFd_);
}

void DatabaseFile::lock() {
    const std::string lockPath = path_ + ".lock";
    lockFd_ = openPrivate(lockPath);
    if (::flock(lockFd_, LOCK_EX | LOCK_NB) == 0) return;
    ::close(lockFd_);
    throw std::runtime_error(path_ + ": another totemd has it open (lock on " + lockPath +
                             "). Stop that one, or give this one its own storage.url.");
}

}  // namespace totemd
