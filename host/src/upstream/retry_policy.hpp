#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>

namespace totemd {

/// Nanoseconds that a Retry-After header asks for: seconds or an HTTP date (`unixNow` in ns).
/// Nothing when it cannot be read.
std::optional<std::int64_t> retryAfterNs(const std::string& value, std::int64_t unixNow);

/// How long to wait before try number `retry` (1, 2, …): doubled each time, half of it random.
std::int64_t backOffNs(std::int64_t baseNs, int retry, std::minstd_rand& random);

/// Statuses that mean "not now" rather than an answer: 429, 502, 503, 504.
bool isRetryStatus(int status);

}  // namespace totemd
