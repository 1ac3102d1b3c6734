#include "instances.hpp"

namespace totem::evolution {
namespace {

/// Names come from outside: an end to what we keep of them.
constexpr std::size_t kMaxInstances = 256;

}  // namespace

std::string ageText(std::int64_t ns) {
    const std::int64_t seconds = ns / 1'000'000'000;
    if (seconds < 120) return std::to_string(seconds) + " s";
    if (seconds < 7200) return std::to_string(seconds / 60) + " min";
    if (seconds < 172800) return std::to_string(seconds / 3600) + " h";
    return std::to_string(seconds / 86400) + " days";
}

Instances::Seen* Instances::of(const std::string& instance) {
    const auto found = seen_.find(instance);
    if (found != seen_.end()) return &found->second;
    return seen_.size() < kMaxInstances ? &seen_[instance] : nullptr;
}

void Instances::heard(const std::string& instance, const std::string& state) {
    std::lock_guard lock(mutex_);
    Seen* seen = of(instance);
    if (seen == nullptr) return;
    const bool first = seen->lastEventUnixNs == 0;
    seen->lastEventUnixNs = clock_.unixNs();
    if (!state.empty()) {
        seen->state = state;
        seen->problem.clear();
    }
    if (first || !state.empty()) report(instance, *seen);
}

void Instances::probed(const std::string& instance, const std::string& state,
                       const std::string& problem) {
    std::lock_guard lock(mutex_);
    Seen* seen = of(instance);
    if (seen == nullptr) return;
    seen->problem = problem;
    if (!state.empty()) seen->state = state;
    report(instance, *seen);
}

std::vector<std::string> Instances::names() const {
    std::lock_guard lock(mutex_);
    std::vector<std::string> names;
    for (const auto& [name, seen] : seen_) names.push_back(name);
    return names;
}

void Instances::report(const std::string& instance, const Seen& seen) const {
    const std::string component = "instance:" + instance;
    const std::string age =
        seen.lastEventUnixNs == 0
            ? "no event since the start"
            : "last event " + ageText(clock_.unixNs() - seen.lastEventUnixNs) + " ago";
    if (!seen.problem.empty()) return health_.unhealthy(component, seen.problem + "; " + age);
    if (seen.state == "open") return health_.healthy(component, "open; " + age);
    if (seen.state == "connecting") return health_.starting(component, "connecting; " + age);
    if (seen.state.empty()) return health_.none(component, "state not known; " + age);
    health_.unhealthy(
        component,
        seen.state + ": not connected to WhatsApp, scan the QR code in Evolution; " + age);
}

}  // namespace totem::evolution
