#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace totemd {

/// A copy of `root` for people: secret texts as "***", passwords in URLs too. `isSecret` says it
/// for a pointer; key names that look secret count always. The texts that were hidden are added
/// to `hidden`. Internal to this room.
nlohmann::json maskSecrets(const nlohmann::json& root,
                           const std::function<bool(const std::string& pointer)>& isSecret,
                           std::vector<std::string>& hidden);

}  // namespace totemd
