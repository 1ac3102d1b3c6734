#pragma once

#include <cstdint>

#include "totem/abi/clock.h"
#include "totem/extension.hpp"

namespace totem {
inline namespace v0 {

/// The host's clock: the system's in the daemon, a virtual one in tests. Any thread. Without the
/// extension every time is 0.
class Clock {
public:
    explicit Clock(const totem_host* host)
        : host_(host), clock_(hostExtension<totem_host_clock>(host, TOTEM_EXT_CLOCK)) {}
    std::int64_t monotonicNs() const {
        return TOTEM_HAS(clock_, monotonic_ns) ? clock_->monotonic_ns(host_) : 0;
    }
    std::int64_t unixNs() const { return TOTEM_HAS(clock_, unix_ns) ? clock_->unix_ns(host_) : 0; }

private:
    const totem_host* host_;
    const totem_host_clock* clock_;
};

}  // namespace v0
}  // namespace totem
