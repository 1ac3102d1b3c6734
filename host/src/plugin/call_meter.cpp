#include "plugin/call_meter.hpp"

#include "totem/status.hpp"

namespace totemd {
namespace {

constexpr std::string_view kKindNames[] = {"route", "event", "action", "reconcile"};

}  // namespace

CallMeter::CallMeter(Metrics& metrics, std::string plugin)
    : plugin_(std::move(plugin)),
      calls_(metrics.counter("totem_plugin_calls_total", "Calls of a plugin by how they ended",
                             {"plugin", "kind", "status"})),
      seconds_(metrics.histogram("totem_plugin_call_seconds", "Time from a call to its answer",
                                 {"plugin", "kind"},
                                 {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
                                  1, 2.5, 5, 10, 30, 60})) {}

void CallMeter::record(CallKind kind, totem_status status, std::int64_t durationNs) {
    const auto row = static_cast<std::size_t>(kind);
    // A number that no status has is the plugin's fault.
    if (status > 0 || status < TOTEM_E_TOO_LARGE) status = TOTEM_E_FAULT;
    auto& counter = counters_[row][static_cast<std::size_t>(-status)];
    std::call_once(counter.made, [&] {
        counter.handle = calls_.with(
            {plugin_, kKindNames[row], totem::statusName(static_cast<totem::Status>(status))});
    });
    counter.handle.add();
    auto& histogram = histograms_[row];
    std::call_once(histogram.made, [&] {
        histogram.handle = seconds_.with({plugin_, kKindNames[row]});
    });
    histogram.handle.observe(static_cast<double>(durationNs) / 1e9);
}

}  // namespace totemd
