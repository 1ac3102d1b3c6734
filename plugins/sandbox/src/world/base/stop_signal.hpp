#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace totem_sandbox {

/// Lets threads pause for a while and be woken all at once when the world ends.
class StopSignal {
public:
    /// Returns false when the world is ending.
    bool pause(std::chrono::microseconds time) {
        std::unique_lock lock(mutex_);
        return !wake_.wait_for(lock, time, [this] { return stopped_; });
    }
    bool stopped() {
        std::lock_guard lock(mutex_);
        return stopped_;
    }
    void stop() {
        {
            std::lock_guard lock(mutex_);
            stopped_ = true;
        }
        wake_.notify_all();
    }

private:
    std::mutex mutex_;
    std::condition_variable wake_;
    bool stopped_ = false;
};

}  // namespace totem_sandbox
