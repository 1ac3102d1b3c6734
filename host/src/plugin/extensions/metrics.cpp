#include "observe/metrics.hpp"

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>

#include "plugin/extensions/extensions.hpp"
#include "plugin/plugin_instance.hpp"
#include "plugin/plugin_services.hpp"

/// A metric of one plugin. Its label names become known with the first record; the family is made
/// then, with "plugin" in front; of later records, what has another name is left out.
struct totem_metric {
    totemd::PluginInstance& instance;
    const std::int32_t kind;
    const std::string name, help;
    std::mutex mutex;
    std::vector<std::string> labels;  // guarded by mutex
    std::optional<totemd::Metrics::Family<totemd::Counter>> counter;
    std::optional<totemd::Metrics::Family<totemd::Gauge>> gauge;
    std::optional<totemd::Metrics::Family<totemd::Histogram>> histogram;
};

namespace totemd {
namespace {

void makeFamily(totem_metric& metric, const totem_header* labels, std::uint32_t count) {
    if (!metric.labels.empty()) return;
    metric.labels = {"plugin"};
    for (std::uint32_t i = 0; i < count; ++i)
        metric.labels.emplace_back(totem::view(labels[i].name));
    Metrics& metrics = metric.instance.services().metrics;
    if (metric.kind == TOTEM_METRIC_COUNTER)
        metric.counter = metrics.counter(metric.name, metric.help, metric.labels);
    if (metric.kind == TOTEM_METRIC_GAUGE)
        metric.gauge = metrics.gauge(metric.name, metric.help, metric.labels);
    if (metric.kind == TOTEM_METRIC_HISTOGRAM)
        metric.histogram = metrics.histogram(metric.name, metric.help, metric.labels);
}

void record(totem_metric* metric, const totem_header* labels, std::uint32_t count, double value) {
    std::lock_guard lock(metric->mutex);
    try {
        makeFamily(*metric, labels, count);
    } catch (const std::invalid_argument& error) {
        metric->instance.logger().warn("metric.refused",
                                       {{"metric", metric->name}, {"reason", error.what()}});
        return;
    }
    std::vector<std::string_view> values(metric->labels.size());
    values[0] = metric->instance.id();
    for (std::uint32_t i = 0; i < count; ++i) {
        const auto named = std::find(metric->labels.begin() + 1, metric->labels.end(),
                                     totem::view(labels[i].name));
        if (named != metric->labels.end())
            values[static_cast<std::size_t>(named - metric->labels.begin())] =
                totem::view(labels[i].value);
    }
    if (metric->counter) metric->counter->with(values).add(value);
    if (metric->gauge) metric->gauge->with(values).set(value);
    if (metric->histogram) metric->histogram->with(values).observe(value);
}

totem_metric* declare(const totem_host* host, std::int32_t kind, totem_str name, totem_str help) {
    if (kind < TOTEM_METRIC_COUNTER || kind > TOTEM_METRIC_HISTOGRAM || name.len == 0)
        return nullptr;
    return PluginInstance::of(host).metric(kind, std::string(totem::view(name)),
                                           std::string(totem::view(help)));
}

}  // namespace

const totem_host_metrics kMetricsExtension{sizeof(totem_host_metrics), 0, declare, record};

totem_metric* PluginInstance::metric(std::int32_t kind, const std::string& name,
                                     const std::string& help) {
    std::lock_guard lock(metricsMutex_);
    auto found = metrics_.find(name);
    if (found == metrics_.end()) {
        auto made = std::shared_ptr<totem_metric>(
            new totem_metric{*this, kind, "totem_plugin_" + name, help, {}, {}, {}, {}, {}});
        found = metrics_.emplace(name, std::move(made)).first;
    }
    return found->second->kind == kind ? found->second.get() : nullptr;
}

}  // namespace totemd
