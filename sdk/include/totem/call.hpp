#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "totem/body.hpp"
#include "totem/status.hpp"

namespace totem {
inline namespace v0 {

/// The answer that somebody waits for: owns a totem_call and completes it exactly once, now or
/// later, from any thread. Dropped unanswered, it answers kAbandoned.
class Call {
public:
    explicit Call(totem_call* raw) : raw_(raw) {}
    Call(Call&& other) noexcept : raw_(std::exchange(other.raw_, nullptr)) {}
    Call& operator=(Call&& other) noexcept {
        std::swap(raw_, other.raw_);
        return *this;
    }
    ~Call() {
        if (raw_ != nullptr) raw_->complete(raw_, TOTEM_E_ABANDONED, nullptr);
    }

    /// kGone: somebody answered before (the deadline, a stop).
    Status succeed(Body body = {}) { return finish(TOTEM_OK, std::move(body)); }
    Status fail(Status status, std::string sentence) {
        return finish(static_cast<totem_status>(status), Body(std::move(sentence)));
    }

    bool answered() const { return raw_ == nullptr; }
    /// True when nobody waits any more; what has no effect outside may stop.
    bool cancelled() const { return raw_ == nullptr || raw_->cancelled(raw_) != 0; }
    std::int64_t deadlineNs() const { return raw_->deadline_ns; }
    std::int64_t receivedUnixNs() const { return raw_->received_unix_ns; }
    std::string_view trace() const { return view(raw_->trace_parent); }
    std::string_view subject() const { return view(raw_->subject); }
    std::string_view idempotencyKey() const { return view(raw_->idempotency_key); }
    std::string_view caller() const { return view(raw_->caller); }
    std::uint32_t attempt() const { return raw_->attempt; }
    std::uint32_t replay() const { return raw_->replay; }
    /// For asks made on behalf of this call.
    const totem_call* raw() const { return raw_; }
    totem_call* raw() { return raw_; }

private:
    Status finish(totem_status status, Body body) {
        totem_call* call = std::exchange(raw_, nullptr);
        if (call == nullptr) return Status::kGone;
        return static_cast<Status>(call->complete(call, status, body.release()));
    }

    totem_call* raw_;
};

}  // namespace v0
}  // namespace totem
