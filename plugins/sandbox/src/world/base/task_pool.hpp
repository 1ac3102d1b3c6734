#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace totem_sandbox {

/// Runs tasks now or later on up to `threads` threads, which are started as they are needed.
/// With one thread it is a lane: tasks run in the order of their times.
/// A task that throws is dropped. `stop` drops what has not begun and joins.
class TaskPool {
public:
    using Clock = std::chrono::steady_clock;

    explicit TaskPool(std::size_t threads) : limit_(threads) {}
    ~TaskPool() { stop(); }

    void post(std::function<void()> task) {
        postAfter(std::chrono::microseconds(0), std::move(task));
    }
    void postAfter(std::chrono::microseconds delay, std::function<void()> task);
    void stop();

private:
    void run();

    const std::size_t limit_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::multimap<Clock::time_point, std::function<void()>> tasks_;
    std::vector<std::thread> threads_;
    std::size_t idle_ = 0;
    bool stopped_ = false;
};

}  // namespace totem_sandbox
