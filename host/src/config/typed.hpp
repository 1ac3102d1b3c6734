#pragma once

#include <nlohmann/json.hpp>

#include "config/configuration.hpp"

namespace totemd {

/// The typed configuration from a document that is valid and complete (defaults filled in).
/// Throws nlohmann::json::exception for any other. Internal to this room.
Configuration toConfiguration(const nlohmann::json& root);

}  // namespace totemd
