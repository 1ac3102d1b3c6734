#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <queue>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace totemd {

/// Nanoseconds of CLOCK_MONOTONIC: the time of every deadline and timer in the daemon.
std::int64_t monotonicNow();
/// Nanoseconds since 1970 (CLOCK_REALTIME): for records, never for waiting.
std::int64_t unixNow();

/// One thread, one epoll set: file descriptors, timers and functions posted from other threads.
/// The HTTP front, the outgoing HTTP and the daemon's own timers each run on one.
///
/// Threads: `post()`, `stop()` and `inLoop()` from anywhere; everything else on the loop's own
/// thread, or before `start()`.
/// Errors: construction throws std::system_error. A handler or task must not throw; one that does
/// ends the process, since no caller is there to be told.
class EventLoop {
public:
    using Task = std::function<void()>;
    /// Receives the epoll event bits of the descriptor.
    using FdHandler = std::function<void(std::uint32_t events)>;
    using TimerId = std::uint64_t;

    /// `name` becomes the thread's name (at most 15 characters are shown by the system).
    explicit EventLoop(std::string name);
    ~EventLoop();
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;

    void start();
    /// Runs the tasks that are already posted, then ends and joins the thread. Not from the loop.
    void stop();
    bool inLoop() const { return std::this_thread::get_id() == threadId_.load(); }

    /// Runs `task` on the loop, in the order of posting. Never runs it inside the call.
    /// After `stop()` tasks are dropped (destroyed, not run).
    void post(Task task);

    /// Level-triggered. The descriptor stays its owner's, who calls `unwatch` before closing it.
    void watch(int fd, std::uint32_t events, FdHandler handler);
    void rewatch(int fd, std::uint32_t events);
    void unwatch(int fd);

    /// Runs `task` once, `delayNs` from now (0: in the next round).
    TimerId after(std::int64_t delayNs, Task task);
    /// Forgets a timer; unknown or fired ids are ignored.
    void cancel(TimerId id);

private:
    struct Watch {
        FdHandler handler;
    };
    struct Due {
        std::int64_t at;
        TimerId id;
        bool operator>(const Due& other) const {
            return at > other.at || (at == other.at && id > other.id);
        }
    };

    void run();
    void runPosted();
    int runTimers();  // milliseconds until the next one, -1 for none
    void wake();

    const std::string name_;
    int epollFd_ = -1;
    int wakeFd_ = -1;
    std::thread thread_;
    std::atomic<std::thread::id> threadId_{};
    std::atomic<bool> stopping_{false};

    std::mutex postedMutex_;
    std::vector<Task> posted_;  // guarded by postedMutex_
    bool closed_ = false;       // guarded by postedMutex_

    std::unordered_map<int, std::shared_ptr<Watch>> watches_;
    std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
    std::unordered_map<TimerId, Task> timers_;
    TimerId nextTimer_ = 1;
};

}  // namespace totemd
