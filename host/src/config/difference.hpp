#pragma once

#include <string>
#include <vector>

#include "config/configuration.hpp"

namespace totemd {

/// What a reload has to do to get from one configuration to another. Names are sorted.
struct ConfigDifference {
    struct Section {
        std::string name;
        bool needsRestart = false;  ///< the running process cannot take it over
        bool operator==(const Section&) const = default;
    };

    std::vector<std::string> listenersAdded, listenersRemoved;
    std::vector<std::string> listenersMoved;    ///< another address: close and listen again
    std::vector<std::string> listenersChanged;  ///< same address: other plugins, limits, token…
    std::vector<std::string> pluginsEnabled, pluginsDisabled;
    std::vector<std::string> pluginsReconfigured;     ///< need a new instance
    std::vector<std::string> pluginsLogLevelChanged;  ///< and nothing else
    std::vector<Section> sections;  ///< all but listeners and plugins: storage, log, …

    bool empty() const;
    bool needsRestart() const;
    /// One line per change, for the log and for people. Holds names only, so no secrets.
    std::vector<std::string> lines() const;
};

ConfigDifference difference(const Configuration& before, const Configuration& after);

}  // namespace totemd
