#pragma once

#include <memory>
#include <string>

namespace totemd {

class Sqlite;

/// The journal's file, held by this process alone: a lock file beside it keeps a second daemon out.
class DatabaseFile {
public:
    /// Opens or creates it (readable by the owner only) and brings its schema up to date. Throws
    /// std::runtime_error that names the file and the next step.
    explicit DatabaseFile(const std::string& path);
    ~DatabaseFile();
    DatabaseFile(const DatabaseFile&) = delete;
    DatabaseFile& operator=(const DatabaseFile&) = delete;

    Sqlite& db() { return *db_; }
    const std::string& secret() const { return secret_; }

private:
    void lock();

    const std::string path_;
    int lockFd_ = -1;
    std::unique_ptr<Sqlite> db_;
    std::string secret_;
};

}  // namespace totemd
