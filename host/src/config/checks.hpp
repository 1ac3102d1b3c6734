#pragma once

#include <string>
#include <vector>

#include "config/document.hpp"
#include "config/references.hpp"

namespace totemd {

/// What no schema can say: addresses, networks, names that must exist elsewhere in the file.
/// Looks only at values of the right type; the schemas report the others. `defaultListeners` are
/// the names that there are when the file names none. Internal to this room.
void checkMeaning(const ConfigDocument& document, const ResolvedReferences& references,
                  const std::vector<std::string>& installedPlugins,
                  const std::vector<std::string>& defaultListeners,
                  std::vector<ConfigProblem>& problems, std::vector<ConfigProblem>& warnings);

/// "host:port" or "[v6]:port" with a port from 0 to 65535.
bool isHostAndPort(const std::string& text);
/// "10.0.0.0/8", "fd00::/8" or a single address.
bool isNetwork(const std::string& text);

}  // namespace totemd
