#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace totem_sandbox {

/// Wall clock in milliseconds since 1970.
std::int64_t unixMs();

/// Monotonic clock in microseconds; only differences mean anything.
std::int64_t monoUs();

/// "2026-06-18T14:02:11.287Z"
std::string isoTime(std::int64_t unixMilliseconds);

/// Milliseconds since 1970 of an ISO-8601 time with optional fraction; -1 when it is not one.
std::int64_t parseIsoTime(const std::string& text);

}  // namespace totem_sandbox
