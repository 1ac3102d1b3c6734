#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "plugin/call_meter.hpp"
#include "totem/body.hpp"
#include "totem/call.hpp"

namespace totemd {

/// Whether somebody still waits; shared by a call and the asks made on its behalf.
class Cancellation {
public:
    /// Cancelled with `parent` and with `owner` (either may be null), or when `callerGone` says so.
    explicit Cancellation(std::shared_ptr<const Cancellation> parent = nullptr,
                          std::function<bool()> callerGone = {},
                          std::shared_ptr<const Cancellation> owner = nullptr)
        : parent_(std::move(parent)),
          owner_(std::move(owner)),
          callerGone_(std::move(callerGone)) {}
    void cancel() { cancelled_ = true; }
    bool cancelled() const {
        return cancelled_ || (callerGone_ && callerGone_()) || (parent_ && parent_->cancelled()) ||
               (owner_ && owner_->cancelled());
    }

    /// Counts the open effects that are waited for here or by what was asked on the way.
    void effectBegins() const {
        ++effects_;
        if (parent_) parent_->effectBegins();
    }
    void effectEnds() const {
        --effects_;
        if (parent_) parent_->effectEnds();
    }
    bool awaitsEffect() const { return effects_ > 0; }

private:
    std::atomic<bool> cancelled_{false};
    mutable std::atomic<int> effects_{0};
    std::shared_ptr<const Cancellation> parent_, owner_;
    std::function<bool()> callerGone_;
};

class OpenCalls;

/// What a failure says: its sentence, else the name of its status.
std::string reasonOf(totem_status status, const totem::Body& body);

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
        CallKind kind = CallKind::kRoute;
        std::shared_ptr<Cancellation> cancellation;  ///< made when null
        std::shared_ptr<const void> keep;   ///< lives as long as the call: the callee's input
        std::function<void()> releaseLane;  ///< event deliveries only
        std::int64_t event = 0;             ///< event deliveries only: its number in the journal
    };

    const std::shared_ptr<Cancellation>& cancellation() const { return cancellation_; }
    std::int64_t event() const { return event_; }
    /// True once a delivery has let go of its lane: it may stay open for days, without a deadline.
    bool released() const { return released_; }
    /// Null when `call` is null.
    static const HostCall* of(const totem_call* call) { return static_cast<const HostCall*>(call); }

private:
    friend class OpenCalls;
    HostCall(OpenCalls& owner, Options options, Done done);
    /// True for the first caller, who then runs done_.
    bool claim() { return !answered_.exchange(true); }
    /// Counts how it ended; for the winner of claim() only.
    void meter(totem_status status) const;

    OpenCalls& owner_;
    std::string trace_, subject_, key_, caller_;
    std::shared_ptr<Cancellation> cancellation_;
    std::shared_ptr<const void> keep_;
    std::function<void()> releaseLane_;
    const std::int64_t event_;
    Done done_;
    const CallKind kind_;
    const std::int64_t openedNs_;
    std::uint64_t number_ = 0;  // of the owner's calls
    std::atomic<bool> answered_{false}, released_{false};
    HostCall *previous_ = nullptr, *next_ = nullptr;  // guarded by the owner's mutex
};

/// All calls that one plugin instance holds. Sweeps answer those whose deadline has passed.
///
/// Threads: all members from anywhere.
class OpenCalls {
public:
    /// `meter` counts the calls; may be null.
    explicit OpenCalls(CallMeter* meter = nullptr) : meter_(meter) {}
    /// The new call belongs to the callee, who completes it.
    totem_call* open(HostCall::Options options, HostCall::Done done);
    /// Answers calls whose deadline is at or before `now` with TOTEM_E_DEADLINE; an event delivery
    /// that waits for an effect with TOTEM_E_CANCELLED, since the effect goes on without it and is
    /// found again by the next attempt. Returns how many.
    std::size_t sweep(std::int64_t now);
    /// Lets the next event of the subject be delivered and lifts the call's deadline. Only for
    /// calls that have a lane; the first time counts.
    static void releaseLane(totem_call* call);
    static std::uint64_t numberOf(const totem_call* call) { return HostCall::of(call)->number_; }
    /// Answers one call, if it is still open, for a callee that will not: its hook threw.
    void answer(std::uint64_t number, totem_status status);
    /// Answers every call with `status` and marks it cancelled; the callee still has to complete
    /// it.
    void cancelAll(totem_status status);
    std::size_t count() const;
    std::uint64_t lateCompletions() const { return late_; }
    std::uint64_t abandonedCalls() const { return abandoned_; }

private:
    friend class HostCall;
    static totem_status complete(totem_call* call, totem_status status, totem_body* body);
    /// Answers each call for which `choose` says with what.
    std::size_t answerWhere(
        const std::function<std::optional<totem_status>(const HostCall&)>& choose);

    CallMeter* const meter_;
    mutable std::mutex mutex_;
    HostCall* first_ = nullptr;  // guarded by mutex_
    std::size_t count_ = 0;      // guarded by mutex_
    std::uint64_t opened_ = 0;   // guarded by mutex_
    std::atomic<std::uint64_t> late_{0}, abandoned_{0};
};

}  // namespace totemd
