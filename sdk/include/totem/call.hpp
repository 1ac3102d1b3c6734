#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "totem/body.hpp"
#include "totem/status.hpp"

namespace totem {
inline namespace v0 {

/// The answer that somebody waits for: owns a totem_call and completes it exactly once, now or
/// later, from any thread. Dropped unanswered, it answers kAbandoned. The deadline answers for it;
/// a later answer is thrown away and returns kGone. One thread at a time uses a Call.
///
/// Views and the request or input that came with a call live until it is answered: copy what you
/// need longer. After that (and after a move away) the members give 0 and empty text.
class Call {
public:
    explicit Call(totem_call* raw) : raw_(raw) {}
    Call(Call&& other) noexcept : raw_(std::exchange(other.raw_, nullptr)) {}
    Call& operator=(Call&& other) noexcept {
        Call taken(std::move(other));  // the call that was here is dropped now
        std::swap(raw_, taken.raw_);
        return *this;
    }
    ~Call() {
        if (raw_ != nullptr) raw_->complete(raw_, TOTEM_E_ABANDONED, nullptr);
    }

    /// kGone: somebody answered before (the deadline, a stop).
    Status succeed(Body body = {}) { return finish(TOTEM_OK, std::move(body)); }
    /// `sentence` says why, for the log and, with a route, for the client: no secret, no stack.
    Status fail(Status status, std::string sentence) {
        return finish(static_cast<totem_status>(status), Body(std::move(sentence)));
    }

    bool answered() const { return raw_ == nullptr; }
    /// True when nobody waits any more; what has no effect outside may stop.
    bool cancelled() const { return raw_ == nullptr || raw_->cancelled(raw_) != 0; }
    /// CLOCK_MONOTONIC nanoseconds.
    std::int64_t deadlineNs() const { return raw_ == nullptr ? 0 : raw_->deadline_ns; }
    /// When the cause reached the daemon, nanoseconds since 1970.
    std::int64_t receivedUnixNs() const { return raw_ == nullptr ? 0 : raw_->received_unix_ns; }
    std::string_view trace() const { return text(&totem_call::trace_parent); }
    std::string_view subject() const { return text(&totem_call::subject); }
    std::string_view idempotencyKey() const { return text(&totem_call::idempotency_key); }
    std::string_view caller() const { return text(&totem_call::caller); }
    /// Events: 1 for the first delivery; else 0.
    std::uint32_t attempt() const { return raw_ == nullptr ? 0 : raw_->attempt; }
    /// Events: how often an operator replayed it.
    std::uint32_t replay() const { return raw_ == nullptr ? 0 : raw_->replay; }
    /// For asks made on behalf of this call.
    const totem_call* raw() const { return raw_; }
    totem_call* raw() { return raw_; }

private:
    std::string_view text(totem_str totem_call::*member) const {
        return raw_ == nullptr ? std::string_view() : view(raw_->*member);
    }
    Status finish(totem_status status, Body body) {
        totem_call* call = std::exchange(raw_, nullptr);
        if (call == nullptr) return Status::kGone;
        return static_cast<Status>(call->complete(call, status, body.release()));
    }

    totem_call* raw_;
};

}  // namespace v0
}  // namespace totem
