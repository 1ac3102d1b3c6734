#pragma once

#include <signal.h>

#include <cstdint>
#include <functional>

namespace totemd {

/// What systemd is told (sd_notify): ready, reloading, stopping, and the watchdog's sign of life.
/// Does nothing when the daemon was not started by it.
///
/// Threads: the control thread.
class ServiceManager {
public:
    ServiceManager();
    void ready();
    void reloading();
    void stopping();
    /// Waits for one of the signals; feeds the watchdog meanwhile, as long as `alive` says so.
    int waitForSignal(const sigset_t& signals, const std::function<bool()>& alive);

private:
    std::int64_t watchdogNs_ = 0;  // 0: none wanted
};

}  // namespace totemd
