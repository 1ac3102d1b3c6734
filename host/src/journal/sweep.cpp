#include "journal/sweep.hpp"

#include <memory>
#include <vector>

#include "journal/database.hpp"
#include "journal/schema.hpp"
#include "journal/sqlite.hpp"

namespace totemd {
namespace {

/// One commit's worth of a pass. It hands itself on: first through the rows of a table, then to the
/// next table.
class Sweep : public Work {
public:
    enum class Table { Events, Effects, Requests, Store, Keys, End };

    Sweep(Database& database, const UpkeepOptions& options, bool keys, std::function<void()> done)
        : database_(database), options_(options), keys_(keys), done_(std::move(done)) {}

    void write(Sqlite& db) override {
        more_ = false;
        next_ = after_;
        nextKey_ = afterKey_;
        switch (table_) {
            case Table::Events:
                events(db);
                break;
            case Table::Effects:
                effects(db);
                break;
            case Table::Requests:
                requests(db);
                break;
            case Table::Store:
                store(db);
                break;
            case Table::Keys:
                keys(db);
                break;
            case Table::End:
                break;
        }
    }

    void committed() override {
        auto follower = std::make_unique<Sweep>(*this);
        follower->after_ = next_;
        follower->afterKey_ = nextKey_;
        if (!more_) {
            follower->table_ = static_cast<Table>(static_cast<int>(table_) + 1);
            follower->after_ = 0;
            if (follower->table_ == Table::Keys && !keys_) follower->table_ = Table::End;
        }
        if (follower->table_ == Table::End) {
            if (done_) done_();
            return;
        }
        database_.write(std::move(follower), Database::Urgency::Lazy);
    }
    void failed(const std::string&) override {
        if (done_) done_();
    }

private:
    /// `seq` is a time in microseconds.
    std::int64_t before(std::int64_t ageNs) const { return (database_.now() - ageNs) / 1000; }
    /// Near the size bound nothing that is done is kept for its time.
    bool tight() const {
        return database_.counters().bytes > database_.options().maxBytes / 10 * 9;
    }
    std::int64_t doneBefore() const { return before(tight() ? 0 : options_.doneNs); }

    /// The next rows of the table, older than any age that may be kept.
    std::vector<std::int64_t> page(Sqlite& db, const char* sql) {
        std::vector<std::int64_t> seqs;
        Query query(db, sql, after_, doneBefore(), options_.batch);
        while (query.next()) seqs.push_back(query.integer(0));
        more_ = static_cast<int>(seqs.size()) == options_.batch;
        if (!seqs.empty()) next_ = seqs.back();
        return seqs;
    }

    void events(Sqlite& db) {
        for (const std::int64_t seq :
             page(db, "SELECT seq FROM events WHERE seq > ? AND seq < ? ORDER BY seq LIMIT ?")) {
            const auto kept = db.number(
                "SELECT 1 FROM deliveries WHERE event = ? AND (state = 0 OR (state = 2 AND"
                " event >= ?))",
                seq, before(options_.deadNs));
            if (kept) continue;
            db.run("DELETE FROM deliveries WHERE event = ?", seq);
            db.run("DELETE FROM events WHERE seq = ?", seq);
        }
    }

    /// Results stay as long as their event can be replayed, or a replay would act twice.
    void effects(Sqlite& db) {
        for (const std::int64_t seq :
             page(db, "SELECT seq FROM effects WHERE seq > ? AND seq < ? ORDER BY seq LIMIT ?")) {
            db.run(
                "DELETE FROM effects WHERE seq = ? AND (state IN (1, 2) OR (state >= 3 AND"
                " seq < ?)) AND NOT EXISTS (SELECT 1 FROM events WHERE events.seq = effects.event)",
                seq, before(options_.deadNs));
        }
    }

    void requests(Sqlite& db) {
        for (const std::int64_t seq :
             page(db, "SELECT seq FROM requests WHERE seq > ? AND seq < ? ORDER BY seq LIMIT ?")) {
            db.run("DELETE FROM requests WHERE seq = ? AND (state = 1 OR (state = 2 AND seq < ?))",
                   seq, before(options_.deadNs));
        }
    }

    void store(Sqlite& db) {
        const int deleted = db.run(
            "DELETE FROM store WHERE (plugin, key) IN (SELECT plugin, key FROM store"
            " WHERE expires > 0 AND expires <= ? LIMIT ?)",
            database_.now(), options_.batch);
        more_ = deleted == options_.batch;
    }

    void keys(Sqlite& db) {
        std::vector<std::string> old;
        int read = 0;
        {
            Query query(db, "SELECT key, event FROM seen WHERE key > ? ORDER BY key LIMIT ?",
                        Blob{afterKey_}, options_.batch);
            for (; query.next(); ++read) {
                nextKey_ = query.text(0);
                if (query.integer(1) < before(options_.seenNs)) old.push_back(nextKey_);
            }
        }
        for (const auto& key : old) db.run("DELETE FROM seen WHERE key = ?", Blob{key});
        more_ = read == options_.batch;
    }

    Database& database_;
    const UpkeepOptions options_;
    const bool keys_;
    const std::function<void()> done_;
    Table table_ = Table::Events;
    std::int64_t after_ = 0, next_ = 0;
    std::string afterKey_, nextKey_;
    bool more_ = false;
};

}  // namespace

void sweep(Database& database, const UpkeepOptions& options, bool keys,
           std::function<void()> done) {
    database.write(std::make_unique<Sweep>(database, options, keys, std::move(done)),
                   Database::Urgency::Lazy);
}

}  // namespace totemd
