#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "config/document.hpp"
#include "config/loader.hpp"

namespace totemd {

/// Which strings came from references. Internal to this room.
struct ResolvedReferences {
    std::map<std::string, std::string> origins;  ///< pointer → the reference as written
    std::set<std::string> unresolved;            ///< pointers whose text is not known
    std::vector<std::string> secrets;            ///< what the references stood for, sorted

    bool isSecret(const std::string& pointer) const { return origins.contains(pointer); }
};

/// Replaces `${env:NAME}`, `${file:/path}` and `${credential:name}` in every string; `$${` stands
/// for a plain `${`. What cannot be resolved becomes a problem and an empty text.
ResolvedReferences resolveReferences(ConfigDocument& document, const ConfigSources& sources,
                                     std::vector<ConfigProblem>& problems,
                                     std::vector<ConfigProblem>& warnings);

}  // namespace totemd
