#pragma once

#include <string>
#include <vector>

#include "config/schema.hpp"

namespace totemd {

/// A section of the file with the schema that checks it. Internal to this room.
struct ConfigSection {
    std::string name;
    Schema schema;
};

/// Every section there is, from the files in config/schema, compiled once per call.
std::vector<ConfigSection> configSections();

}  // namespace totemd
