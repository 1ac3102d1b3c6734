#include "journal/lanes.hpp"

#include <algorithm>

#include "journal/lane_works.hpp"

namespace totemd {
namespace {

std::int64_t bytesOf(const Event& event) {
    return static_cast<std::int64_t>(sizeof(Event) + event.data.size() + event.reply.size());
}

}  // namespace

Dispatcher::Lanes::Lanes(Database& database, DispatcherOptions options, Deliver deliver)
    : database_(database),
      options_(options),
      deliver_(std::move(deliver)),
      backoff_(options.backoffNs, options.maxBackoffNs),
      unavailable_(options.unavailableNs, kMaxUnavailableNs) {}

std::string Dispatcher::Lanes::laneKey(const std::string& subject, std::int64_t event) {
    return subject.empty() ? "u" + std::to_string(event) : "s" + subject;
}

Dispatcher::Lanes::Subscriber& Dispatcher::Lanes::subscriber(const std::string& name) {
    auto& found = subscribers_[name];
    if (!found) {
        found = std::make_unique<Subscriber>();
        found->name = name;
    }
    return *found;
}

bool Dispatcher::Lanes::claimOnArrival(const std::string& name, const std::string& subject) {
    Subscriber& sub = subscriber(name);
    if (sub.batch != database_.batch()) {
        sub.batch = database_.batch();
        sub.claims = sub.claimsUnordered = 0;
        sub.claimedLanes.clear();
    }
    if (!open(sub) || sub.inFlight + sub.claims >= options_.inFlight) return false;
    if (subject.empty()) {
        if (!sub.readyUnordered.empty()) return false;
        if (sub.unordered + sub.claimsUnordered >= options_.unorderedInFlight) return false;
        ++sub.claimsUnordered;
    } else {
        if (!sub.ready.empty()) return false;
        std::string key = laneKey(subject, 0);
        if (sub.lanes.count(key) != 0) return false;
        if (!sub.claimedLanes.insert(std::move(key)).second) return false;
    }
    ++sub.claims;
    return true;
}

void Dispatcher::Lanes::add(const std::string& name, const std::string& subject, Item item) {
    Subscriber& sub = subscriber(name);
    const std::string key = laneKey(subject, item.event);
    auto& lane = sub.lanes[key];
    const bool idle = !lane;
    if (idle) lane.reset(new Lane{sub, key, {}, Lane::State::Ready});
    ++open_;
    if (item.body && !(idle && item.claimed)) {  // it will wait, and waiting texts are bounded
        item.counted = bodyBytes_ + bytesOf(*item.body) <= options_.bodyBytes;
        if (item.counted) {
            bodyBytes_ += bytesOf(*item.body);
        } else {
            item.body.reset();
        }
    }
    lane->items.push_back(std::move(item));
    if (!idle) return;
    makeReady(*lane);
    pump(sub);
}

void Dispatcher::Lanes::setPaused(const std::string& name, bool paused) {
    Subscriber& sub = subscriber(name);
    sub.paused = paused;
    pump(sub);
}

void Dispatcher::Lanes::makeReady(Lane& lane) {
    if (lane.items.front().notBefore > database_.now()) {
        waitFor(lane);
        return;
    }
    lane.state = Lane::State::Ready;
    auto& queue = lane.unordered() ? lane.subscriber.readyUnordered : lane.subscriber.ready;
    queue.push_back(&lane);
}

void Dispatcher::Lanes::waitFor(Lane& lane) {
    lane.state = Lane::State::Waiting;
    Subscriber* sub = &lane.subscriber;
    database_.at(lane.items.front().notBefore, [this, sub, key = lane.key] {
        const auto found = sub->lanes.find(key);
        if (found == sub->lanes.end() || found->second->state != Lane::State::Waiting) return;
        makeReady(*found->second);
        pump(*sub);
    });
}

void Dispatcher::Lanes::pump(Subscriber& sub) {
    while (open(sub) && sub.inFlight < options_.inFlight) {
        const bool unordered =
            !sub.readyUnordered.empty() && sub.unordered < options_.unorderedInFlight;
        if (!unordered && sub.ready.empty()) return;
        // Those without a subject have their own, smaller limit, so they cannot starve the others.
        auto& queue = unordered ? sub.readyUnordered : sub.ready;
        Lane& lane = *queue.front();
        queue.pop_front();
        take(lane);
    }
}

void Dispatcher::Lanes::take(Lane& lane) {
    ++lane.subscriber.inFlight;
    ++inFlight_;
    if (lane.unordered()) ++lane.subscriber.unordered;
    Item& item = lane.items.front();
    if (!item.claimed && item.attempts >= options_.maxAttempts) {
        lane.state = Lane::State::Settling;
        Outcome outcome{Outcome::Kind::Refused, "the daemon ended during each of its " +
                                                    std::to_string(item.attempts) + " attempts"};
        database_.write(std::make_unique<End>(
            *this, Running{&lane.subscriber, &lane, lane.key, item}, std::move(outcome)));
        return;
    }
    if (item.claimed && item.body) {
        start(lane);
        return;
    }
    lane.state = Lane::State::Claiming;
    database_.write(std::make_unique<Claim>(*this, lane));
}

void Dispatcher::Lanes::leave(Lane& lane) {
    --lane.subscriber.inFlight;
    --inFlight_;
    if (lane.unordered()) --lane.subscriber.unordered;
}

void Dispatcher::Lanes::start(Lane& lane) {
    if (!open(lane.subscriber)) {  // paused between claim and commit: it stays claimed
        leave(lane);
        makeReady(lane);
        return;
    }
    Item& item = lane.items.front();
    lane.state = Lane::State::Running;
    Delivery delivery{item.body, lane.subscriber.name, item.attempts, item.replay, item.fresh};
    dropBody(item);
    item.claimed = false;
    const std::uint64_t id = nextRun_++;
    running_.emplace(id, Running{&lane.subscriber, &lane, lane.key, item});
    deliver_(std::move(delivery), [this, id](Outcome outcome) {
        database_.post([this, id, outcome = std::move(outcome)] { ended(id, outcome); });
    });
}

void Dispatcher::Lanes::dropBody(Item& item) {
    if (item.counted) bodyBytes_ -= bytesOf(*item.body);
    item.counted = false;
    item.body.reset();
}

void Dispatcher::Lanes::ended(std::uint64_t id, Outcome outcome) {
    const auto found = running_.find(id);
    if (found == running_.end()) return;  // a second end: the first one counts
    Running running = found->second;
    const bool releasing = outcome.kind == Outcome::Kind::Released;
    if (releasing && running.lane == nullptr) return;
    bool waitedFor = false;
    if (running.lane != nullptr) {
        const auto& sub = *running.subscriber;
        running.lane->state = Lane::State::Settling;
        waitedFor =
            running.lane->items.size() > 1 || !sub.ready.empty() || !sub.readyUnordered.empty();
    }
    if (releasing) {
        found->second.lane = nullptr;
        --found->second.item.attempts;  // as End writes it
        ++released_;
    } else {
        running_.erase(found);
    }
    database_.write(std::make_unique<End>(*this, std::move(running), std::move(outcome)),
                    waitedFor ? Database::Urgency::Now : Database::Urgency::Lazy);
}

void Dispatcher::Lanes::finishItem(Lane& lane, std::int64_t event) {
    const auto item = std::find_if(lane.items.begin(), lane.items.end(),
                                   [&](const Item& each) { return each.event == event; });
    if (item == lane.items.end()) return;
    dropBody(*item);
    lane.items.erase(item);
}

void Dispatcher::Lanes::requeue(Running& running) {
    auto& lane = running.subscriber->lanes[running.key];
    const bool idle = !lane;
    if (idle) lane.reset(new Lane{*running.subscriber, running.key, {}, Lane::State::Ready});
    // Behind the one that is being handled, before all that came later.
    lane->items.insert(idle ? lane->items.begin() : std::next(lane->items.begin()), running.item);
    if (!idle) return;
    makeReady(*lane);
    pump(*running.subscriber);
}

DispatcherCounters Dispatcher::Lanes::counters() const {
    DispatcherCounters counters;
    counters.inFlight = inFlight_;
    counters.released = released_;
    counters.queued = open_ - inFlight_ - released_;
    counters.done = done_;
    counters.retried = retried_;
    counters.dead = dead_;
    return counters;
}

}  // namespace totemd
