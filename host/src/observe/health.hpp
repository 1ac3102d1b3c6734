#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace totemd {

class Masker;

/// `degraded` is only said of all together: a part that is not required is unhealthy.
enum class HealthState { none, starting, healthy, degraded, unhealthy };
std::string_view toString(HealthState state);

struct HealthComponent {
    std::string name;
    bool required = false;
    HealthState state = HealthState::none;
    std::int64_t sinceNs = 0;  // UNIX time of the last change of state
    std::string lastError;     // masked; kept after recovery
    std::int64_t lastErrorNs = 0;
};

/// What /health and /readyz answer from: the parts of the daemon and the upstreams, by name.
/// A component without a report yet is `none`.
///
/// Threads: all functions from anywhere. Reports of unknown names are ignored: a late one
/// of something just removed.
class HealthRegistry {
public:
    using Clock = std::function<std::int64_t()>;  // UNIX nanoseconds

    explicit HealthRegistry(const Masker& masker, Clock clock = {});

    /// Adding a name again changes its flag and keeps its state.
    void add(const std::string& name, bool required);
    /// With its parts: "fnb" and "fnb.login".
    void remove(const std::string& name);
    void set(const std::string& name, HealthState state, std::string_view error = {});

    std::optional<HealthComponent> find(const std::string& name) const;
    std::vector<HealthComponent> all() const;
    /// The required components together: unhealthy if one is, else starting if one is starting or
    /// has not reported; else degraded if any other component is unhealthy, else healthy.
    HealthState overall() const;
    /// `{"status": "...", "unhealthy": [names], "components": {"name": {"state": ...,
    /// "required": ..., "since": ..., "last_error": ...}}}`
    nlohmann::json json() const;

private:
    const Masker& masker_;
    const Clock clock_;
    mutable std::mutex mutex_;
    std::map<std::string, HealthComponent> components_;  // guarded by mutex_
};

}  // namespace totemd
