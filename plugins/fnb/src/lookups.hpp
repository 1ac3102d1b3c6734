#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include <totem/cache.hpp>
#include <totem/clock.hpp>
#include <totem/draft/task.hpp>
#include <totem/log.hpp>
#include <totem/metrics.hpp>

#include "gaso.hpp"
#include "health_board.hpp"
#include "outcome.hpp"
#include "portal.hpp"
#include "settings.hpp"
#include "waiting.hpp"

namespace fnb {

/// Look-ups as clients ask for them: equal ones in flight are one, results are kept for a short
/// time (found and not found apart, failures never), GASO answers when FNB does not.
///
/// Threads: any. Lifetime: until every task it gave out has ended.
class Lookups {
public:
    enum class Mode { kBoth, kFnb, kGaso };

    Lookups(const totem_host* host, const Settings& settings);

    /// `dni` is one (readDni). Never throws for what the upstreams do.
    totem::Task<OutcomePtr> query(Mode mode, std::string dni);

    HealthBoard& health() { return health_; }
    Portal& portal() { return portal_; }

private:
    using Shared = std::shared_ptr<Flight<OutcomePtr>>;

    Shared find(Channel channel, const std::string& dni);
    totem::Detached run(Channel channel, std::string dni, Shared flight);
    totem::Task<Outcome> fetch(Channel channel, std::string dni);
    totem::Task<Outcome> ask(Channel channel, std::string dni);
    void note(const Outcome& outcome, const std::string& dni, std::int64_t beganNs);

    const Settings& settings_;
    HealthBoard health_;
    const totem::Cache cache_;
    const totem::Clock clock_;
    const totem::Log log_;
    const totem::Metric count_, seconds_;
    Portal portal_;
    Gaso gaso_;

    std::mutex mutex_;
    std::array<std::unordered_map<std::string, Shared>, 2> open_;  // by channel, then DNI
};

}  // namespace fnb
