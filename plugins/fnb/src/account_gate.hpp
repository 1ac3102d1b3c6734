#pragma once

#include <coroutine>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include <totem/cache.hpp>
#include <totem/clock.hpp>
#include <totem/timer.hpp>

#include "settings.hpp"

namespace fnb {

/// Who may ask the portal now: so many at once (in this process), so many a second (all processes
/// that share the cache), nobody while the portal says 429. The others wait in a bounded queue,
/// first come, first served.
///
/// Threads: any. Callers go on on the thread that let them in.
class AccountGate {
public:
    enum class Entry { kIn, kFull, kBackingOff, kTooLate, kClosed };

    AccountGate(const totem_host* host, const Settings& settings);

    /// `co_await enter(deadlineNs)` (monotonic). After kIn, leave() is due; a Pass does it.
    auto enter(std::int64_t deadlineNs) {
        struct Awaiter : Waiter {
            AccountGate& gate;
            explicit Awaiter(AccountGate& owner, std::int64_t deadline) : gate(owner) {
                deadlineNs = deadline;
            }
            bool await_ready() { return gate.tryEnter(*this); }
            bool await_suspend(std::coroutine_handle<> handle) {
                return gate.queueUp(*this, handle);
            }
            Entry await_resume() const { return entry; }
        };
        return Awaiter(*this, deadlineNs);
    }
    void leave();

    /// Nobody gets in for that long; those who wait are told so.
    void backOff(std::int64_t ns);
    bool backingOff() const;
    /// Those who wait now, or come later, get kClosed.
    void close();

    /// Gives the place back at the end of its scope.
    class Pass {
    public:
        explicit Pass(AccountGate& gate) : gate_(gate) {}
        ~Pass() { gate_.leave(); }
        Pass(const Pass&) = delete;
        Pass& operator=(const Pass&) = delete;

    private:
        AccountGate& gate_;
    };

private:
    struct Waiter {
        std::coroutine_handle<> handle;
        std::int64_t deadlineNs = 0;
        Entry entry = Entry::kIn;
    };

    bool tryEnter(Waiter& waiter);
    bool queueUp(Waiter& waiter, std::coroutine_handle<> handle);
    bool decide(Waiter& waiter);
    bool takePermit();
    void fetchPermits();
    void admitWaiting();
    void turnAway(Entry entry);

    const totem::Cache cache_;
    const totem::Clock clock_;
    const totem::Timers timers_;
    const std::uint32_t concurrency_, queueLimit_, ratePerSecond_;
    const std::string rateKey_;

    mutable std::mutex mutex_;  // guards all that follows
    std::deque<Waiter*> waiting_;
    std::uint32_t inside_ = 0;
    std::int64_t backOffUntilNs_ = 0;  // monotonic
    bool closed_ = false;
    std::int64_t window_ = 0;  // Unix second that permits_ belong to
    std::uint32_t permits_ = 0;
    bool exhausted_ = false;  // the window has no more permits, for anybody
    bool fetching_ = false;   // permits were asked for, or a timer waits for the next window
};

}  // namespace fnb
