#include "plugin/pending_ask.hpp"

#include <utility>

#include "plugin/plugin_instance.hpp"

namespace totemd {

PendingAsk::PendingAsk(PluginInstance& asker, const totem_ask& ask, std::int64_t deadlineNs)
    : asker_(asker),
      done_(ask.done),
      ctx_(ask.ctx),
      deadlineNs_(deadlineNs),
      subject_(totem::view(ask.subject)),
      key_(totem::view(ask.idempotency_key)),
      checkpointKey_(totem::view(ask.checkpoint_key)),
      checkpoint_(totem::view(ask.checkpoint)) {
    const HostCall* parent = HostCall::of(ask.parent);
    if (parent != nullptr) {
        trace_ = totem::view(parent->trace_parent);
        if (subject_.empty()) subject_ = totem::view(parent->subject);
        receivedUnixNs_ = parent->received_unix_ns;
        waited_ = parent->released();
        event_ = parent->event();
    }
    cancellation_ = std::make_shared<Cancellation>(
        parent == nullptr ? nullptr : parent->cancellation(), nullptr, asker.cancellation());
}

PendingAsk::~PendingAsk() {
    answer(TOTEM_E_ABANDONED);
}

void PendingAsk::answer(totem_status status, totem::Body body) {
    if (answered_.exchange(true)) return;
    totem_body* raw = body.release();
    asker_.completions().post([this_ = &asker_, done = done_, ctx = ctx_, status, raw] {
        this_->guarded([&] { done(ctx, status, raw); });
        this_->endAsk();
    });
}

}  // namespace totemd
