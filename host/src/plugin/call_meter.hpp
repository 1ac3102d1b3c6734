#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <string>

#include "observe/metrics.hpp"
#include "totem/abi/base.h"

namespace totemd {

enum class CallKind : std::uint8_t { kRoute, kEvent, kAction, kReconcile };

/// Counts a plugin's calls and how long each took from being handed in to its answer:
/// totem_plugin_calls_total{plugin,kind,status} and totem_plugin_call_seconds{plugin,kind}.
/// A series appears with its first call.
///
/// Threads: `record` from anywhere; it costs well under a microsecond.
class CallMeter {
public:
    CallMeter(Metrics& metrics, std::string plugin);
    void record(CallKind kind, totem_status status, std::int64_t durationNs);

private:
    static constexpr std::size_t kKinds = 4, kStatuses = 1 - TOTEM_E_TOO_LARGE;
    template <typename Handle>
    struct Slot {
        std::once_flag made;
        Handle handle;
    };

    const std::string plugin_;
    const Metrics::Family<Counter> calls_;
    const Metrics::Family<Histogram> seconds_;
    std::array<std::array<Slot<Counter>, kStatuses>, kKinds> counters_;
    std::array<Slot<Histogram>, kKinds> histograms_;
};

}  // namespace totemd
