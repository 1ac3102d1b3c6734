#pragma once

#include <string>
#include <vector>

#include <totem/clock.hpp>
#include <totem/draft/task.hpp>
#include <totem/http_client.hpp>
#include <totem/log.hpp>

#include "gaso_report.hpp"
#include "health_board.hpp"
#include "outcome.hpp"
#include "settings.hpp"

namespace fnb {

/// Look-ups in GASO's report: all measures at once. Threads: any.
class Gaso {
public:
    Gaso(const totem_host* host, const Settings& settings, HealthBoard& health);

    bool configured() const { return !settings_.url.empty(); }
    /// Never throws for what the report does; ends within `gaso.timeout_s`.
    totem::Task<Outcome> lookUp(std::string dni);

private:
    class Gathering;

    const Settings::Gaso& settings_;
    HealthBoard& health_;
    const totem::HttpClient http_;
    const totem::Clock clock_;
    const totem::Log log_;
    const std::vector<GasoMeasure> measures_;
    const std::string url_;
};

}  // namespace fnb
