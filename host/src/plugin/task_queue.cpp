#include "plugin/task_queue.hpp"

#include <pthread.h>

#include "loop/event_loop.hpp"

namespace totemd {

TaskQueue::TaskQueue(std::string name, unsigned threads)
    : name_(std::move(name)), busySince_(threads, 0) {
    for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this, i] { run(i); });
}

TaskQueue::~TaskQueue() {
    stop();
}

void TaskQueue::post(Task task) {
    std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    ready_.notify_one();
}

void TaskQueue::stop() {
    {
        std::lock_guard lock(mutex_);
        stopping_ = true;
        ready_.notify_all();
    }
    for (std::thread& thread : threads_) {
        if (thread.joinable()) thread.join();
    }
}

std::size_t TaskQueue::queued() const {
    std::lock_guard lock(mutex_);
    return tasks_.size();
}

std::int64_t TaskQueue::busySince() const {
    std::lock_guard lock(mutex_);
    std::int64_t oldest = 0;
    for (const std::int64_t since : busySince_) {
        if (since != 0 && (oldest == 0 || since < oldest)) oldest = since;
    }
    return oldest;
}

void TaskQueue::run(unsigned index) {
    pthread_setname_np(pthread_self(), name_.substr(0, 15).c_str());
    std::unique_lock lock(mutex_);
    while (true) {
        ready_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
        if (tasks_.empty()) return;
        Task task = std::move(tasks_.front());
        tasks_.pop_front();
        busySince_[index] = monotonicNow();
        lock.unlock();
        task();
        task = nullptr;
        lock.lock();
        busySince_[index] = 0;
    }
}

}  // namespace totemd
