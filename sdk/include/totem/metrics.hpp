#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include "totem/abi/metrics.h"
#include "totem/body.hpp"
#include "totem/extension.hpp"

namespace totem {
inline namespace v0 {

/// One metric of the plugin; copied freely. Without the extension it records nothing.
class Metric {
public:
    using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

    Metric() = default;
    Metric(const totem_host_metrics* api, totem_metric* raw) : api_(api), raw_(raw) {}
    /// Counter: adds; gauge: sets; histogram: observes.
    void record(double value, Labels labels = {}) const {
        if (raw_ == nullptr || !TOTEM_HAS(api_, record)) return;
        std::vector<totem_header> views;
        views.reserve(labels.size());
        for (const auto& [name, text] : labels) views.push_back({str(name), str(text)});
        api_->record(raw_, views.data(), static_cast<std::uint32_t>(views.size()), value);
    }
    void count(Labels labels = {}) const { record(1, labels); }

private:
    const totem_host_metrics* api_ = nullptr;
    totem_metric* raw_ = nullptr;
};

/// Declares the plugin's own metrics, best in the constructor. Any thread. See abi/metrics.h.
class Metrics {
public:
    explicit Metrics(const totem_host* host)
        : host_(host), api_(hostExtension<totem_host_metrics>(host, TOTEM_EXT_METRICS)) {}
    Metric counter(std::string_view name, std::string_view help) const {
        return declare(TOTEM_METRIC_COUNTER, name, help);
    }
    Metric gauge(std::string_view name, std::string_view help) const {
        return declare(TOTEM_METRIC_GAUGE, name, help);
    }
    Metric histogram(std::string_view name, std::string_view help) const {
        return declare(TOTEM_METRIC_HISTOGRAM, name, help);
    }

private:
    Metric declare(std::int32_t kind, std::string_view name, std::string_view help) const {
        if (!TOTEM_HAS(api_, declare)) return {};
        return Metric(api_, api_->declare(host_, kind, str(name), str(help)));
    }

    const totem_host* host_;
    const totem_host_metrics* api_;
};

}  // namespace v0
}  // namespace totem
