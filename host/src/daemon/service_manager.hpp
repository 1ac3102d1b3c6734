#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

namespace totemd {

/// What systemd is told (sd_notify): ready, reloading, stopping, and the watchdog's sign of life.
/// Does nothing when the daemon was not started by it.
///
/// Threads: the control thread; a thread of its own feeds the watchdog, so that a slow reload or
/// stop on the control thread is not taken for a hang.
class ServiceManager {
public:
    /// `alive` is asked from that thread, until this object ends.
    explicit ServiceManager(std::function<bool()> alive);
    ~ServiceManager();
    ServiceManager(const ServiceManager&) = delete;
    ServiceManager& operator=(const ServiceManager&) = delete;

    void ready();
    void reloading();
    void stopping();

private:
    void feed(std::int64_t everyNs);

    const std::function<bool()> alive_;
    std::mutex mutex_;
    std::condition_variable ended_;
    bool ending_ = false;
    std::thread thread_;
};

}  // namespace totemd
