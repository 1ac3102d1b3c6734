#include "plugin/host_call.hpp"

#include <utility>
#include <vector>

#include "loop/event_loop.hpp"
#include "totem/status.hpp"

namespace totemd {

std::string reasonOf(totem_status status, const totem::Body& body) {
    return body.content().empty() ? totem::statusName(static_cast<totem::Status>(status))
                                  : std::string(body.content());
}

HostCall::HostCall(OpenCalls& owner, Options options, Done done)
    : totem_call{},
      owner_(owner),
      trace_(std::move(options.trace)),
      subject_(std::move(options.subject)),
      key_(std::move(options.idempotencyKey)),
      caller_(std::move(options.caller)),
      cancellation_(options.cancellation ? std::move(options.cancellation)
                                         : std::make_shared<Cancellation>()),
      keep_(std::move(options.keep)),
      releaseLane_(std::move(options.releaseLane)),
      event_(options.event),
      done_(std::move(done)),
      kind_(options.kind),
      openedNs_(monotonicNow()) {
    struct_size = sizeof(totem_call);
    deadline_ns = options.deadlineNs;
    received_unix_ns = options.receivedUnixNs;
    trace_parent = totem::str(trace_);
    totem_call::subject = totem::str(subject_);
    idempotency_key = totem::str(key_);
    totem_call::caller = totem::str(caller_);
    attempt = options.attempts;
    replay = options.replays;
    complete = &OpenCalls::complete;
    cancelled = [](const totem_call* call) -> int32_t {
        const auto* self = HostCall::of(call);
        return self->answered_ || self->cancellation_->cancelled() ? 1 : 0;
    };
}

void HostCall::meter(totem_status status) const {
    if (owner_.meter_ != nullptr) owner_.meter_->record(kind_, status, monotonicNow() - openedNs_);
}

totem_call* OpenCalls::open(HostCall::Options options, HostCall::Done done) {
    auto* call = new HostCall(*this, std::move(options), std::move(done));
    std::lock_guard lock(mutex_);
    call->next_ = first_;
    if (first_ != nullptr) first_->previous_ = call;
    first_ = call;
    call->number_ = ++opened_;
    ++count_;
    return call;
}

namespace {

/// Nothing that the host does with an answer may throw across the C line; who waits is answered all
/// the same.
bool tell(const HostCall::Done& done, totem_status status, totem::Body body) {
    try {
        done(status, std::move(body));
        return true;
    } catch (...) {
    }
    try {
        done(TOTEM_E_FAULT, {});
    } catch (...) {
    }
    return false;
}

}  // namespace

totem_status OpenCalls::complete(totem_call* raw, totem_status status, totem_body* rawBody) {
    auto* call = static_cast<HostCall*>(raw);
    totem::Body body(rawBody);
    OpenCalls& owner = call->owner_;
    totem_status result = TOTEM_OK;
    if (status == TOTEM_E_ABANDONED) ++owner.abandoned_;
    if (call->claim()) {
        call->meter(status);
        const HostCall::Done done = std::move(call->done_);
        if (!tell(done, status, std::move(body))) result = TOTEM_E_FAULT;
    } else {
        ++owner.late_;
        result = TOTEM_E_GONE;
    }
    {
        std::lock_guard lock(owner.mutex_);
        if (call->previous_ != nullptr)
            call->previous_->next_ = call->next_;
        else
            owner.first_ = call->next_;
        if (call->next_ != nullptr) call->next_->previous_ = call->previous_;
        // Last: an owner that sees zero may go at once, so nothing of it is touched after this
        // lock.
        --owner.count_;
    }
    delete call;
    return result;
}

std::size_t OpenCalls::answerWhere(
    const std::function<std::optional<totem_status>(const HostCall&)>& choose) {
    std::vector<std::pair<HostCall::Done, totem_status>> answers;
    {
        std::lock_guard lock(mutex_);
        for (HostCall* call = first_; call != nullptr; call = call->next_) {
            const std::optional<totem_status> status = choose(*call);
            if (!status || !call->claim()) continue;
            call->meter(*status);
            call->cancellation_->cancel();
            answers.emplace_back(std::move(call->done_), *status);
        }
    }
    for (auto& [done, status] : answers) tell(done, status, {});
    return answers.size();
}

std::size_t OpenCalls::sweep(std::int64_t now) {
    return answerWhere([now](const HostCall& call) -> std::optional<totem_status> {
        if (call.deadline_ns > now || call.released()) return std::nullopt;
        const bool waits = call.kind_ == CallKind::kEvent && call.cancellation_->awaitsEffect();
        return waits ? TOTEM_E_CANCELLED : TOTEM_E_DEADLINE;
    });
}

void OpenCalls::releaseLane(totem_call* raw) {
    auto* call = static_cast<HostCall*>(raw);
    if (!call->releaseLane_ || call->answered_ || call->released_.exchange(true)) return;
    call->releaseLane_();
}

void OpenCalls::answer(std::uint64_t number, totem_status status) {
    answerWhere([number, status](const HostCall& call) -> std::optional<totem_status> {
        if (call.number_ != number) return std::nullopt;
        return status;
    });
}

void OpenCalls::cancelAll(totem_status status) {
    answerWhere([status](const HostCall&) { return std::optional(status); });
}

std::size_t OpenCalls::count() const {
    std::lock_guard lock(mutex_);
    return count_;
}

}  // namespace totemd
