#include "loop/event_loop.hpp"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace totemd {
namespace {

std::int64_t clockNow(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

[[noreturn]] void throwErrno(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

std::int64_t monotonicNow() {
    return clockNow(CLOCK_MONOTONIC);
}
std::int64_t unixNow() {
    return clockNow(CLOCK_REALTIME);
}

EventLoop::EventLoop(std::string name) : name_(std::move(name)) {
    epollFd_ = epoll_create1(EPOLL_CLOEXEC);
    if (epollFd_ < 0) throwErrno("epoll_create1");
    wakeFd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wakeFd_ < 0) {
        close(epollFd_);
        throwErrno("eventfd");
    }
    watch(wakeFd_, EPOLLIN, [this](std::uint32_t) {
        std::uint64_t count = 0;
        [[maybe_unused]] auto n = read(wakeFd_, &count, sizeof count);
    });
}

EventLoop::~EventLoop() {
    stop();
    close(wakeFd_);
    close(epollFd_);
}

void EventLoop::start() {
    thread_ = std::thread([this] { run(); });
}

void EventLoop::stop() {
    stopping_ = true;
    wake();
    if (thread_.joinable()) thread_.join();
    std::vector<Task> dropped;
    {
        std::lock_guard lock(postedMutex_);
        closed_ = true;
        dropped.swap(posted_);
    }
}

void EventLoop::post(Task task) {
    bool first = false;
    {
        std::lock_guard lock(postedMutex_);
        if (closed_) return;
        first = posted_.empty();
        posted_.push_back(std::move(task));
    }
    if (first) wake();
}

void EventLoop::wake() {
    std::uint64_t one = 1;
    [[maybe_unused]] auto n = write(wakeFd_, &one, sizeof one);
}

void EventLoop::watch(int fd, std::uint32_t events, FdHandler handler) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    if (epoll_ctl(epollFd_, EPOLL_CTL_ADD, fd, &event) != 0) throwErrno("epoll_ctl add");
    watches_[fd] = std::make_shared<Watch>(Watch{std::move(handler)});
}

void EventLoop::rewatch(int fd, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    if (epoll_ctl(epollFd_, EPOLL_CTL_MOD, fd, &event) != 0) throwErrno("epoll_ctl mod");
}

void EventLoop::unwatch(int fd) {
    if (watches_.erase(fd) != 0) epoll_ctl(epollFd_, EPOLL_CTL_DEL, fd, nullptr);
}

EventLoop::TimerId EventLoop::after(std::int64_t delayNs, Task task) {
    const TimerId id = nextTimer_++;
    due_.push({monotonicNow() + delayNs, id});
    timers_.emplace(id, std::move(task));
    return id;
}

void EventLoop::cancel(TimerId id) {
    timers_.erase(id);
    // Cancelled entries stay in the queue until they are due; rebuild when they are most of it.
    if (due_.size() > 1024 && due_.size() > 4 * timers_.size()) {
        std::priority_queue<Due, std::vector<Due>, std::greater<>> kept;
        for (; !due_.empty(); due_.pop()) {
            if (timers_.count(due_.top().id) != 0) kept.push(due_.top());
        }
        due_ = std::move(kept);
    }
}

int EventLoop::runTimers() {
    const std::int64_t now = monotonicNow();
    while (!due_.empty() && due_.top().at <= now) {
        const TimerId id = due_.top().id;
        due_.pop();
        auto found = timers_.find(id);
        if (found == timers_.end()) continue;
        Task task = std::move(found->second);
        timers_.erase(found);
        task();
    }
    while (!due_.empty() && timers_.count(due_.top().id) == 0) due_.pop();
    if (due_.empty()) return -1;
    const std::int64_t wait = due_.top().at - monotonicNow();
    return wait <= 0 ? 0 : static_cast<int>((wait + 999'999) / 1'000'000);
}

void EventLoop::runPosted() {
    std::vector<Task> batch;
    {
        std::lock_guard lock(postedMutex_);
        batch.swap(posted_);
    }
    for (Task& task : batch) task();
}

void EventLoop::run() {
    threadId_ = std::this_thread::get_id();
    pthread_setname_np(pthread_self(), name_.substr(0, 15).c_str());
    std::array<epoll_event, 256> ready{};
    struct Ready {
        int fd;
        std::shared_ptr<Watch> watch;
        std::uint32_t events;
    };
    std::vector<Ready> round;
    while (true) {
        const int timeout = runTimers();
        const int count = epoll_wait(epollFd_, ready.data(), ready.size(), stopping_ ? 0 : timeout);
        if (count < 0 && errno != EINTR) throwErrno("epoll_wait");
        // A handler may close a descriptor that is ready in the same round, and its number may be
        // taken again at once: look all of them up first, skip what was unwatched meanwhile.
        round.clear();
        for (int i = 0; i < count; ++i) {
            auto found = watches_.find(ready[i].data.fd);
            if (found != watches_.end()) {
                round.push_back({ready[i].data.fd, found->second, ready[i].events});
            }
        }
        for (Ready& entry : round) {
            auto found = watches_.find(entry.fd);
            if (found == watches_.end() || found->second != entry.watch) continue;
            entry.watch->handler(entry.events);
        }
        runPosted();
        if (stopping_) break;
    }
    threadId_ = std::thread::id{};
}

}  // namespace totemd
