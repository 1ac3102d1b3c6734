#include "catalogue/background.hpp"

#include <utility>

namespace totem::images {

void Background::start() {
    const std::lock_guard lock(mutex_);
    running_ = true;
    thread_ = std::thread([this] { run(); });
}

void Background::stop() {
    std::deque<std::function<void()>> dropped;
    {
        const std::lock_guard lock(mutex_);
        running_ = false;
        dropped.swap(tasks_);
        changed_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
}

bool Background::post(std::function<void()> task) {
    const std::lock_guard lock(mutex_);
    if (!running_ || tasks_.size() >= kMaxWaiting) return false;
    tasks_.push_back(std::move(task));
    changed_.notify_one();
    return true;
}

void Background::run() {
    std::unique_lock lock(mutex_);
    while (running_) {
        if (tasks_.empty()) {
            changed_.wait(lock);
            continue;
        }
        {
            const std::function<void()> task = std::move(tasks_.front());
            tasks_.pop_front();
            lock.unlock();
            task();
        }
        lock.lock();
    }
}

}  // namespace totem::images
