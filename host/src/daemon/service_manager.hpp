#pragma once

#include <signal.h>

#include <cstdint>

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
    /// Waits for one of the signals, feeding the watchdog meanwhile.
    int waitForSignal(const sigset_t& signals);

private:
    std::int64_t watchdogNs_ = 0;  // 0: none wanted
};

}  // namespace totemd
