#include "account_gate.hpp"

#include <algorithm>
#include <cstdlib>

#include "waiting.hpp"

namespace fnb {

AccountGate::AccountGate(const totem_host* host, const Settings& settings)
    : cache_(host),
      clock_(host),
      timers_(host),
      concurrency_(settings.concurrency),
      queueLimit_(settings.queue),
      ratePerSecond_(settings.ratePerSecond),
      rateKey_("fnb_rate_" + settings.username + "_") {}

/// Under the lock. True when the waiter's fate is known.
bool AccountGate::decide(Waiter& waiter) {
    const auto settle = [&waiter](Entry entry) {
        waiter.entry = entry;
        return true;
    };
    if (closed_) return settle(Entry::kClosed);
    if (backOffUntilNs_ != 0 && clock_.monotonicNs() < backOffUntilNs_) {
        return settle(Entry::kBackingOff);
    }
    backOffUntilNs_ = 0;
    if (!waiting_.empty() || inside_ >= concurrency_ || !takePermit()) return false;
    ++inside_;
    return settle(Entry::kIn);
}

bool AccountGate::tryEnter(Waiter& waiter) {
    std::lock_guard lock(mutex_);
    return decide(waiter);
}

/// False: no need to wait.
bool AccountGate::queueUp(Waiter& waiter, std::coroutine_handle<> handle) {
    std::unique_lock lock(mutex_);
    if (decide(waiter)) return false;
    if (waiting_.size() >= queueLimit_) {
        waiter.entry = Entry::kFull;
        return false;
    }
    waiter.handle = handle;
    waiting_.push_back(&waiter);
    const bool fetch = inside_ < concurrency_ && ratePerSecond_ != 0 && !fetching_;
    if (fetch) fetching_ = true;
    lock.unlock();
    // The waiter may be gone from here on.
    if (fetch) fetchPermits();
    return true;
}

/// Under the lock.
bool AccountGate::takePermit() {
    if (ratePerSecond_ == 0) return true;
    const std::int64_t now = clock_.unixNs() / kSecond;
    if (now != window_) {
        window_ = now;
        permits_ = 0;
        exhausted_ = false;
    }
    if (permits_ == 0) return false;
    --permits_;
    return true;
}

/// Takes a tenth of the window's permits from the shared counter, or waits for the next window.
void AccountGate::fetchPermits() {
    const std::int64_t now = clock_.unixNs();
    std::int64_t window = now / kSecond;
    bool wait = false;
    {
        std::lock_guard lock(mutex_);
        wait = exhausted_ && window == window_;
    }
    if (wait) {
        timers_.after((window + 1) * kSecond - now, [this] { fetchPermits(); });
        return;
    }
    const std::int64_t step = std::max<std::int64_t>(1, ratePerSecond_ / 10);
    const std::string key = rateKey_ + std::to_string(window);
    cache_.increment(key, step, 3 * kSecond).then([this, window, step](totem::Answer answer) {
        // Without the cache each process keeps the limit for itself.
        const std::int64_t sum =
            answer.ok() ? std::atoll(std::string(answer.text()).c_str()) : step;
        const std::int64_t left = static_cast<std::int64_t>(ratePerSecond_) - (sum - step);
        {
            std::lock_guard lock(mutex_);
            if (window_ != window) {
                window_ = window;
                permits_ = 0;
                exhausted_ = false;
            }
            permits_ += static_cast<std::uint32_t>(std::clamp<std::int64_t>(left, 0, step));
            exhausted_ = left <= step;
            fetching_ = false;
        }
        admitWaiting();
    });
}

void AccountGate::leave() {
    {
        std::lock_guard lock(mutex_);
        --inside_;
        if (waiting_.empty()) return;
    }
    admitWaiting();
}

void AccountGate::admitWaiting() {
    std::vector<std::coroutine_handle<>> ready;
    bool fetch = false;
    {
        std::lock_guard lock(mutex_);
        const std::int64_t now = clock_.monotonicNs();
        while (!waiting_.empty()) {
            Waiter& next = *waiting_.front();
            if (next.deadlineNs <= now) {
                next.entry = Entry::kTooLate;
            } else if (inside_ < concurrency_ && takePermit()) {
                next.entry = Entry::kIn;
                ++inside_;
            } else {
                break;
            }
            ready.push_back(next.handle);
            waiting_.pop_front();
        }
        fetch = !waiting_.empty() && inside_ < concurrency_ && ratePerSecond_ != 0 && !fetching_;
        if (fetch) fetching_ = true;
    }
    if (fetch) fetchPermits();
    for (const auto handle : ready) resumeInTurn(handle);
}

void AccountGate::turnAway(Entry entry) {
    std::vector<std::coroutine_handle<>> away;
    {
        std::lock_guard lock(mutex_);
        for (Waiter* waiter : waiting_) {
            waiter->entry = entry;
            away.push_back(waiter->handle);
        }
        waiting_.clear();
    }
    for (const auto handle : away) resumeInTurn(handle);
}

void AccountGate::backOff(std::int64_t ns) {
    {
        std::lock_guard lock(mutex_);
        backOffUntilNs_ = std::max(backOffUntilNs_, clock_.monotonicNs() + ns);
    }
    turnAway(Entry::kBackingOff);
}

bool AccountGate::backingOff() const {
    std::lock_guard lock(mutex_);
    return backOffUntilNs_ != 0 && clock_.monotonicNs() < backOffUntilNs_;
}

void AccountGate::close() {
    {
        std::lock_guard lock(mutex_);
        closed_ = true;
    }
    turnAway(Entry::kClosed);
}

}  // namespace fnb
