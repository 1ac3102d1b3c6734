#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace totemd {

class Masker;

/// Handles: one pointer, copyable, valid as long as their Metrics; any thread, no locks.
/// A default-made handle counts nothing.
class Counter {
public:
    Counter() = default;
    explicit Counter(prometheus::Counter* counter) : counter_(counter) {}
    void add(double amount = 1) const;  // negative amounts are ignored

private:
    prometheus::Counter* counter_ = nullptr;
};

class Gauge {
public:
    Gauge() = default;
    explicit Gauge(prometheus::Gauge* gauge) : gauge_(gauge) {}
    void set(double value) const;
    void add(double amount) const;

private:
    prometheus::Gauge* gauge_ = nullptr;
};

class Histogram {
public:
    Histogram() = default;
    explicit Histogram(prometheus::Histogram* histogram) : histogram_(histogram) {}
    void observe(double value) const;

private:
    prometheus::Histogram* histogram_ = nullptr;
};

/// Counters, gauges and histograms of the daemon and its plugins, in families whose labels are
/// named once: `metrics.counter("totem_plugin_calls_total", "Calls of a plugin", {"plugin",
/// "hook"}) .with({"chatwoot", "create"}).add()`.
///
/// Label values are masked and cut to 80 bytes. A family holds at most kMaxSeries combinations;
/// further ones are counted together, with every label `other`.
///
/// Threads: all functions from anywhere; keep the handle that `with` gives where speed matters.
/// Errors: a bad or a differently declared name throws std::invalid_argument naming it.
class Metrics {
public:
    static constexpr std::size_t kMaxSeries = 500;

    using Names = std::vector<std::string>;

    template <typename Handle>
    class Family {
    public:
        /// The series with these label values, in the order in which the labels were named.
        Handle with(std::span<const std::string_view> values) const { return find_(values); }
        Handle with(std::initializer_list<std::string_view> values) const {
            return find_({values.begin(), values.size()});
        }

    private:
        friend class Metrics;
        std::function<Handle(std::span<const std::string_view>)> find_;
    };

    explicit Metrics(const Masker& masker);
    ~Metrics();

    Family<Counter> counter(const std::string& name, const std::string& help, Names labels = {});
    Family<Gauge> gauge(const std::string& name, const std::string& help, Names labels = {});
    /// `buckets`: upper bounds, rising; empty for seconds from 1 ms to 60 s.
    Family<Histogram> histogram(const std::string& name, const std::string& help, Names labels = {},
                                std::vector<double> buckets = {});

    /// Runs before each `text()`, to bring gauges up to date. Remove it before what it uses ends.
    using CollectorId = std::uint64_t;
    CollectorId addCollector(std::function<void()> collector);
    void removeCollector(CollectorId id);

    /// All series in Prometheus' text format (version 0.0.4).
    std::string text();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace totemd
