#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "journal/upkeep.hpp"

namespace totemd {

/// Whether `text` holds one of `numbers` as a whole number: no digit before or after it.
bool holdsNumber(std::string_view text, const std::vector<std::string>& numbers);

/// See Upkeep::forget.
void forgetNumbers(Database& database, std::vector<std::string> numbers, int batch,
                   std::function<void(Forgotten)> done);

}  // namespace totemd
