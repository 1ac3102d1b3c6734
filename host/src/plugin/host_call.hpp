#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "totem/body.hpp"
#include "totem/call.hpp"

namespace totemd {

/// Whether somebody still waits; shared by a call and the asks made on its behalf.
class Cancellation {
public:
    explicit Cancellation(std::shared_ptr<const Cancellation> parent = nullptr, std::function<bool()> callerGone = {})
        : parent_(std::move(parent)), callerGone_(std::move(callerGone)) {}
    void cancel() { cancelled_ = true; }
    bool cancelled() const {
        return cancelled_ || (callerGone_ && callerGone_()) || (parent_ && parent_->cancelled());
    }

private:
    std::atomic<bool> cancelled_{false};
    std::shared_ptr<const Cancellation> parent_;
    std::function<bool()> callerGone_;
};

class OpenCalls;

/// The daemon's side of a totem_call: what a plugin holds until it completes it. It lives exactly
/// until the callee calls complete(); the asker is answered by whichever comes first, that or the
/// deadline.
class HostCall : public totem_call {
public:
    /// Runs once, on whatever thread answers; must be short.
    using Done = std::function<void(totem_status, totem::Body)>;

    struct Options {
        std::int64_t deadlineNs = 0;  ///< monotonic; required
        std::int64_t receivedUnixNs = 0;
        std::string trace, subject, idempotencyKey, caller;
        std::uint32_t attempts = 0, replays = 0;
        std::shared_ptr<Cancellation> cancellation;  ///< made when null
        std::shared_ptr<const void> keep;            ///< lives as long as the call: the callee's input
        std::function<void()> releaseLane;           ///< event deliveries only
        std::int64_t event = 0;                      ///< event deliveries only: its number in the journal
    };

    const std::shared_ptr<Cancellation>& cancellation() const { return cancellation_; }
    void releaseLane() const {
        if (releaseLane_) releaseLane_();
    }
    std::int64_t event() const { return event_; }
    /// Null when `call` is null.
    static const HostCall* of(const totem_call* call) { return static_cast<const HostCall*>(call); }

private:
    friend class OpenCalls;
    HostCall(OpenCalls& owner, Options options, Done done);
    /// True for the first caller, who then runs done_.
    bool claim() { return !answered_.exchange(true); }

    OpenCalls& owner_;
    std::string trace_, subject_, key_, caller_;
    std::shared_ptr<Cancellation> cancellation_;
    std::shared_ptr<const void> keep_;
    std::function<void()> releaseLane_;
    const std::int64_t event_;
    Done done_;
    std::atomic<bool> answered_{false};
    HostCall *previous_ = nullptr, *next_ = nullptr;  // guarded by the owner's mutex
};

/// All calls that one plugin instance holds. Sweeps answer those whose deadline has passed.
///
/// Threads: all members from anywhere.
class OpenCalls {
public:
    /// The new call belongs to the callee, who completes it.
    totem_call* open(HostCall::Options options, HostCall::Done done);
    /// Answers calls whose deadline is at or before `now` with TOTEM_E_DEADLINE.
    void sweep(std::int64_t now);
    /// Answers every call with `status` and marks it cancelled; the callee still has to complete it.
    void cancelAll(totem_status status);
    std::size_t count() const;
    std::uint64_t lateCompletions() const { return late_; }
    std::uint64_t abandonedCalls() const { return abandoned_; }

private:
    friend class HostCall;
    static totem_status complete(totem_call* call, totem_status status, totem_body* body);
    void answerWhere(totem_status status, const std::function<bool(const HostCall&)>& chosen);

    mutable std::mutex mutex_;
    HostCall* first_ = nullptr;  // guarded by mutex_
    std::size_t count_ = 0;      // guarded by mutex_
    std::atomic<std::uint64_t> late_{0}, abandoned_{0};
};

}  // namespace totemd
