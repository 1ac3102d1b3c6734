#pragma once

#include <time.h>

#include <cstdint>

namespace totem::images {

/// Nanoseconds of CLOCK_MONOTONIC: for how long something is trusted. Hits ask it on the HTTP loop.
inline std::int64_t monotonicNs() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1'000'000'000ll + now.tv_nsec;
}
inline std::int64_t unixSeconds() {
    return ::time(nullptr);
}

}  // namespace totem::images
