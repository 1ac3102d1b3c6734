#pragma once

#include <pthread.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace totem::testing {

/// The time of a fake host, which stands still until it is advanced, and the threads on which a
/// plugin's code runs: a pool for handlers, one thread for completions.
///
/// Threads: all members from anywhere, except `settle` and `advance` (the test's own thread).
class Agenda {
public:
    using Task = std::function<void()>;

    /// How long the kit waits, in real time, for code that should have come to an end.
    static constexpr std::chrono::seconds kPatience{10};

    explicit Agenda(std::int64_t unixNs)
        : unixOffset_(unixNs - kStart), completions_([this] { complete(); }) {}
    ~Agenda() { end(); }
    Agenda(const Agenda&) = delete;
    Agenda& operator=(const Agenda&) = delete;

    std::int64_t monotonicNs() const {
        std::lock_guard<std::mutex> lock(mutex_);
        return now_;
    }
    std::int64_t unixNs() const { return monotonicNs() + unixOffset_; }

    /// Runs a handler on the pool, on a thread of its own when all others are busy.
    void handle(Task task) {
        std::lock_guard<std::mutex> lock(mutex_);
        handlers_.push_back(std::move(task));
        ++busy_;
        if (handlers_.size() > idle_) pool_.emplace_back([this] { serve(); });
        changed_.notify_all();
    }
    /// Runs a task on the completion thread, after those before it.
    void post(Task task) {
        std::lock_guard<std::mutex> lock(mutex_);
        posted_.push_back(std::move(task));
        changed_.notify_all();
    }
    /// Posts a task when that time has come: at once when it has. The number is for cancel().
    std::uint64_t at(std::int64_t dueNs, Task task) {
        std::unique_lock<std::mutex> lock(mutex_);
        const std::uint64_t id = ++lastId_;
        if (dueNs > now_) {
            timed_.emplace(std::pair(dueNs, id), std::move(task));
            return id;
        }
        lock.unlock();
        post(std::move(task));
        return id;
    }
    void cancel(std::uint64_t id) {
        std::lock_guard<std::mutex> lock(mutex_);
        for (auto entry = timed_.begin(); entry != timed_.end(); ++entry) {
            if (entry->first.second != id) continue;
            timed_.erase(entry);
            return;
        }
    }

    /// True when `address` lies on the stack of the handler that calls this. An ask whose context
    /// does can only be waited for there: the handler is going to block until it is answered.
    static bool onHandlersStack(const void* address) {
        return address >= stack().first && address < stack().second;
    }
    /// A handler blocks until an ask is answered, or goes on.
    void park() { changeBusy(-1); }
    void unpark() { changeBusy(+1); }

    /// Waits until every handler has returned or waits for an answer, and the completion thread has
    /// nothing to do. Then nothing happens any more but by the test, or by threads of the plugin.
    void settle() {
        std::unique_lock<std::mutex> lock(mutex_);
        const bool quiet = changed_.wait_for(
            lock, kPatience, [this] { return busy_ == 0 && posted_.empty() && !completing_; });
        if (quiet) return;
        throw std::runtime_error(
            busy_ > 0 ? "a handler has not returned in 10 s: it blocks on something that is no ask"
                      : "a function on the completion thread has not returned in 10 s: there "
                        "nothing may block");
    }

    /// Ends the threads once they have nothing left to do. A handler that does not return leaves
    /// no way on: the process ends and says so.
    void end() {
        if (!completions_.joinable()) return;
        try {
            settle();
        } catch (const std::exception& error) {
            std::fprintf(stderr, "the fake host cannot end: %s\n", error.what());
            std::abort();
        }
        {
            std::lock_guard<std::mutex> lock(mutex_);
            ending_ = true;
        }
        changed_.notify_all();
        completions_.join();
        for (std::thread& thread : pool_) thread.join();
    }

    /// Lets time pass. What falls due happens in its order, each at its own time, and is settled
    /// before the next.
    void advance(std::chrono::nanoseconds by) {
        const std::int64_t end = monotonicNs() + by.count();
        while (true) {
            settle();
            std::lock_guard<std::mutex> lock(mutex_);
            if (timed_.empty() || timed_.begin()->first.first > end) {
                now_ = end;
                return;
            }
            now_ = timed_.begin()->first.first;
            posted_.push_back(std::move(timed_.begin()->second));
            timed_.erase(timed_.begin());
            changed_.notify_all();
        }
    }

private:
    static constexpr std::int64_t kStart = 1'000'000'000'000;

    static std::pair<const void*, const void*>& stack() {
        static thread_local std::pair<const void*, const void*> range;
        return range;
    }
    static void rememberStack() {
        pthread_attr_t attributes;
        void* low = nullptr;
        std::size_t size = 0;
        if (pthread_getattr_np(pthread_self(), &attributes) != 0) return;
        pthread_attr_getstack(&attributes, &low, &size);
        pthread_attr_destroy(&attributes);
        stack() = {low, static_cast<char*>(low) + size};
    }
    void changeBusy(int by) {
        std::lock_guard<std::mutex> lock(mutex_);
        busy_ += by;
        changed_.notify_all();
    }
    void serve() {
        rememberStack();
        std::unique_lock<std::mutex> lock(mutex_);
        while (true) {
            ++idle_;
            changed_.wait(lock, [this] { return ending_ || !handlers_.empty(); });
            --idle_;
            if (handlers_.empty()) return;
            run(handlers_, lock);
            --busy_;
            changed_.notify_all();
        }
    }
    void complete() {
        std::unique_lock<std::mutex> lock(mutex_);
        while (true) {
            changed_.wait(lock, [this] { return ending_ || !posted_.empty(); });
            if (posted_.empty()) return;
            completing_ = true;
            run(posted_, lock);
            completing_ = false;
            changed_.notify_all();
        }
    }
    static void run(std::deque<Task>& from, std::unique_lock<std::mutex>& lock) {
        Task task = std::move(from.front());
        from.pop_front();
        lock.unlock();
        task();
        task = nullptr;  // what it holds goes before anybody hears that it is done
        lock.lock();
    }

    mutable std::mutex mutex_;  // guards all below but the threads
    std::condition_variable changed_;
    std::int64_t now_ = kStart;
    const std::int64_t unixOffset_;
    std::map<std::pair<std::int64_t, std::uint64_t>, Task> timed_;  // by time, then by order
    std::uint64_t lastId_ = 0;
    std::deque<Task> handlers_, posted_;
    std::size_t idle_ = 0;
    int busy_ = 0;  // handlers that run or are about to, without those that wait for an answer
    bool completing_ = false, ending_ = false;
    std::vector<std::thread> pool_;  // guarded by mutex_ until the end
    std::thread completions_;
};

}  // namespace totem::testing
