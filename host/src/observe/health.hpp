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

enum class HealthState { none, starting, healthy, unhealthy };
std::string_view toString(HealthState state);

/// How probes are judged, with the meaning that compose files give these words. Who probes keeps to
/// `intervalNs` and `timeoutNs`; the registry applies the other two.
struct HealthPolicy {
    std::int64_t intervalNs = 30'000'000'000;
    std::int64_t timeoutNs = 10'000'000'000;
    int retries = 3;                 // this many failures in a row make it unhealthy
    std::int64_t startPeriodNs = 0;  // failures in it count for nothing, until a first success
};

struct HealthComponent {
    std::string name;
    bool required = false;
    HealthState state = HealthState::none;
    std::int64_t sinceNs = 0;  // UNIX time of the last change of state
    std::string lastError;     // masked; kept after recovery
    std::int64_t lastErrorNs = 0;
    std::optional<std::int64_t> lastLatencyNs;
};

/// What /health and /readyz answer from: the parts of the daemon and the upstreams, by name.
/// A component without a report yet is `none`.
///
/// Threads: all functions from anywhere. Reports of unknown names are ignored: a late probe of
/// something just removed.
class HealthRegistry {
public:
    using Clock = std::function<std::int64_t()>;  // UNIX nanoseconds

    explicit HealthRegistry(const Masker& masker, Clock clock = {});

    /// Adding a name again changes its flag and policy and keeps its state.
    void add(const std::string& name, bool required, HealthPolicy policy = {});
    void remove(const std::string& name);

    /// Says the state outright: for parts that know it.
    void set(const std::string& name, HealthState state, std::string_view error = {});
    /// Reports one probe; the policy decides what it means.
    void succeeded(const std::string& name, std::int64_t latencyNs);
    void failed(const std::string& name, std::string_view error);

    std::optional<HealthComponent> find(const std::string& name) const;
    std::vector<HealthComponent> all() const;
    /// The required components together: unhealthy if one is, else starting if one is starting or
    /// has not reported, else healthy.
    HealthState overall() const;
    /// `{"status": "...", "components": {"name": {"state": ..., "required": ..., "since": ...,
    /// "last_error": ..., "last_latency_ms": ...}}}`
    nlohmann::json json() const;

private:
    struct Entry {
        HealthComponent component;
        HealthPolicy policy;
        std::int64_t addedNs = 0;
        int failures = 0;
    };
    void change(Entry& entry, HealthState state);
    void note(Entry& entry, std::string_view error);

    const Masker& masker_;
    const Clock clock_;
    mutable std::mutex mutex_;
    std::map<std::string, Entry> entries_;  // guarded by mutex_
};

}  // namespace totemd
