#include "crew.hpp"

namespace totem::images {

Crew::Crew(unsigned threads) {
    for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

Crew::~Crew() {
    stop();
}

void Crew::post(std::function<void()> task) {
    std::lock_guard lock(mutex_);
    first_.push_back(std::move(task));
    wake_.notify_one();
}

void Crew::postLast(std::function<void()> task) {
    std::lock_guard lock(mutex_);
    last_.push_back(std::move(task));
    wake_.notify_one();
}

void Crew::stop() {
    {
        std::lock_guard lock(mutex_);
        stopping_ = true;
        last_.clear();
        wake_.notify_all();
    }
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
}

void Crew::run() {
    std::unique_lock lock(mutex_);
    while (true) {
        wake_.wait(lock, [this] { return stopping_ || !first_.empty() || !last_.empty(); });
        auto& queue = first_.empty() ? last_ : first_;
        if (queue.empty()) return;
        const std::function<void()> task = std::move(queue.front());
        queue.pop_front();
        lock.unlock();
        task();
        lock.lock();
    }
}

}  // namespace totem::images
