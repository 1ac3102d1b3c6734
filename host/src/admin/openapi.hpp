#pragma once

#include <string>

namespace totemd {

/// The admin API as an OpenAPI 3.1 document (JSON text).
std::string adminOpenApi();

}  // namespace totemd
