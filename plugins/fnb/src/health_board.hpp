#pragma once

#include <array>
#include <atomic>
#include <mutex>
#include <string>
#include <string_view>

#include <totem/clock.hpp>
#include <totem/health.hpp>
#include <totem/log.hpp>

namespace fnb {

/// How the two upstreams do: for the host's /health and for the plugin's own. Reporting what is
/// known already costs one atomic load. Threads: any.
class HealthBoard {
public:
    enum class Part { kPortal, kGaso };
    enum class State { kNone, kStarting, kHealthy, kUnhealthy };

    explicit HealthBoard(const totem_host* host);
    /// `detail` is for the operator: no secret, no personal data, no upstream's words.
    void report(Part part, State state, std::string_view detail = {});

    struct Page {
        int status;  ///< 200, or 503 when something is unhealthy
        std::string json;
    };
    Page all() const;
    Page gasoAlone() const;

private:
    struct Entry {
        std::atomic<State> state{State::kNone};
        std::string detail;           // guarded by mutex_
        std::int64_t sinceUnixS = 0;  // guarded by mutex_
    };
    void append(std::string& out, Part part) const;
    bool unhealthy(Part part) const;

    const totem::Health health_;
    const totem::Clock clock_;
    const totem::Log log_;
    mutable std::mutex mutex_;
    std::array<Entry, 2> entries_;
};

}  // namespace fnb
