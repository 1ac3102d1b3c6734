#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "totem/testing/calls.hpp"

namespace totem::testing {

/// For answers that never come.
inline constexpr std::chrono::nanoseconds kNever = std::chrono::hours(24 * 365 * 100);

/// One ask of a plugin that the fake host took: answered once, on the completion thread.
class FakeAsk : public std::enable_shared_from_this<FakeAsk> {
public:
    FakeAsk(Agenda& agenda, Problems& problems, const totem_ask& ask)
        : subject(view(ask.subject)),
          key(view(ask.idempotency_key)),
          checkpointKey(view(ask.checkpoint_key)),
          checkpoint(view(ask.checkpoint)),
          agenda_(agenda),
          problems_(problems),
          done_(ask.done),
          ctx_(ask.ctx),
          blocks_(Agenda::onHandlersStack(ask.ctx)) {
        const auto* parent = static_cast<const FakeCall*>(ask.parent);
        deadlineNs = ask.deadline_ns;
        if (parent != nullptr) {
            if (parent->completedByCallee()) {
                problems.add("asked on behalf of a call that was answered: " + parent->what());
            }
            if (subject.empty()) subject = view(parent->subject);
            const bool bounded = !parent->laneReleased();
            if (bounded && (deadlineNs == 0 || parent->deadline_ns < deadlineNs)) {
                deadlineNs = parent->deadline_ns;
            }
        }
        if (deadlineNs == 0) deadlineNs = agenda.monotonicNs() + 30'000'000'000;
    }
    /// The host is done with the ask, so time may go on while a handler blocks on it.
    void taken() {
        if (blocks_) agenda_.park();
    }

    void answer(Reply reply) {
        {
            std::lock_guard<std::mutex> lock(mutex_);
            if (std::exchange(answered_, true)) return;
        }
        agenda_.post(
            [self = shared_from_this(), reply = std::move(reply)] { self->finish(reply); });
    }
    /// Later, unless the deadline comes first: then with `overdue`.
    void answerAfter(std::chrono::nanoseconds delay, Reply reply, Status overdue) {
        if (delay.count() <= 0) return answer(std::move(reply));
        const std::int64_t due = agenda_.monotonicNs() + delay.count();
        if (due > deadlineNs) reply = Reply::failure(overdue, "no answer in time");
        agenda_.at(due > deadlineNs ? deadlineNs : due,
                   [weak = weak_from_this(), reply = std::move(reply)] {
                       if (auto self = weak.lock()) self->answer(reply);
                   });
    }
    bool answered() const {
        std::lock_guard<std::mutex> lock(mutex_);
        return answered_;
    }

    std::string subject, key, checkpointKey, checkpoint;
    std::int64_t deadlineNs;

private:
    void finish(const Reply& reply) {
        if (blocks_) agenda_.unpark();
        try {
            Body body(reply.content, reply.code, reply.headers);
            done_(ctx_, static_cast<totem_status>(reply.status), body.release());
        } catch (...) {
            problems_.add("the completion of an ask threw across the line");
        }
    }

    Agenda& agenda_;
    Problems& problems_;
    void (*const done_)(void*, totem_status, totem_body*);
    void* const ctx_;
    const bool blocks_;
    mutable std::mutex mutex_;
    bool answered_ = false;  // guarded by mutex_
};

/// Takes asks of a plugin, and knows which are open and which extensions say no.
/// Threads: any.
class AskDesk {
public:
    AskDesk(Agenda& agenda, Problems& problems) : agenda_(agenda), problems_(problems) {}

    /// Answered already when refuse() says so, or when the instance has ended.
    std::shared_ptr<FakeAsk> take(const char* extension, const totem_ask* ask) {
        auto taken = std::make_shared<FakeAsk>(agenda_, problems_, *ask);
        std::unique_lock<std::mutex> lock(mutex_);
        if (closed_) {
            lock.unlock();
            problems_.add(std::string("asked ") + extension + " after destroy");
            taken->answer(Reply::failure(Status::kCancelled, "the instance has ended"));
            return taken;
        }
        open_.insert(taken);
        for (auto at = open_.begin(); at != open_.end();) {
            at = (*at)->answered() ? open_.erase(at) : std::next(at);
        }
        auto refusal = refusals_.find(extension);
        if (refusal != refusals_.end()) taken->answer(refusal->second);
        return taken;
    }
    void refuse(const std::string& extension, Reply reply) {
        std::lock_guard<std::mutex> lock(mutex_);
        refusals_[extension] = std::move(reply);
    }
    void accept(const std::string& extension) {
        std::lock_guard<std::mutex> lock(mutex_);
        refusals_.erase(extension);
    }
    void answerAll(const Reply& reply) {
        std::set<std::shared_ptr<FakeAsk>> open;
        {
            std::lock_guard<std::mutex> lock(mutex_);
            open.swap(open_);
        }
        for (const auto& ask : open) ask->answer(reply);
    }
    void setClosed(bool closed) {
        std::lock_guard<std::mutex> lock(mutex_);
        closed_ = closed;
    }
    std::size_t open() const {
        std::lock_guard<std::mutex> lock(mutex_);
        std::size_t count = 0;
        for (const auto& ask : open_) count += ask->answered() ? 0 : 1;
        return count;
    }

private:
    Agenda& agenda_;
    Problems& problems_;
    mutable std::mutex mutex_;
    std::set<std::shared_ptr<FakeAsk>>
        open_;  // guarded by mutex_; answered ones go at the next ask
    std::map<std::string, Reply, std::less<>> refusals_;  // guarded by mutex_
    bool closed_ = false;                                 // guarded by mutex_
};

}  // namespace totem::testing
