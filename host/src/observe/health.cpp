#include "observe/health.hpp"

#include <nlohmann/json.hpp>

#include "loop/event_loop.hpp"
#include "observe/log_record.hpp"
#include "observe/mask.hpp"

namespace totemd {
namespace {

constexpr std::size_t kLongestError = 500;

std::string cutText(std::string text) {
    if (text.size() > kLongestError) text.resize(kLongestError);
    return text;
}

nlohmann::json describe(const HealthComponent& component) {
    nlohmann::json json{{"state", toString(component.state)},
                        {"required", component.required},
                        {"since", isoTime(component.sinceNs)},
                        {"last_error", nullptr},
                        {"last_latency_ms", nullptr}};
    if (!component.lastError.empty()) {
        json["last_error"] = component.lastError;
        json["last_error_at"] = isoTime(component.lastErrorNs);
    }
    if (component.lastLatencyNs) {
        json["last_latency_ms"] = static_cast<double>(*component.lastLatencyNs / 1000) / 1000.0;
    }
    return json;
}

}  // namespace

std::string_view toString(HealthState state) {
    switch (state) {
        case HealthState::none:
            return "none";
        case HealthState::starting:
            return "starting";
        case HealthState::healthy:
            return "healthy";
        case HealthState::unhealthy:
            return "unhealthy";
    }
    return "none";
}

HealthRegistry::HealthRegistry(const Masker& masker, Clock clock)
    : masker_(masker), clock_(clock ? std::move(clock) : Clock(unixNow)) {}

void HealthRegistry::add(const std::string& name, bool required, HealthPolicy policy) {
    std::lock_guard lock(mutex_);
    auto [entry, added] = entries_.try_emplace(name);
    if (added) {
        entry->second.component.name = name;
        entry->second.addedNs = clock_();
        entry->second.component.sinceNs = entry->second.addedNs;
    }
    entry->second.component.required = required;
    entry->second.policy = policy;
}

void HealthRegistry::remove(const std::string& name) {
    std::lock_guard lock(mutex_);
    entries_.erase(name);
}

void HealthRegistry::change(Entry& entry, HealthState state) {
    if (entry.component.state == state) return;
    entry.component.state = state;
    entry.component.sinceNs = clock_();
}

void HealthRegistry::note(Entry& entry, std::string_view error) {
    if (error.empty()) return;
    entry.component.lastError = cutText(masker_.text(error));
    entry.component.lastErrorNs = clock_();
}

void HealthRegistry::set(const std::string& name, HealthState state, std::string_view error) {
    std::lock_guard lock(mutex_);
    const auto found = entries_.find(name);
    if (found == entries_.end()) return;
    found->second.failures = 0;
    note(found->second, error);
    change(found->second, state);
}

void HealthRegistry::succeeded(const std::string& name, std::int64_t latencyNs) {
    std::lock_guard lock(mutex_);
    const auto found = entries_.find(name);
    if (found == entries_.end()) return;
    found->second.failures = 0;
    found->second.component.lastLatencyNs = latencyNs;
    change(found->second, HealthState::healthy);
}

void HealthRegistry::failed(const std::string& name, std::string_view error) {
    std::lock_guard lock(mutex_);
    const auto found = entries_.find(name);
    if (found == entries_.end()) return;
    Entry& entry = found->second;
    note(entry, error);
    const bool young = entry.component.state == HealthState::none ||
                       entry.component.state == HealthState::starting;
    if (young && clock_() - entry.addedNs < entry.policy.startPeriodNs) {
        change(entry, HealthState::starting);
        return;
    }
    if (++entry.failures >= entry.policy.retries) {
        change(entry, HealthState::unhealthy);
    } else if (young) {
        change(entry, HealthState::starting);
    }
}

std::optional<HealthComponent> HealthRegistry::find(const std::string& name) const {
    std::lock_guard lock(mutex_);
    const auto found = entries_.find(name);
    if (found == entries_.end()) return std::nullopt;
    return found->second.component;
}

std::vector<HealthComponent> HealthRegistry::all() const {
    std::lock_guard lock(mutex_);
    std::vector<HealthComponent> result;
    for (const auto& [name, entry] : entries_) result.push_back(entry.component);
    return result;
}

HealthState HealthRegistry::overall() const {
    HealthState worst = HealthState::healthy;
    for (const HealthComponent& component : all()) {
        if (!component.required || component.state == HealthState::healthy) continue;
        if (component.state == HealthState::unhealthy) return HealthState::unhealthy;
        worst = HealthState::starting;
    }
    return worst;
}

nlohmann::json HealthRegistry::json() const {
    nlohmann::json components = nlohmann::json::object();
    for (const HealthComponent& component : all()) components[component.name] = describe(component);
    return {{"status", toString(overall())}, {"components", std::move(components)}};
}

}  // namespace totemd
