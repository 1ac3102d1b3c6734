#pragma once

#include <string>
#include <string_view>

#include <totem/json.hpp>

namespace totem::flows {

/// Reads multipart/form-data (RFC 7578): fields into `fields`, files into `binary` as n8n's binary
/// data (base64). False when it is malformed or has more than 1,000 parts.
bool readMultipart(std::string_view contentType, const std::string& content, Json& fields,
                   Json& binary);

}  // namespace totem::flows
