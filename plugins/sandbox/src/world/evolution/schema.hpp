#pragma once

#include <nlohmann/json.hpp>

#include <string>

namespace totem_sandbox::evolution {

/// Checks the body of `message/<kind>`; answers the list of errors as the server words them,
/// empty when the body fits, null when there is no such call.
nlohmann::json checkSend(const std::string& kind, const nlohmann::json& body);

}  // namespace totem_sandbox::evolution
