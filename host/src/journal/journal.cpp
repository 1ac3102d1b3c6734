#include "journal/journal.hpp"

#include <memory>
#include <utility>

#include "journal/database.hpp"
#include "journal/dispatcher.hpp"
#include "journal/lanes.hpp"
#include "journal/sqlite.hpp"

namespace totemd {

/// Stores the events with their deliveries; tells the sender, then starts the lanes.
class Journal::Append : public Work {
public:
    Append(Journal& journal, std::vector<NewEvent> events, AppendDone done)
        : journal_(journal), lanes_(*journal.dispatcher_.lanes_), done_(std::move(done)) {
        events_.reserve(events.size());
        for (auto& event : events) {
            auto stored = std::make_shared<Event>();
            static_cast<NewEvent&>(*stored) = std::move(event);
            events_.push_back(std::move(stored));
        }
    }

    void write(Sqlite& db) override {
        results_.assign(events_.size(), {});
        started_.clear();
        if (const char* reason = refusal()) {
            for (auto& result : results_) result.reason = reason;
            return;
        }
        for (std::size_t i = 0; i < events_.size(); ++i) results_[i] = store(db, events_[i]);
    }

    void committed() override {
        if (done_) done_(std::move(results_));
        for (auto& [subscriber, event, claimed] : started_) {
            Dispatcher::Lanes::Item item;
            item.event = event->seq;
            item.attempts = claimed ? 1 : 0;
            item.claimed = claimed;
            item.body = event;
            lanes_.add(subscriber, event->subject, std::move(item));
        }
    }

    void failed(const std::string& reason) override {
        Appended refused;
        refused.reason = reason;
        if (done_) done_(std::vector<Appended>(events_.size(), refused));
    }

private:
    const char* refusal() const {
        const Database& database = journal_.database_;
        if (lanes_.full(events_.size())) return "too many events are waiting";
        if (database.counters().bytes >= database.options().maxBytes) {
            return "the journal has reached its size bound (storage.max_bytes)";
        }
        return nullptr;
    }

    Appended store(Sqlite& db, const std::shared_ptr<Event>& event) {
        Appended result;
        result.status = Appended::Status::Duplicate;
        const std::int64_t seq = journal_.database_.nextSeq();
        const std::string key = journal_.database_.fingerprint(event->source + '\n' + event->id);
        if (db.run("INSERT OR IGNORE INTO seen VALUES(?, ?)", Blob{key}, seq) == 0) return result;
        event->seq = seq;
        db.run("INSERT INTO events VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", seq,
               event->receivedUnixNs, event->source, event->id, event->type, event->subject,
               event->time, event->trace, event->reply, event->data);
        for (auto& subscriber : journal_.subscribersOf_(*event)) {
            const bool claimed = lanes_.claimOnArrival(subscriber, event->subject);
            db.run("INSERT INTO deliveries VALUES(?, ?, 0, ?, 0, 0, 0, ?, '')", seq, subscriber,
                   claimed ? 1 : 0, event->receivedUnixNs);
            started_.push_back({std::move(subscriber), event, claimed});
        }
        result.status = Appended::Status::Stored;
        result.seq = seq;
        return result;
    }

    struct Started {
        std::string subscriber;
        std::shared_ptr<Event> event;
        bool claimed;
    };
    Journal& journal_;
    Dispatcher::Lanes& lanes_;
    std::vector<std::shared_ptr<Event>> events_;  // shared with the deliveries to come
    AppendDone done_;
    std::vector<Appended> results_;
    std::vector<Started> started_;
};

Journal::Journal(Database& database, Dispatcher& dispatcher, SubscribersOf subscribersOf)
    : database_(database), dispatcher_(dispatcher), subscribersOf_(std::move(subscribersOf)) {}

Journal::~Journal() {
    database_.stop();
}

void Journal::append(std::vector<NewEvent> events, AppendDone done) {
    database_.write(std::make_unique<Append>(*this, std::move(events), std::move(done)));
}

}  // namespace totemd
