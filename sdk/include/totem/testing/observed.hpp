#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "totem/abi/health.h"
#include "totem/abi/log.h"
#include "totem/abi/metrics.h"
#include "totem/body.hpp"

namespace totem::testing {

inline HeaderList pairsOf(const totem_header* headers, std::uint32_t count) {
    HeaderList pairs;
    for (std::uint32_t i = 0; i < count; ++i) {
        pairs.emplace_back(view(headers[i].name), view(headers[i].value));
    }
    return pairs;
}

struct LogLine {
    std::int32_t level;
    std::string event;
    HeaderList fields;

    /// Empty when there is no such field.
    std::string field(std::string_view name) const {
        for (const auto& [key, value] : fields) {
            if (key == name) return value;
        }
        return {};
    }
};

/// What a plugin logged, at every level, unmasked.
/// Threads: any.
class FakeLog {
public:
    void write(LogLine line) {
        std::lock_guard<std::mutex> lock(mutex_);
        lines_.push_back(std::move(line));
    }
    std::vector<LogLine> lines() const {
        std::lock_guard<std::mutex> lock(mutex_);
        return lines_;
    }
    /// The lines of one event.
    std::vector<LogLine> of(std::string_view event) const {
        std::vector<LogLine> chosen;
        for (LogLine& line : lines()) {
            if (line.event == event) chosen.push_back(std::move(line));
        }
        return chosen;
    }

private:
    mutable std::mutex mutex_;
    std::vector<LogLine> lines_;  // guarded by mutex_
};

/// What a plugin measured.
/// Threads: any.
class FakeMetrics {
public:
    struct Record {
        HeaderList labels;
        double value;
    };

    /// Everything recorded under the name, in order; empty when it was never declared.
    std::vector<Record> of(const std::string& name) const {
        std::lock_guard<std::mutex> lock(mutex_);
        auto found = metrics_.find(name);
        return found == metrics_.end() ? std::vector<Record>() : found->second->records;
    }
    /// The sum over the records that carry these labels: a counter's value.
    double total(const std::string& name, const HeaderList& labels = {}) const {
        double sum = 0;
        for (const Record& record : of(name)) {
            bool fits = true;
            for (const auto& label : labels) {
                bool has = false;
                for (const auto& own : record.labels) has = has || own == label;
                fits = fits && has;
            }
            if (fits) sum += record.value;
        }
        return sum;
    }

    totem_metric* declare(std::int32_t kind, const std::string& name) {
        if (kind < TOTEM_METRIC_COUNTER || kind > TOTEM_METRIC_HISTOGRAM || name.empty()) {
            return nullptr;
        }
        std::lock_guard<std::mutex> lock(mutex_);
        auto& metric = metrics_[name];
        if (!metric) metric.reset(new Metric{*this, kind, {}});
        return metric->kind == kind ? reinterpret_cast<totem_metric*>(metric.get()) : nullptr;
    }
    static void record(totem_metric* raw, Record record) {
        auto* metric = reinterpret_cast<Metric*>(raw);
        std::lock_guard<std::mutex> lock(metric->owner.mutex_);
        metric->records.push_back(std::move(record));
    }

private:
    struct Metric {
        FakeMetrics& owner;
        std::int32_t kind;
        std::vector<Record> records;  // guarded by the owner's mutex_
    };

    mutable std::mutex mutex_;
    std::map<std::string, std::unique_ptr<Metric>> metrics_;  // guarded by mutex_
};

/// What a plugin says about its components.
/// Threads: any.
class FakeHealth {
public:
    struct State {
        std::int32_t state = TOTEM_HEALTH_NONE;
        std::string detail;
    };

    void report(const std::string& component, State state) {
        std::lock_guard<std::mutex> lock(mutex_);
        states_[component] = std::move(state);
    }
    /// TOTEM_HEALTH_NONE when nothing was reported.
    State of(const std::string& component) const {
        std::lock_guard<std::mutex> lock(mutex_);
        auto found = states_.find(component);
        return found == states_.end() ? State() : found->second;
    }

private:
    mutable std::mutex mutex_;
    std::map<std::string, State> states_;  // guarded by mutex_
};

}  // namespace totem::testing
