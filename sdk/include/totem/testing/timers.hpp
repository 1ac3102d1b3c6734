#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <utility>

#include "totem/testing/calls.hpp"

namespace totem::testing {

/// One-shot timers of a plugin on the fake host's clock; each fires exactly once.
/// Threads: any.
class FakeTimers {
public:
    FakeTimers(Agenda& agenda, Problems& problems) : agenda_(agenda), problems_(problems) {}

    /// How many are armed.
    std::size_t armed() const {
        std::lock_guard<std::mutex> lock(mutex_);
        return open_.size();
    }

    std::uint64_t start(std::int64_t delayNs, void (*fire)(void*, std::int32_t), void* ctx) {
        std::unique_lock<std::mutex> lock(mutex_);
        const std::uint64_t id = ++last_;
        open_[id] = {fire, ctx};
        const bool closed = closed_;
        lock.unlock();
        if (closed)
            cancel(id);
        else
            agenda_.at(agenda_.monotonicNs() + delayNs, [this, id] { end(id, 1); });
        return id;
    }
    void cancel(std::uint64_t id) {
        agenda_.post([this, id] { end(id, 0); });
    }
    /// Ends all timers, and those to come at once, or lets them run again.
    void setClosed(bool closed) {
        std::map<std::uint64_t, Timer> open;
        {
            std::lock_guard<std::mutex> lock(mutex_);
            closed_ = closed;
            open = open_;
        }
        for (const auto& [id, timer] : open) cancel(id);
    }

private:
    struct Timer {
        void (*fire)(void*, std::int32_t);
        void* ctx;
    };

    /// On the completion thread.
    void end(std::uint64_t id, std::int32_t fired) {
        std::unique_lock<std::mutex> lock(mutex_);
        auto found = open_.find(id);
        if (found == open_.end()) return;
        const Timer timer = found->second;
        open_.erase(found);
        lock.unlock();
        try {
            timer.fire(timer.ctx, fired);
        } catch (...) {
            problems_.add("a timer's function threw across the line");
        }
    }

    Agenda& agenda_;
    Problems& problems_;
    mutable std::mutex mutex_;
    std::map<std::uint64_t, Timer> open_;  // guarded by mutex_
    std::uint64_t last_ = 0;               // guarded by mutex_
    bool closed_ = false;                  // guarded by mutex_
};

}  // namespace totem::testing
