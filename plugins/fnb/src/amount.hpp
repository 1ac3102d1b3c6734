#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fnb {

/// An amount as people write it: `S/ 1.234,56`, `1,234.56`, `1234,5`, `S/ 500`. Dots, commas and
/// spaces may group thousands; one or two digits after the last separator are decimals, exactly
/// three are a group. Nothing when it cannot be read in one way only.
std::optional<double> readAmount(std::string_view text);

/// `S/ 5,000.00`
std::string formatAmount(double amount);

}  // namespace fnb
