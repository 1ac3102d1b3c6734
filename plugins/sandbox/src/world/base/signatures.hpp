#pragma once

#include <string>

namespace totem_sandbox {

/// Lower-case hex of HMAC-SHA256.
std::string hmacHex(const std::string& key, const std::string& data);

/// A JSON Web Token, HS256, over these claims (JSON text).
std::string signJwt(const std::string& key, const std::string& claims);

}  // namespace totem_sandbox
