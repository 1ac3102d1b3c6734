#include "journal/dead_letters.hpp"

#include <memory>
#include <vector>

#include "journal/database.hpp"
#include "journal/lanes.hpp"
#include "journal/sqlite.hpp"

namespace totemd {

class DeadLetters::Replay : public Work {
public:
    Replay(Dispatcher::Lanes& lanes, std::int64_t event, std::string subscriber, bool fresh,
           Done done)
        : lanes_(lanes),
          event_(event),
          subscriber_(std::move(subscriber)),
          fresh_(fresh),
          done_(std::move(done)) {}

    void write(Sqlite& db) override {
        again_.clear();
        exists_ = false;
        {
            Query query(db, "SELECT subject FROM events WHERE seq = ?", event_);
            exists_ = query.next();
            if (!exists_) return;
            subject_ = query.text(0);
        }
        Query query(db,
                    "UPDATE deliveries SET state = 0, attempts = 0, replay = replay + 1,"
                    " fresh = fresh + ?, not_before = 0, updated = ?, error = ''"
                    " WHERE event = ? AND (? = '' OR subscriber = ?) AND state <> 0"
                    " RETURNING subscriber, replay, fresh",
                    fresh_, lanes_.database().now(), event_, subscriber_, subscriber_);
        while (query.next()) {
            Dispatcher::Lanes::Item item;
            item.event = event_;
            item.replay = static_cast<int>(query.integer(1));
            item.fresh = static_cast<int>(query.integer(2));
            again_.emplace_back(query.text(0), std::move(item));
        }
    }
    void committed() override {
        const int replayed = static_cast<int>(again_.size());
        for (auto& [subscriber, item] : again_) lanes_.add(subscriber, subject_, std::move(item));
        done_(replayed, replayed > 0 ? ""
                        : exists_    ? "nothing to replay: no ended delivery of this event"
                                     : "no such event in the journal");
    }
    void failed(const std::string& reason) override { done_(0, reason); }

private:
    Dispatcher::Lanes& lanes_;
    const std::int64_t event_;
    const std::string subscriber_;
    const bool fresh_;
    const Done done_;
    bool exists_ = false;
    std::string subject_;
    std::vector<std::pair<std::string, Dispatcher::Lanes::Item>> again_;
};

void DeadLetters::replay(std::int64_t event, const std::string& subscriber, bool fresh, Done done) {
    database_.write(
        std::make_unique<Replay>(*dispatcher_.lanes_, event, subscriber, fresh, std::move(done)));
}

}  // namespace totemd
