#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fnb {

/// The DNI in `text`: exactly eight ASCII digits after trimming ASCII white space. Leading zeros
/// count, so a DNI is text everywhere.
std::optional<std::string> readDni(std::string_view text);

/// As it may stand in a log: 084****2.
std::string maskDni(std::string_view dni);

}  // namespace fnb
