#include "journal/sqlite.hpp"

#include <sqlite3.h>

namespace totemd {

Sqlite::Sqlite(const std::string& path, Mode mode) : path_(path) {
    const int flags =
        mode == Mode::ReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    const int code = sqlite3_open_v2(path.c_str(), &db_, flags | SQLITE_OPEN_NOMUTEX, nullptr);
    if (code != SQLITE_OK) {
        const std::string what = path + ": " + (db_ ? sqlite3_errmsg(db_) : "out of memory");
        sqlite3_close_v2(db_);
        throw SqliteError(code, what);
    }
    sqlite3_extended_result_codes(db_, 1);
    sqlite3_busy_timeout(db_, 5000);
}

Sqlite::~Sqlite() {
    for (auto& [sql, statement] : statements_) sqlite3_finalize(statement);
    sqlite3_close_v2(db_);
}

void Sqlite::exec(const std::string& sql) {
    const int code = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) fail(code);
}

bool Sqlite::inTransaction() const {
    return sqlite3_get_autocommit(db_) == 0;
}

sqlite3_stmt* Sqlite::prepare(const char* sql) {
    sqlite3_stmt*& statement = statements_[sql];
    if (statement == nullptr) {
        const int code =
            sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
        if (code != SQLITE_OK) fail(code);
    }
    return statement;
}

int Sqlite::finish(sqlite3_stmt* statement) {
    const int code = sqlite3_step(statement);
    if (code != SQLITE_DONE && code != SQLITE_ROW) fail(code);
    return sqlite3_changes(db_);
}

void Sqlite::fail(int code) const {
    throw SqliteError(
        code, path_ + ": " + sqlite3_errmsg(db_) + " (SQLite code " + std::to_string(code) + ")");
}

Query::~Query() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);  // a large text must not stay until the next use
}

bool Query::next() {
    const int code = sqlite3_step(statement_);
    if (code != SQLITE_ROW && code != SQLITE_DONE) db_.fail(code);
    return code == SQLITE_ROW;
}

std::int64_t Query::integer(int column) const {
    return sqlite3_column_int64(statement_, column);
}

std::string Query::text(int column) const {
    const void* bytes = sqlite3_column_blob(statement_, column);
    if (bytes == nullptr) return {};
    return {static_cast<const char*>(bytes),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

bool Query::null(int column) const {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

void Query::bind(int index, std::int64_t value) {
    sqlite3_bind_int64(statement_, index, value);
}

void Query::bind(int index, std::string_view value) {
    // An empty view may carry a null pointer, which SQLite would store as NULL.
    const char* bytes = value.empty() ? "" : value.data();
    const int code =
        sqlite3_bind_text64(statement_, index, bytes, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    if (code != SQLITE_OK) db_.fail(code);
}

void Query::bind(int index, const Blob& value) {
    const char* bytes = value.bytes.empty() ? "" : value.bytes.data();
    const int code =
        sqlite3_bind_blob64(statement_, index, bytes, value.bytes.size(), SQLITE_TRANSIENT);
    if (code != SQLITE_OK) db_.fail(code);
}

void Query::bind(int index, std::nullptr_t) {
    sqlite3_bind_null(statement_, index);
}

}  // namespace totemd
