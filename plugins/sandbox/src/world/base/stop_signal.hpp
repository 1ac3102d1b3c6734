#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace totem_sandbox {

/// Lets threads pause, or wait on a socket, and be woken all at once when the world ends.
class StopSignal {
public:
    StopSignal();
    ~StopSignal();
    StopSignal(const StopSignal&) = delete;
    StopSignal& operator=(const StopSignal&) = delete;

    /// Returns false when the world is ending.
    bool pause(std::chrono::microseconds time);

    /// Waits until the descriptor can be read; false when the time is over or the world ends.
    bool awaitReadable(int descriptor, std::chrono::milliseconds time) const;

    void stop();

private:
    std::mutex mutex_;
    std::condition_variable wake_;
    bool stopped_ = false;
    int event_;  ///< readable from the stop on
};

}  // namespace totem_sandbox
