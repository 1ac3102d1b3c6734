#include "journal/lane_works.hpp"

#include <algorithm>

#include "journal/schema.hpp"
#include "journal/sqlite.hpp"

namespace totemd {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

bool countAttempt(Sqlite& db, std::int64_t event, const std::string& subscriber) {
    return db.run(
               "UPDATE deliveries SET attempts = attempts + 1 WHERE event = ? AND subscriber = ?"
               " AND state = 0",
               event, subscriber) == 1;
}

}  // namespace

std::shared_ptr<const Event> loadEvent(Sqlite& db, std::int64_t seq) {
    Query query(db,
                "SELECT source, id, type, subject, time, data, reply, trace, received FROM events"
                " WHERE seq = ?",
                seq);
    if (!query.next()) return nullptr;
    auto event = std::make_shared<Event>();
    std::string* const texts[] = {&event->source, &event->id,   &event->type,  &event->subject,
                                  &event->time,   &event->data, &event->reply, &event->trace};
    int column = 0;
    for (std::string* text : texts) *text = query.text(column++);
    event->receivedUnixNs = query.integer(column);
    event->seq = seq;
    return event;
}

void Dispatcher::Lanes::Restore::write(Sqlite& db) {
    rows_.clear();
    Query query(db,
                "SELECT d.event, d.subscriber, d.attempts, d.replay, d.fresh, d.not_before,"
                " e.subject FROM deliveries d JOIN events e ON e.seq = d.event"
                " WHERE d.state = 0 ORDER BY d.event");
    while (query.next()) {
        Item item;
        item.event = query.integer(0);
        item.attempts = static_cast<int>(query.integer(2));
        item.replay = static_cast<int>(query.integer(3));
        item.fresh = static_cast<int>(query.integer(4));
        item.notBefore = query.integer(5);
        rows_.push_back({query.text(1), query.text(6), std::move(item)});
    }
}

void Dispatcher::Lanes::Restore::committed() {
    for (auto& row : rows_) lanes_.add(row.subscriber, row.subject, std::move(row.item));
    result_.set_value({});
}

void Dispatcher::Lanes::Claim::write(Sqlite& db) {
    const Item& item = lane_.items.front();
    gone_ = !item.claimed && !countAttempt(db, item.event, lane_.subscriber.name);
    body_ = item.body || gone_ ? item.body : loadEvent(db, item.event);
    if (!body_) gone_ = true;
}

void Dispatcher::Lanes::Claim::committed() {
    Item& item = lane_.items.front();
    if (gone_) {  // its customer was forgotten meanwhile
        Subscriber& sub = lane_.subscriber;
        lanes_.leave(lane_);
        lanes_.finishItem(lane_, item.event);
        --lanes_.open_;
        if (lane_.items.empty()) {
            sub.lanes.erase(std::string(lane_.key));
        } else {
            lanes_.makeReady(lane_);
        }
        lanes_.pump(sub);
        return;
    }
    if (!item.claimed) ++item.attempts;
    item.claimed = true;
    if (!item.body) item.body = body_;
    lanes_.start(lane_);
}

void Dispatcher::Lanes::Claim::failed(const std::string&) {
    lanes_.leave(lane_);
    lane_.items.front().notBefore = lanes_.database_.now() + kSecond;
    lanes_.waitFor(lane_);
}

Dispatcher::Lanes::End::End(Lanes& lanes, Running running, Outcome outcome)
    : lanes_(lanes),
      running_(std::move(running)),
      outcome_(std::move(outcome)),
      wasReleased_(running_.lane == nullptr) {
    decide();
}

bool Dispatcher::Lanes::End::dead() const {
    return outcome_.kind == Outcome::Kind::Refused;
}

bool Dispatcher::Lanes::End::retry() const {
    return outcome_.kind == Outcome::Kind::Failed || outcome_.kind == Outcome::Kind::Unavailable;
}

void Dispatcher::Lanes::End::decide() {
    Item& item = running_.item;
    const std::int64_t now = lanes_.database_.now();
    // The attempt was given back when the lane was released; an end counts it after all.
    if (wasReleased_ && outcome_.kind != Outcome::Kind::Unavailable) ++item.attempts;
    switch (outcome_.kind) {
        case Outcome::Kind::Failed:
            item.unavailable = 0;
            if (item.attempts >= lanes_.options_.maxAttempts) {
                outcome_.kind = Outcome::Kind::Refused;
                outcome_.error += " (attempt " + std::to_string(item.attempts) + ", the last)";
            }
            item.notBefore = now + lanes_.backoff_.after(item.attempts);
            break;
        case Outcome::Kind::Unavailable:
            if (!wasReleased_) --item.attempts;
            item.notBefore = now + lanes_.unavailable_.after(++item.unavailable);
            break;
        case Outcome::Kind::Released:
            --item.attempts;  // a sleep of days over many restarts is no failure
            break;
        case Outcome::Kind::Done:
        case Outcome::Kind::Refused:
            break;
    }
}

void Dispatcher::Lanes::End::write(Sqlite& db) {
    const Item& item = running_.item;
    const int state = outcome_.kind == Outcome::Kind::Done ? kDone : dead() ? kDead : kOpen;
    db.run(
        "UPDATE deliveries SET state = ?, attempts = ?, not_before = ?, updated = ?, error = ?"
        " WHERE event = ? AND subscriber = ? AND state = 0",
        state, item.attempts, retry() ? item.notBefore : 0, lanes_.database_.now(), outcome_.error,
        item.event, running_.subscriber->name);
    claimNext(db);
}

void Dispatcher::Lanes::End::claimNext(Sqlite& db) {
    nextClaimed_ = 0;
    nextBody_.reset();
    if (running_.lane == nullptr || retry() || !lanes_.open(*running_.subscriber)) return;
    const auto& items = running_.lane->items;
    if (items.size() < 2) return;
    const Item& next = *std::next(items.begin());
    if (next.claimed || next.attempts >= lanes_.options_.maxAttempts ||
        next.notBefore > lanes_.database_.now()) {
        return;
    }
    if (!countAttempt(db, next.event, running_.subscriber->name)) return;
    nextBody_ = next.body ? next.body : loadEvent(db, next.event);
    nextClaimed_ = next.event;
}

void Dispatcher::Lanes::End::committed() {
    const auto kind = outcome_.kind;
    if (kind == Outcome::Kind::Done) ++lanes_.done_;
    if (kind == Outcome::Kind::Refused) ++lanes_.dead_;
    if (retry()) ++lanes_.retried_;
    if (kind == Outcome::Kind::Done || kind == Outcome::Kind::Refused) --lanes_.open_;
    if (wasReleased_) {
        --lanes_.released_;
        if (retry()) lanes_.requeue(running_);
        return;
    }
    goOn();
}

/// The claimed event need not be the first any more: one that was released may have come back.
void Dispatcher::Lanes::End::applyClaim(Lane& lane) {
    const auto next = std::find_if(lane.items.begin(), lane.items.end(),
                                   [&](const Item& each) { return each.event == nextClaimed_; });
    if (next == lane.items.end()) return;
    ++next->attempts;
    next->claimed = true;
    if (next == lane.items.begin() && !next->body) next->body = nextBody_;
}

void Dispatcher::Lanes::End::goOn() {
    Lane& lane = *running_.lane;
    Subscriber& sub = *running_.subscriber;
    lanes_.leave(lane);
    if (retry()) {
        lane.items.front() = running_.item;
        lanes_.waitFor(lane);
    } else {
        lanes_.finishItem(lane, running_.item.event);
        if (lane.items.empty()) {
            sub.lanes.erase(running_.key);
        } else {
            applyClaim(lane);
            lanes_.makeReady(lane);
        }
    }
    lanes_.pump(sub);
}

}  // namespace totemd
