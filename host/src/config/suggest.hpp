#pragma once

#include <string>
#include <vector>

namespace totemd {

/// The known name nearest to `name` by edit distance (letter case aside, a swap of neighbours
/// counts once); empty when none is near enough to be what was meant.
std::string nearestName(const std::string& name, const std::vector<std::string>& known);

}  // namespace totemd
