#include "daemon/service_manager.hpp"

#include <systemd/sd-daemon.h>

#include <chrono>

#include "loop/event_loop.hpp"

namespace totemd {

ServiceManager::ServiceManager(std::function<bool()> alive) : alive_(std::move(alive)) {
    std::uint64_t microseconds = 0;
    if (sd_watchdog_enabled(0, &microseconds) <= 0) return;
    thread_ = std::thread(
        [this, every = static_cast<std::int64_t>(microseconds) * 1000 / 3] { feed(every); });
}

ServiceManager::~ServiceManager() {
    if (!thread_.joinable()) return;
    {
        std::lock_guard lock(mutex_);
        ending_ = true;
    }
    ended_.notify_one();
    thread_.join();
}

void ServiceManager::feed(std::int64_t everyNs) {
    std::unique_lock lock(mutex_);
    while (!ended_.wait_for(lock, std::chrono::nanoseconds(everyNs), [this] { return ending_; })) {
        if (alive_()) sd_notify(0, "WATCHDOG=1");
    }
}

void ServiceManager::ready() {
    sd_notify(0, "READY=1");
}

void ServiceManager::reloading() {
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
               static_cast<long long>(monotonicNow() / 1000));
}

void ServiceManager::stopping() {
    sd_notify(0, "STOPPING=1");
}

}  // namespace totemd
