#pragma once

namespace fnb {

/// What the plugin's own listener says about itself (JSON text).
extern const char kOpenApi[];
extern const char kIndex[];

}  // namespace fnb
