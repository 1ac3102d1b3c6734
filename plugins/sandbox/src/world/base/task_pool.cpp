#include "world/base/task_pool.hpp"

#include <csignal>

namespace totem_sandbox {

void TaskPool::postAfter(std::chrono::microseconds delay, std::function<void()> task) {
    std::lock_guard lock(mutex_);
    if (stopped_) return;
    tasks_.emplace(Clock::now() + delay, std::move(task));
    if (idle_ == 0 && threads_.size() < limit_) threads_.emplace_back([this] { run(); });
    wake_.notify_one();
}

void TaskPool::run() {
    // A peer that hangs up while we write must not end the process.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);

    std::unique_lock lock(mutex_);
    while (!stopped_) {
        if (tasks_.empty() || tasks_.begin()->first > Clock::now()) {
            ++idle_;
            if (tasks_.empty())
                wake_.wait(lock);
            else {
                const auto when = tasks_.begin()->first;
                wake_.wait_until(lock, when);
            }
            --idle_;
            continue;
        }
        auto task = std::move(tasks_.begin()->second);
        tasks_.erase(tasks_.begin());
        // Somebody has to watch the next task while this one runs.
        if (!tasks_.empty()) {
            if (idle_ == 0 && threads_.size() < limit_) threads_.emplace_back([this] { run(); });
            wake_.notify_one();
        }
        lock.unlock();
        try {
            task();
        } catch (const std::exception&) {
            // Whoever posts a task handles its failures; nothing is left to do here.
        }
        task = nullptr;
        lock.lock();
    }
}

void TaskPool::stop() {
    std::vector<std::thread> threads;
    {
        std::lock_guard lock(mutex_);
        stopped_ = true;
        tasks_.clear();
        threads.swap(threads_);
    }
    wake_.notify_all();
    for (std::thread& thread : threads) thread.join();
}

}  // namespace totem_sandbox
