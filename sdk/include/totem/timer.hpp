#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "totem/abi/timer.h"
#include "totem/ask.hpp"

namespace totem {
inline namespace v0 {

/// One-shot timers. Any thread. They end with the instance: what must survive a restart belongs in
/// an event or the store.
class Timers {
public:
    explicit Timers(const totem_host* host)
        : host_(host), timer_(hostExtension<totem_host_timer>(host, TOTEM_EXT_TIMER)) {}

    /// Runs `task` once after `delayNs` on the completion thread, where it must not block; never
    /// when cancelled or when the instance stops before. What it throws is logged. Returns 0 when
    /// the host offers no timers (the task is dropped).
    std::uint64_t after(std::int64_t delayNs, std::function<void()> task) const {
        if (!TOTEM_HAS(timer_, start)) return 0;
        auto held = std::make_unique<Armed>(Armed{host_, std::move(task)});
        return timer_->start(
            host_, delayNs,
            [](void* ctx, std::int32_t fired) {
                std::unique_ptr<Armed> armed(static_cast<Armed*>(ctx));
                if (fired != 0) detail::contain(armed->host, "timer", armed->task);
            },
            held.release());
    }
    /// Does nothing when the timer has fired; a task that is running goes on.
    void cancel(std::uint64_t id) const {
        if (id != 0 && TOTEM_HAS(timer_, cancel)) timer_->cancel(host_, id);
    }

private:
    struct Armed {
        const totem_host* host;
        std::function<void()> task;
    };

    const totem_host* host_;
    const totem_host_timer* timer_;
};

}  // namespace v0
}  // namespace totem
