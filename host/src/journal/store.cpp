#include "journal/store.hpp"

#include <algorithm>
#include <memory>

#include "journal/database.hpp"
#include "journal/sqlite.hpp"

namespace totemd {
namespace {

class Get : public Work {
public:
    Get(const Database& database, std::string plugin, std::string key, Store::GetDone done)
        : database_(database),
          plugin_(std::move(plugin)),
          key_(std::move(key)),
          done_(std::move(done)) {}
    bool reads() const override { return true; }
    void write(Sqlite& db) override {
        value_.reset();
        Query query(db,
                    "SELECT value FROM store WHERE plugin = ? AND key = ?"
                    " AND (expires = 0 OR expires > ?)",
                    plugin_, Blob{key_}, database_.now());
        if (query.next()) value_ = query.text(0);
    }
    void committed() override { done_(std::move(value_), {}); }
    void failed(const std::string& reason) override { done_(std::nullopt, reason); }

private:
    const Database& database_;
    const std::string plugin_, key_;
    const Store::GetDone done_;
    std::optional<std::string> value_;
};

class Put : public Work {
public:
    Put(std::string plugin, std::string key, std::string value, std::int64_t expires,
        Store::Done done)
        : plugin_(std::move(plugin)),
          key_(std::move(key)),
          value_(std::move(value)),
          expires_(expires),
          done_(std::move(done)) {}
    void write(Sqlite& db) override {
        db.run("INSERT OR REPLACE INTO store VALUES(?, ?, ?, ?)", plugin_, Blob{key_}, expires_,
               Blob{value_});
    }
    void committed() override { done_({}); }
    void failed(const std::string& reason) override { done_(reason); }

private:
    const std::string plugin_, key_, value_;
    const std::int64_t expires_;
    const Store::Done done_;
};

class Remove : public Work {
public:
    Remove(std::string plugin, std::string key, Store::Done done)
        : plugin_(std::move(plugin)), key_(std::move(key)), done_(std::move(done)) {}
    void write(Sqlite& db) override {
        db.run("DELETE FROM store WHERE plugin = ? AND key = ?", plugin_, Blob{key_});
    }
    void committed() override { done_({}); }
    void failed(const std::string& reason) override { done_(reason); }

private:
    const std::string plugin_, key_;
    const Store::Done done_;
};

class List : public Work {
public:
    List(const Database& database, std::string plugin, std::string prefix, std::string after,
         int limit, Store::ListDone done)
        : database_(database),
          plugin_(std::move(plugin)),
          prefix_(std::move(prefix)),
          after_(std::move(after)),
          limit_(limit),
          done_(std::move(done)) {}
    bool reads() const override { return true; }
    void write(Sqlite& db) override {
        rows_.clear();
        Query query(db,
                    "SELECT key, value FROM store WHERE plugin = ? AND key >= ? AND key > ?"
                    " AND (expires = 0 OR expires > ?) ORDER BY key",
                    plugin_, Blob{prefix_}, Blob{after_}, database_.now());
        while (static_cast<int>(rows_.size()) < limit_ && query.next()) {
            std::string key = query.text(0);
            if (key.compare(0, prefix_.size(), prefix_) != 0) break;  // sorted: none comes later
            rows_.emplace_back(std::move(key), query.text(1));
        }
    }
    void committed() override { done_(std::move(rows_), {}); }
    void failed(const std::string& reason) override { done_({}, reason); }

private:
    const Database& database_;
    const std::string plugin_, prefix_, after_;
    const int limit_;
    const Store::ListDone done_;
    Store::Rows rows_;
};

}  // namespace

void Store::get(std::string plugin, std::string key, GetDone done) {
    database_.write(
        std::make_unique<Get>(database_, std::move(plugin), std::move(key), std::move(done)));
}

void Store::put(std::string plugin, std::string key, std::string value, std::int64_t ttlNs,
                Done done) {
    const std::int64_t expires = ttlNs > 0 ? database_.now() + ttlNs : 0;
    database_.write(std::make_unique<Put>(std::move(plugin), std::move(key), std::move(value),
                                          expires, std::move(done)));
}

void Store::remove(std::string plugin, std::string key, Done done) {
    database_.write(std::make_unique<Remove>(std::move(plugin), std::move(key), std::move(done)));
}

void Store::list(std::string plugin, std::string prefix, std::string after, int limit,
                 ListDone done) {
    database_.write(std::make_unique<List>(database_, std::move(plugin), std::move(prefix),
                                           std::move(after), limit, std::move(done)));
}

}  // namespace totemd
