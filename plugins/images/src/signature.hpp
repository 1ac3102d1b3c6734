#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace totem::images {

/// HMAC-SHA256 of a path and what is asked of it, as base64url text without padding.
std::string sign(std::string_view key, std::string_view path, std::string_view asked);
/// Whether one of the keys made the signature: two while a key is being changed.
bool isSigned(const std::vector<std::string>& keys, std::string_view path, std::string_view asked,
              std::string_view signature);

/// The first 32 hexadecimal digits of the SHA-256 of a file's content; empty when it cannot be
/// read.
std::string contentHash(int fd);
std::string contentHash(std::string_view bytes);

}  // namespace totem::images
