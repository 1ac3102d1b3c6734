#include "daemon/service_manager.hpp"

#include <systemd/sd-daemon.h>

#include <cerrno>

#include "loop/event_loop.hpp"

namespace totemd {

ServiceManager::ServiceManager() {
    std::uint64_t microseconds = 0;
    if (sd_watchdog_enabled(0, &microseconds) > 0)
        watchdogNs_ = static_cast<std::int64_t>(microseconds) * 1000 / 3;
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

int ServiceManager::waitForSignal(const sigset_t& signals, const std::function<bool()>& alive) {
    while (true) {
        int number = -1;
        if (watchdogNs_ == 0) {
            if (sigwait(&signals, &number) == 0) return number;
            continue;
        }
        const timespec wait{watchdogNs_ / 1'000'000'000, watchdogNs_ % 1'000'000'000};
        number = sigtimedwait(&signals, nullptr, &wait);
        if (number > 0) return number;
        if (alive()) sd_notify(0, "WATCHDOG=1");
    }
}

}  // namespace totemd
