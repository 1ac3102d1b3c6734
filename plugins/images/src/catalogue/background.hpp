#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace totem::images {

/// One thread for work that an inline route may not do itself.
///
/// Threads: any for post(); start() and stop() once each. Tasks must not throw.
class Background {
public:
    ~Background() { stop(); }
    void start();
    /// Joins; tasks that have not begun are dropped.
    void stop();
    /// False when too many wait already, or it does not run.
    bool post(std::function<void()> task);

private:
    static constexpr std::size_t kMaxWaiting = 1000;
    void run();

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> tasks_;
    bool running_ = false;
    std::thread thread_;
};

}  // namespace totem::images
