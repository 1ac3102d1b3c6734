#include "world/base/stop_signal.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace totem_sandbox {

StopSignal::StopSignal() : event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (event_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

StopSignal::~StopSignal() {
    close(event_);
}

bool StopSignal::pause(std::chrono::microseconds time) {
    std::unique_lock lock(mutex_);
    return !wake_.wait_for(lock, time, [this] { return stopped_; });
}

bool StopSignal::awaitReadable(int descriptor, std::chrono::milliseconds time) const {
    pollfd both[2] = {{descriptor, POLLIN, 0}, {event_, POLLIN, 0}};
    int ready = -1;
    do {
        ready = poll(both, 2, static_cast<int>(time.count()));
    } while (ready < 0 && errno == EINTR);
    return ready > 0 && both[1].revents == 0;
}

void StopSignal::stop() {
    {
        std::lock_guard lock(mutex_);
        stopped_ = true;
    }
    wake_.notify_all();
    eventfd_write(event_, 1);
}

}  // namespace totem_sandbox
