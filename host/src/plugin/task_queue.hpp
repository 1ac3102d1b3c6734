#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace totemd {

/// A few threads that run tasks in the order they came. Each plugin has two: its blocking pool and
/// one completion thread, so that a plugin that blocks or hangs starves only itself.
///
/// Threads: `post` from anywhere. A task must not throw.
class TaskQueue {
public:
    using Task = std::function<void()>;

    TaskQueue(std::string name, unsigned threads);
    ~TaskQueue();
    TaskQueue(const TaskQueue&) = delete;
    TaskQueue& operator=(const TaskQueue&) = delete;

    void post(Task task);
    /// Runs what is queued, then joins. Not from one of its own threads.
    void stop();
    std::size_t queued() const;
    /// Since when the oldest running task runs (monotonic), or 0 when none does.
    std::int64_t busySince() const;

private:
    void run(unsigned index);

    const std::string name_;
    mutable std::mutex mutex_;
    std::condition_variable ready_;
    std::deque<Task> tasks_;               // guarded by mutex_
    std::vector<std::int64_t> busySince_;  // guarded by mutex_
    bool stopping_ = false;                // guarded by mutex_
    std::vector<std::thread> threads_;
};

}  // namespace totemd
