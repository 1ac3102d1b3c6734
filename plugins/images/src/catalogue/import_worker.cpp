// The worker program that reads a catalogos.db. SQLite parses whatever file it is given, so that
// happens here: without files, network or other processes, within bounds of memory and time. The
// request is the file itself; the answer is {"rows": [{column: value, …}, …]} or {"error": …}.

#include <sqlite3.h>

#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <totem/worker.hpp>
#include <totem/worker_sandbox.hpp>

namespace {

using nlohmann::json;

constexpr std::size_t kMaxRows = 100'000;
constexpr int kMaxValue = 1 << 20;

struct CloseDatabase {
    void operator()(sqlite3* db) const { sqlite3_close(db); }
};
struct EndStatement {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;
using Statement = std::unique_ptr<sqlite3_stmt, EndStatement>;

/// Reading tables is all that a query may do, also one that hides in a view.
int onlyReading(void*, int action, const char*, const char*, const char*, const char*) {
    return action == SQLITE_SELECT || action == SQLITE_READ ? SQLITE_OK : SQLITE_DENY;
}

/// `bytes` stays the database's memory as long as it is open.
Database open(std::vector<unsigned char>& bytes) {
    if (bytes.size() < 100 || std::memcmp(bytes.data(), "SQLite format 3", 16) != 0)
        throw std::runtime_error("the file is no SQLite database");
    // A file written in WAL mode says so here; what lies in memory has no log beside it.
    bytes[18] = bytes[19] = 1;
    sqlite3* raw = nullptr;
    if (sqlite3_open_v2(":memory:", &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr) != SQLITE_OK)
        throw std::runtime_error("no memory for a database");
    Database db(raw);
    const auto size = static_cast<sqlite3_int64>(bytes.size());
    sqlite3_deserialize(raw, "main", bytes.data(), size, size, SQLITE_DESERIALIZE_READONLY);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_limit(raw, SQLITE_LIMIT_LENGTH, kMaxValue);
    sqlite3_set_authorizer(raw, onlyReading, nullptr);
    return db;
}

json valueAt(sqlite3_stmt* statement, int column) {
    switch (sqlite3_column_type(statement, column)) {
        case SQLITE_INTEGER:
            return sqlite3_column_int64(statement, column);
        case SQLITE_FLOAT:
            return sqlite3_column_double(statement, column);
        case SQLITE_NULL:
            return nullptr;
        default: {
            const auto* text = static_cast<const char*>(sqlite3_column_blob(statement, column));
            const int size = sqlite3_column_bytes(statement, column);
            return text == nullptr ? std::string() : std::string(text, static_cast<std::size_t>(size));
        }
    }
}

json readRows(std::string_view file) {
    std::vector<unsigned char> bytes(file.begin(), file.end());
    const Database db = open(bytes);
    sqlite3_stmt* raw = nullptr;
    if (sqlite3_prepare_v2(db.get(), "SELECT * FROM productos", -1, &raw, nullptr) != SQLITE_OK)
        throw std::runtime_error("the table productos cannot be read: " + std::string(sqlite3_errmsg(db.get())));
    const Statement statement(raw);
    json rows = json::array();
    int step = 0;
    while ((step = sqlite3_step(raw)) == SQLITE_ROW) {
        if (rows.size() == kMaxRows) throw std::runtime_error("the table productos has more than 100000 rows");
        json row = json::object();
        for (int i = 0; i < sqlite3_column_count(raw); ++i) row[sqlite3_column_name(raw, i)] = valueAt(raw, i);
        rows.push_back(std::move(row));
    }
    if (step != SQLITE_DONE)
        throw std::runtime_error("the table productos cannot be read: " + std::string(sqlite3_errmsg(db.get())));
    return rows;
}

}  // namespace

int main() {
    sqlite3_initialize();
    totem::worker::lockDown();
    return totem::worker::serve(
        [](std::string_view payload, const std::vector<totem::worker::Fd>&) {
            json answer;
            try {
                answer["rows"] = readRows(payload);
            } catch (const std::exception& error) {
                answer = json{{"error", error.what()}};
            }
            return totem::worker::Reply{answer.dump(-1, ' ', false, json::error_handler_t::replace)};
        },
        {"totem-images-import", "1"});
}
