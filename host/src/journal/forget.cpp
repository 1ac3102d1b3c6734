#include "journal/forget.hpp"

#include <memory>

#include "journal/database.hpp"
#include "journal/sqlite.hpp"

namespace totemd {
namespace {

bool digit(char c) {
    return c >= '0' && c <= '9';
}

/// Looks through one page of one table per commit and hands itself on, as Sweep does.
class Forget : public Work {
public:
    enum class Table { Events, Effects, Requests, Store, End };

    Forget(Database& database, std::vector<std::string> numbers, int batch,
           std::function<void(Forgotten)> done)
        : database_(database),
          numbers_(std::move(numbers)),
          batch_(batch),
          done_(std::move(done)) {}

    void write(Sqlite& db) override {
        found_ = before_;
        more_ = false;
        next_ = after_;
        nextPlugin_ = afterPlugin_;
        nextKey_ = afterKey_;
        db.exec("PRAGMA secure_delete=ON");  // overwrites what is deleted
        switch (table_) {
            case Table::Events:
                found_.events += page(
                    db,
                    "SELECT seq, subject, data, reply, id FROM events WHERE seq > ?"
                    " ORDER BY seq LIMIT ?",
                    4,
                    {"DELETE FROM deliveries WHERE event = ?", "DELETE FROM events WHERE seq = ?"});
                break;
            case Table::Effects:
                found_.effects +=
                    page(db,
                         "SELECT seq, subject, input, result, key FROM effects WHERE seq > ?"
                         " ORDER BY seq LIMIT ?",
                         4, {"DELETE FROM effects WHERE seq = ?"});
                break;
            case Table::Requests:
                found_.requests +=
                    page(db,
                         "SELECT seq, target, headers, body FROM requests WHERE seq > ?"
                         " ORDER BY seq LIMIT ?",
                         3, {"DELETE FROM requests WHERE seq = ?"});
                break;
            case Table::Store:
                found_.rows += store(db);
                break;
            case Table::End:
                break;
        }
        db.exec("PRAGMA secure_delete=OFF");
    }

    void committed() override {
        auto follower = std::make_unique<Forget>(*this);
        follower->before_ = found_;
        follower->after_ = next_;
        follower->afterPlugin_ = nextPlugin_;
        follower->afterKey_ = nextKey_;
        if (!more_) {
            follower->table_ = static_cast<Table>(static_cast<int>(table_) + 1);
            follower->after_ = 0;
        }
        if (follower->table_ == Table::End) {
            database_.emptyLog();
            done_(found_);
            return;
        }
        database_.write(std::move(follower), Database::Urgency::Now);
    }
    void failed(const std::string& reason) override {
        before_.error = reason;
        done_(before_);
    }

private:
    std::int64_t page(Sqlite& db, const char* select, int texts,
                      std::initializer_list<const char*> removals) {
        std::vector<std::int64_t> hits;
        int read = 0;
        {
            Query query(db, select, after_, batch_);
            for (; query.next(); ++read) {
                next_ = query.integer(0);
                bool hit = false;
                for (int i = 1; i <= texts; ++i) hit = hit || holdsNumber(query.text(i), numbers_);
                if (hit) hits.push_back(next_);
            }
        }
        for (const std::int64_t seq : hits) {
            for (const char* removal : removals) db.run(removal, seq);
        }
        more_ = read == batch_;
        return static_cast<std::int64_t>(hits.size());
    }

    std::int64_t store(Sqlite& db) {
        std::vector<std::pair<std::string, std::string>> hits;
        int read = 0;
        {
            Query query(db,
                        "SELECT plugin, key, value FROM store WHERE (plugin, key) > (?, ?)"
                        " ORDER BY plugin, key LIMIT ?",
                        afterPlugin_, Blob{afterKey_}, batch_);
            for (; query.next(); ++read) {
                nextPlugin_ = query.text(0);
                nextKey_ = query.text(1);
                if (holdsNumber(nextKey_, numbers_) || holdsNumber(query.text(2), numbers_)) {
                    hits.emplace_back(nextPlugin_, nextKey_);
                }
            }
        }
        for (const auto& [plugin, key] : hits) {
            db.run("DELETE FROM store WHERE plugin = ? AND key = ?", plugin, Blob{key});
        }
        more_ = read == batch_;
        return static_cast<std::int64_t>(hits.size());
    }

    Database& database_;
    const std::vector<std::string> numbers_;
    const int batch_;
    const std::function<void(Forgotten)> done_;
    Table table_ = Table::Events;
    Forgotten before_, found_;
    std::int64_t after_ = 0, next_ = 0;
    std::string afterPlugin_, nextPlugin_, afterKey_, nextKey_;
    bool more_ = false;
};

}  // namespace

bool holdsNumber(std::string_view text, const std::vector<std::string>& numbers) {
    for (const auto& number : numbers) {
        if (number.empty()) continue;
        for (auto at = text.find(number); at != std::string_view::npos;
             at = text.find(number, at + 1)) {
            const auto end = at + number.size();
            const bool startsNumber = at == 0 || !digit(text[at - 1]);
            const bool endsNumber = end == text.size() || !digit(text[end]);
            if (startsNumber && endsNumber) return true;
        }
    }
    return false;
}

void forgetNumbers(Database& database, std::vector<std::string> numbers, int batch,
                   std::function<void(Forgotten)> done) {
    database.write(std::make_unique<Forget>(database, std::move(numbers), batch, std::move(done)));
}

}  // namespace totemd
