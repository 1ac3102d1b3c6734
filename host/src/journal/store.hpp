#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace totemd {

class Database;

/// The key-value table of each plugin, in the same file as the journal. Keys and values are bytes.
///
/// One plugin's calls take effect in the order they were made, and a get sees every earlier put.
/// Threads: everything from anywhere; callbacks on the writer thread after the commit (after
/// `Database::stop()`: inside the call) and must not block.
class Store {
public:
    /// `error` is empty on success.
    using Done = std::function<void(std::string error)>;
    using GetDone = std::function<void(std::optional<std::string> value, std::string error)>;
    using Rows = std::vector<std::pair<std::string, std::string>>;
    using ListDone = std::function<void(Rows rows, std::string error)>;

    explicit Store(Database& database) : database_(database) {}

    void get(std::string plugin, std::string key, GetDone done);
    /// `ttlNs` 0: never expires.
    void put(std::string plugin, std::string key, std::string value, std::int64_t ttlNs, Done done);
    void remove(std::string plugin, std::string key, Done done);
    /// At most `limit` rows whose key starts with `prefix` and is greater than `after`, by key.
    void list(std::string plugin, std::string prefix, std::string after, int limit, ListDone done);

private:
    Database& database_;
};

}  // namespace totemd
