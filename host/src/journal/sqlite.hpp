#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>

struct sqlite3;
struct sqlite3_stmt;

namespace totemd {

/// Bytes to bind as a BLOB; a plain string binds as TEXT.
struct Blob {
    std::string_view bytes;
};

/// What SQLite said, with the file it said it about.
class SqliteError : public std::runtime_error {
public:
    SqliteError(int code, const std::string& what) : std::runtime_error(what), code(code) {}
    const int code;  ///< extended result code
};

/// One SQLite connection with its prepared statements. Not thread-safe: one thread at a time.
///
/// SQL texts must be string literals: the cache of statements goes by their address.
/// Every failure throws SqliteError.
class Sqlite {
public:
    enum class Mode { ReadWrite, ReadOnly };

    Sqlite(const std::string& path, Mode mode);
    ~Sqlite();
    Sqlite(const Sqlite&) = delete;
    Sqlite& operator=(const Sqlite&) = delete;

    /// Several statements without parameters, not cached.
    void exec(const std::string& sql);
    /// Runs one statement to its end; returns the number of changed rows.
    template <class... Args>
    int run(const char* sql, const Args&... args);
    /// The first column of the first row, if there is one.
    template <class... Args>
    std::optional<std::int64_t> number(const char* sql, const Args&... args);

    bool inTransaction() const;
    sqlite3* handle() const { return db_; }
    const std::string& path() const { return path_; }

private:
    friend class Query;
    sqlite3_stmt* prepare(const char* sql);
    [[noreturn]] void fail(int code) const;
    int finish(sqlite3_stmt* statement);  // steps once, resets, returns changes

    const std::string path_;
    sqlite3* db_ = nullptr;
    std::unordered_map<const char*, sqlite3_stmt*> statements_;
};

/// A statement whose rows are read one by one; reset when it goes out of scope. One Query per SQL
/// text at a time.
class Query {
public:
    template <class... Args>
    Query(Sqlite& db, const char* sql, const Args&... args) : db_(db), statement_(db.prepare(sql)) {
        int index = 0;
        (bind(++index, args), ...);
    }
    ~Query();
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;

    bool next();
    std::int64_t integer(int column) const;
    std::string text(int column) const;  ///< TEXT or BLOB; NULL reads as empty
    bool null(int column) const;

private:
    friend class Sqlite;
    void bind(int index, std::int64_t value);
    void bind(int index, int value) { bind(index, static_cast<std::int64_t>(value)); }
    void bind(int index, bool value) { bind(index, static_cast<std::int64_t>(value)); }
    void bind(int index, std::string_view value);
    void bind(int index, const std::string& value) { bind(index, std::string_view(value)); }
    void bind(int index, const char* value) { bind(index, std::string_view(value)); }
    void bind(int index, const Blob& value);
    void bind(int index, std::nullptr_t);

    Sqlite& db_;
    sqlite3_stmt* statement_;
};

template <class... Args>
int Sqlite::run(const char* sql, const Args&... args) {
    Query query(*this, sql, args...);
    return finish(query.statement_);
}

template <class... Args>
std::optional<std::int64_t> Sqlite::number(const char* sql, const Args&... args) {
    Query query(*this, sql, args...);
    if (!query.next() || query.null(0)) return std::nullopt;
    return query.integer(0);
}

}  // namespace totemd
