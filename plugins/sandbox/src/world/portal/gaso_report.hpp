#pragma once

#include "world/base/http_types.hpp"
#include "world/base/settings.hpp"
#include "world/portal/people.hpp"

namespace totem_sandbox {

class Journeys;
class StopSignal;

/// GASO: a public Power BI report that answers one measure for one DNI per request.
/// The structure of the request is checked strictly.
class GasoReport : public Service {
public:
    GasoReport(const GasoSettings& settings, Journeys& journeys, StopSignal& stop);

    Reply handle(const Request& request) override;
    void reset() { people_.replace(settings_.people); }
    People& people() { return people_; }

private:
    Reply answer(const nlohmann::json& body);
    std::string checkContext(const nlohmann::json& query, const std::string& measure) const;

    const GasoSettings settings_;
    Journeys& journeys_;
    StopSignal& stop_;
    People people_;
};

}  // namespace totem_sandbox
