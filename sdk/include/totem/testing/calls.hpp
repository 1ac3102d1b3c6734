#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "totem/testing/agenda.hpp"
#include "totem/testing/reply.hpp"

namespace totem::testing {

/// What a fake host tells a plugin with a call.
struct CallOptions {
    std::string subject, idempotencyKey, caller = "test";
    std::string trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    std::chrono::nanoseconds timeout = std::chrono::seconds(30);
    std::uint32_t attempt = 0, replay = 0;
};

/// Breaches of the rules of totem/abi that a plugin can commit without crashing.
/// Threads: any.
class Problems {
public:
    void add(std::string sentence) {
        std::lock_guard<std::mutex> lock(mutex_);
        sentences_.push_back(std::move(sentence));
    }
    std::vector<std::string> all() const {
        std::lock_guard<std::mutex> lock(mutex_);
        return sentences_;
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::string> sentences_;  // guarded by mutex_
};

/// The host's side of a totem_call. It outlives its completion, so that a second one is noticed.
class FakeCall : public totem_call {
public:
    /// `spoil` makes the input useless once the call is completed, as a host that frees it would.
    FakeCall(Agenda& agenda, Problems& problems, std::string what, CallOptions options,
             std::function<void()> spoil)
        : totem_call{},
          agenda_(agenda),
          problems_(problems),
          what_(std::move(what)),
          options_(std::move(options)),
          spoil_(std::move(spoil)) {
        struct_size = sizeof(totem_call);
        deadline_ns = agenda.monotonicNs() + options_.timeout.count();
        received_unix_ns = agenda.unixNs();
        trace_parent = str(options_.trace);
        totem_call::subject = str(options_.subject);
        idempotency_key = str(options_.idempotencyKey);
        totem_call::caller = str(options_.caller);
        attempt = options_.attempt;
        replay = options_.replay;
        complete = [](totem_call* call, totem_status status, totem_body* body) {
            return static_cast<FakeCall*>(call)->completed(status, body);
        };
        cancelled = [](const totem_call* call) -> std::int32_t {
            return static_cast<const FakeCall*>(call)->unwanted() ? 1 : 0;
        };
    }
    static std::shared_ptr<FakeCall> make(Agenda& agenda, Problems& problems, std::string what,
                                          CallOptions options, std::function<void()> spoil) {
        auto call = std::make_shared<FakeCall>(agenda, problems, std::move(what),
                                               std::move(options), std::move(spoil));
        call->overdue_ = agenda.at(call->deadline_ns, [weak = std::weak_ptr<FakeCall>(call)] {
            auto call = weak.lock();
            if (call && !call->laneReleased()) {
                call->answer(Reply::failure(Status::kDeadline, "no answer in time"));
            }
        });
        return call;
    }

    /// Answers the asker without the callee, who still has to complete the call.
    void answer(Reply reply) {
        std::lock_guard<std::mutex> lock(mutex_);
        if (reply_) return;
        reply_ = std::move(reply);
        changed_.notify_all();
    }
    void releaseLane() {
        std::lock_guard<std::mutex> lock(mutex_);
        laneReleased_ = true;
    }

    const std::string& what() const { return what_; }
    bool laneReleased() const { return read(laneReleased_); }
    bool completedByCallee() const { return read(completed_); }
    bool unwanted() const {
        std::lock_guard<std::mutex> lock(mutex_);
        return reply_.has_value();
    }
    std::optional<Reply> waitForReply() {
        std::unique_lock<std::mutex> lock(mutex_);
        changed_.wait_for(lock, Agenda::kPatience, [this] { return reply_.has_value(); });
        return reply_;
    }

private:
    totem_status completed(totem_status status, totem_body* body) {
        Reply reply;
        try {
            reply = Reply::from(status, body);
        } catch (const std::exception& error) {
            problems_.add(what_ + ": completed with a body that cannot be read: " + error.what());
            reply = Reply::failure(Status::kFault, error.what());
        }
        std::unique_lock<std::mutex> lock(mutex_);
        if (completed_) {
            problems_.add(what_ + ": completed twice");
            return TOTEM_E_GONE;
        }
        completed_ = true;
        const bool late = reply_.has_value();
        if (!late) reply_ = std::move(reply);
        lock.unlock();
        agenda_.cancel(overdue_);
        if (spoil_) spoil_();
        changed_.notify_all();
        return late ? TOTEM_E_GONE : TOTEM_OK;
    }
    bool read(const bool& flag) const {
        std::lock_guard<std::mutex> lock(mutex_);
        return flag;
    }

    Agenda& agenda_;
    Problems& problems_;
    const std::string what_;
    const CallOptions options_;
    const std::function<void()> spoil_;
    std::uint64_t overdue_ = 0;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::optional<Reply> reply_;                     // guarded by mutex_
    bool completed_ = false, laneReleased_ = false;  // guarded by mutex_
};

/// A call that a test made to a plugin.
class OpenCall {
public:
    OpenCall(Agenda& agenda, std::shared_ptr<FakeCall> call)
        : agenda_(agenda), call_(std::move(call)) {}

    bool answered() const { return call_->unwanted(); }
    /// Waits for the answer and until the plugin has come to rest. Time of the fake host does not
    /// pass meanwhile. Throws std::runtime_error when no answer comes.
    Reply reply() const {
        std::optional<Reply> reply = call_->waitForReply();
        if (!reply) {
            throw std::runtime_error(call_->what() +
                                     ": no answer in 10 s; if it waits for time to pass, advance() "
                                     "the host before reply()");
        }
        agenda_.settle();
        return *std::move(reply);
    }
    /// The asker goes away: the call is cancelled, and an answer is thrown away.
    void cancel() { call_->answer(Reply::failure(Status::kCancelled, "the asker went away")); }
    /// Events: whether the next one of the subject may come while this one is open.
    bool laneReleased() const { return call_->laneReleased(); }

private:
    Agenda& agenda_;
    std::shared_ptr<FakeCall> call_;
};

}  // namespace totem::testing
