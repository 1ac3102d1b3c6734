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
                        {"last_error", nullptr}};
    if (!component.lastError.empty()) {
        json["last_error"] = component.lastError;
        json["last_error_at"] = isoTime(component.lastErrorNs);
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
        case HealthState::degraded:
            return "degraded";
        case HealthState::unhealthy:
            return "unhealthy";
    }
    return "none";
}

HealthRegistry::HealthRegistry(const Masker& masker, Clock clock)
    : masker_(masker), clock_(clock ? std::move(clock) : Clock(unixNow)) {}

void HealthRegistry::add(const std::string& name, bool required) {
    std::lock_guard lock(mutex_);
    auto [component, added] = components_.try_emplace(name);
    if (added) {
        component->second.name = name;
        component->second.sinceNs = clock_();
    }
    component->second.required = required;
}

void HealthRegistry::remove(const std::string& name) {
    const std::string parts = name + ".";
    std::lock_guard lock(mutex_);
    std::erase_if(components_, [&](const auto& entry) {
        return entry.first == name || entry.first.compare(0, parts.size(), parts) == 0;
    });
}

void HealthRegistry::set(const std::string& name, HealthState state, std::string_view error) {
    std::lock_guard lock(mutex_);
    const auto found = components_.find(name);
    if (found == components_.end()) return;
    HealthComponent& component = found->second;
    if (!error.empty()) {
        component.lastError = cutText(masker_.text(error));
        component.lastErrorNs = clock_();
    }
    if (component.state == state) return;
    component.state = state;
    component.sinceNs = clock_();
}

std::optional<HealthComponent> HealthRegistry::find(const std::string& name) const {
    std::lock_guard lock(mutex_);
    const auto found = components_.find(name);
    if (found == components_.end()) return std::nullopt;
    return found->second;
}

std::vector<HealthComponent> HealthRegistry::all() const {
    std::lock_guard lock(mutex_);
    std::vector<HealthComponent> result;
    for (const auto& [name, component] : components_) result.push_back(component);
    return result;
}

HealthState HealthRegistry::overall() const {
    HealthState worst = HealthState::healthy;
    for (const HealthComponent& component : all()) {
        if (component.state == HealthState::healthy) continue;
        const bool unhealthy = component.state == HealthState::unhealthy;
        if (component.required && unhealthy) return HealthState::unhealthy;
        if (component.required) {
            worst = HealthState::starting;
        } else if (unhealthy && worst == HealthState::healthy) {
            worst = HealthState::degraded;
        }
    }
    return worst;
}

nlohmann::json HealthRegistry::json() const {
    nlohmann::json components = nlohmann::json::object();
    nlohmann::json unhealthy = nlohmann::json::array();
    for (const HealthComponent& component : all()) {
        components[component.name] = describe(component);
        if (component.state == HealthState::unhealthy) unhealthy.push_back(component.name);
    }
    return {{"status", toString(overall())},
            {"unhealthy", std::move(unhealthy)},
            {"components", std::move(components)}};
}

}  // namespace totemd
