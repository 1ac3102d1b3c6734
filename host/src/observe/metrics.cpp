#include "observe/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <unordered_map>

#include "observe/mask.hpp"

namespace totemd {
namespace {

constexpr std::size_t kLongestLabel = 80;

bool isName(std::string_view name, bool label) {
    const auto letter = [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c == ':' && !label);
    };
    if (name.empty() || !letter(name.front()) || (label && name.starts_with("__"))) return false;
    return std::all_of(name.begin(), name.end(),
                       [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

/// Printable ASCII is what every reader of metrics takes.
std::string labelValue(const Masker& masker, std::string_view text) {
    std::string value = masker.text(text);
    if (value.size() > kLongestLabel) value.resize(kLongestLabel);
    for (char& c : value) {
        if (c < ' ' || c > '~') c = '?';
    }
    return value;
}

std::vector<double> secondsBuckets() {
    return {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};
}

}  // namespace

void Counter::add(double amount) const {
    if (counter_ && amount > 0) counter_->Increment(amount);
}

void Gauge::set(double value) const {
    if (gauge_) gauge_->Set(value);
}

void Gauge::add(double amount) const {
    if (gauge_) gauge_->Increment(amount);
}

void Histogram::observe(double value) const {
    if (histogram_) histogram_->Observe(value);
}

struct Metrics::Impl {
    /// One family: prometheus-cpp's own, and our index over it that bounds the series.
    template <typename Metric>
    struct Declared {
        prometheus::Family<Metric>* family;
        Names labels;
        std::vector<double> buckets;
        std::unordered_map<std::string, Metric*> series;  // by label values
    };
    template <typename Metric>
    using Kind = std::map<std::string, std::unique_ptr<Declared<Metric>>>;

    explicit Impl(const Masker& given) : masker(given) {}

    template <typename Metric>
    Declared<Metric>& declare(Kind<Metric>& kind, const std::string& name, const std::string& help,
                              Names labels, std::vector<double> buckets = {});
    template <typename Metric>
    Metric* find(Declared<Metric>& declared, std::span<const std::string_view> values);
    template <typename Metric>
    Metric* add(Declared<Metric>& declared, const std::string& key,
                const std::vector<std::string>& values);

    const Masker& masker;
    prometheus::Registry registry;
    std::mutex mutex;
    Kind<prometheus::Counter> counters;  // guarded by mutex, like the two below
    Kind<prometheus::Gauge> gauges;
    Kind<prometheus::Histogram> histograms;
    std::mutex collectorsMutex;
    std::map<CollectorId, std::function<void()>> collectors;  // guarded by collectorsMutex
    CollectorId nextCollector = 1;                            // guarded by collectorsMutex
};

template <typename Metric>
Metrics::Impl::Declared<Metric>& Metrics::Impl::declare(Kind<Metric>& kind, const std::string& name,
                                                        const std::string& help, Names labels,
                                                        std::vector<double> buckets) {
    if (!isName(name, false)) {
        throw std::invalid_argument("metric '" + name +
                                    "': a name is letters, digits, '_' and ':'");
    }
    for (const std::string& label : labels) {
        if (!isName(label, true)) {
            throw std::invalid_argument("metric " + name + ": '" + label + "' cannot name a label");
        }
    }
    if (!std::is_sorted(buckets.begin(), buckets.end(), std::less_equal<>())) {
        throw std::invalid_argument("metric " + name + ": its buckets must rise");
    }
    std::lock_guard lock(mutex);
    if (const auto known = kind.find(name); known != kind.end()) {
        if (known->second->labels == labels && known->second->buckets == buckets)
            return *known->second;
        throw std::invalid_argument("metric " + name + " is declared with other labels or buckets");
    }
    if (counters.count(name) + gauges.count(name) + histograms.count(name) > 0) {
        throw std::invalid_argument("metric " + name + " is declared with another type");
    }
    auto declared = std::make_unique<Declared<Metric>>();
    if constexpr (std::is_same_v<Metric, prometheus::Counter>) {
        declared->family = &prometheus::BuildCounter().Name(name).Help(help).Register(registry);
    } else if constexpr (std::is_same_v<Metric, prometheus::Gauge>) {
        declared->family = &prometheus::BuildGauge().Name(name).Help(help).Register(registry);
    } else {
        declared->family = &prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
    }
    declared->labels = std::move(labels);
    declared->buckets = std::move(buckets);
    return *kind.emplace(name, std::move(declared)).first->second;
}

template <typename Metric>
Metric* Metrics::Impl::find(Declared<Metric>& declared, std::span<const std::string_view> given) {
    std::vector<std::string> values;
    std::string key;
    for (std::size_t i = 0; i < declared.labels.size(); ++i) {
        values.push_back(i < given.size() ? labelValue(masker, given[i]) : std::string());
        key += values.back();
        key += '\n';  // occurs in no value
    }
    std::lock_guard lock(mutex);
    if (const auto known = declared.series.find(key); known != declared.series.end()) {
        return known->second;
    }
    if (declared.series.size() < kMaxSeries || declared.labels.empty())
        return add(declared, key, values);
    values.assign(declared.labels.size(), "other");
    key.clear();
    for (const std::string& value : values) key += value + '\n';
    const auto known = declared.series.find(key);
    return known != declared.series.end() ? known->second : add(declared, key, values);
}

template <typename Metric>
Metric* Metrics::Impl::add(Declared<Metric>& declared, const std::string& key,
                           const std::vector<std::string>& values) {
    std::map<std::string, std::string> labels;
    for (std::size_t i = 0; i < values.size(); ++i) labels[declared.labels[i]] = values[i];
    Metric* made = nullptr;
    if constexpr (std::is_same_v<Metric, prometheus::Histogram>) {
        made = &declared.family->Add(labels, declared.buckets);
    } else {
        made = &declared.family->Add(labels);
    }
    declared.series.emplace(key, made);
    return made;
}

Metrics::Metrics(const Masker& masker) : impl_(std::make_unique<Impl>(masker)) {}
Metrics::~Metrics() = default;

Metrics::Family<Counter> Metrics::counter(const std::string& name, const std::string& help,
                                          Names labels) {
    auto& declared = impl_->declare(impl_->counters, name, help, std::move(labels));
    Family<Counter> family;
    family.find_ = [impl = impl_.get(), &declared](auto values) {
        return Counter(impl->find(declared, values));
    };
    return family;
}

Metrics::Family<Gauge> Metrics::gauge(const std::string& name, const std::string& help,
                                      Names labels) {
    auto& declared = impl_->declare(impl_->gauges, name, help, std::move(labels));
    Family<Gauge> family;
    family.find_ = [impl = impl_.get(), &declared](auto values) {
        return Gauge(impl->find(declared, values));
    };
    return family;
}

Metrics::Family<Histogram> Metrics::histogram(const std::string& name, const std::string& help,
                                              Names labels, std::vector<double> buckets) {
    if (buckets.empty()) buckets = secondsBuckets();
    auto& declared =
        impl_->declare(impl_->histograms, name, help, std::move(labels), std::move(buckets));
    Family<Histogram> family;
    family.find_ = [impl = impl_.get(), &declared](auto values) {
        return Histogram(impl->find(declared, values));
    };
    return family;
}

Metrics::CollectorId Metrics::addCollector(std::function<void()> collector) {
    std::lock_guard lock(impl_->collectorsMutex);
    const CollectorId id = impl_->nextCollector++;
    impl_->collectors.emplace(id, std::move(collector));
    return id;
}

void Metrics::removeCollector(CollectorId id) {
    std::lock_guard lock(impl_->collectorsMutex);
    impl_->collectors.erase(id);
}

std::string Metrics::text() {
    {
        // Held while they run, so that none runs after it was removed.
        std::lock_guard lock(impl_->collectorsMutex);
        for (const auto& [id, collector] : impl_->collectors) collector();
    }
    return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace totemd
