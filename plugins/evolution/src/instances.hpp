#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include <totem/clock.hpp>
#include <totem/health.hpp>

namespace totem::evolution {

/// How each instance is: what its events and our probes say, and how long it has been silent.
/// Evolution may say "open" while WhatsApp is gone, so the age of the last event stands beside it.
/// Threads: any.
class Instances {
public:
    explicit Instances(const totem_host* host) : health_(host), clock_(host) {}

    /// An event came; `state` is of connection.update ("open", "connecting", "close", "refused") or
    /// empty.
    void heard(const std::string& instance, const std::string& state);
    /// Evolution answered a probe with a state, or could not be asked: then `problem` says why.
    void probed(const std::string& instance, const std::string& state, const std::string& problem);
    /// Those that have sent events.
    std::vector<std::string> names() const;

private:
    struct Seen {
        std::string state;
        std::string problem;
        std::int64_t lastEventUnixNs = 0;
    };
    /// Null when there are too many to keep.
    Seen* of(const std::string& instance);
    void report(const std::string& instance, const Seen& seen) const;

    const Health health_;
    const Clock clock_;
    mutable std::mutex mutex_;
    std::map<std::string, Seen> seen_;  // guarded by mutex_
};

/// "12 s", "5 min", "3 h", "2 days".
std::string ageText(std::int64_t ns);

}  // namespace totem::evolution
