#pragma once

#include <coroutine>
#include <cstdint>
#include <mutex>
#include <set>

#include <totem/abi/timer.h>
#include <totem/ask.hpp>

namespace totem::flows {

/// Waiting in coroutines: `bool slept = co_await sleeper.sleep(ns)`; false when the plugin is being
/// drained, which totem::Sleep does not notice: a flow's wait of days would hold up every stop
/// until the host ends its timers. Threads: any.
class Sleeper {
public:
    explicit Sleeper(const totem_host* host)
        : host_(host), timer_(hostExtension<totem_host_timer>(host, TOTEM_EXT_TIMER)) {}

    class Sleep {
    public:
        Sleep(Sleeper& sleeper, std::int64_t delayNs) : sleeper_(sleeper), delayNs_(delayNs) {}
        bool await_ready() const { return false; }
        void await_suspend(std::coroutine_handle<> handle) {
            handle_ = handle;
            Sleeper& sleeper = sleeper_;
            std::lock_guard<std::mutex> lock(sleeper.mutex_);
            if (sleeper.stopped_) delayNs_ = 0;
            // The timer cannot resume us before this lock is given back: wake() takes it too.
            id_ = sleeper.timer_->start(sleeper.host_, delayNs_, &Sleep::wake, this);
            sleeper.open_.insert(id_);
        }
        bool await_resume() const { return fired_; }

    private:
        static void wake(void* ctx, std::int32_t fired) {
            auto& self = *static_cast<Sleep*>(ctx);
            {
                std::lock_guard<std::mutex> lock(self.sleeper_.mutex_);
                self.sleeper_.open_.erase(self.id_);
                self.fired_ = fired != 0 && !self.sleeper_.stopped_;
            }
            self.handle_.resume();
        }
        Sleeper& sleeper_;
        std::int64_t delayNs_;
        std::uint64_t id_ = 0;
        bool fired_ = false;
        std::coroutine_handle<> handle_;
    };

    Sleep sleep(std::int64_t delayNs) { return Sleep(*this, delayNs); }

    /// Wakes everybody who sleeps, and everybody who begins to.
    void stop() {
        std::set<std::uint64_t> open;
        {
            std::lock_guard<std::mutex> lock(mutex_);
            stopped_ = true;
            open = open_;
        }
        for (const std::uint64_t id : open) timer_->cancel(host_, id);
    }

private:
    const totem_host* host_;
    const totem_host_timer* timer_;
    std::mutex mutex_;
    bool stopped_ = false;          // guarded by mutex_
    std::set<std::uint64_t> open_;  // guarded by mutex_
};

}  // namespace totem::flows
