#pragma once

#include <algorithm>
#include <cstdint>
#include <random>

namespace totemd {

/// Pauses before another attempt at something that is only unwell grow no longer than this.
constexpr std::int64_t kMaxUnavailableNs = 30'000'000'000;

/// How long to wait before the next attempt: doubles with each failure up to a longest wait, ±20 %
/// so that what failed together does not come back together. One thread.
class Backoff {
public:
    Backoff(std::int64_t firstNs, std::int64_t longestNs)
        : firstNs_(firstNs), longestNs_(std::max(firstNs, longestNs)) {}

    /// `failures` in a row, from 1.
    std::int64_t after(int failures) {
        const int doublings = std::clamp(failures - 1, 0, 30);
        const std::int64_t plain =
            firstNs_ > (longestNs_ >> doublings) ? longestNs_ : firstNs_ << doublings;
        return static_cast<std::int64_t>(static_cast<double>(plain) *
                                         std::uniform_real_distribution<>(0.8, 1.2)(random_));
    }

private:
    const std::int64_t firstNs_, longestNs_;
    std::minstd_rand random_{std::random_device{}()};
};

}  // namespace totemd
