#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "outcome.hpp"
#include "settings.hpp"

/// Pure functions: the questions to the Power BI report and what its answers mean.
namespace fnb {

/// A measure that is asked for each person.
struct GasoMeasure {
    std::string name;
    std::string bodyBefore, bodyAfter;  ///< the request's body around the DNI

    std::string bodyFor(std::string_view dni) const {
        return bodyBefore + std::string(dni) + bodyAfter;
    }
};

/// Estado first, then those that every report has, then those that have a visual of their own
/// (NSE, ServiceCuts, Habilitado, DNI).
std::vector<GasoMeasure> gasoMeasures(const Settings::Gaso& settings);

/// One answer of the report.
struct GasoValue {
    bool readable = false;  ///< false: no JSON, an error
    std::string text;       ///< empty: the report has no value
};
GasoValue readGasoValue(int status, std::string_view body);

bool saysNotFound(std::string_view estado);

/// What the values, in the order of `measures`, say about the person. `warning` gets a sentence for
/// the log (without personal data) when something had to be guessed.
Outcome gasoOutcome(std::string_view dni, const std::vector<GasoMeasure>& measures,
                    const std::vector<GasoValue>& values, std::string& warning);

}  // namespace fnb
