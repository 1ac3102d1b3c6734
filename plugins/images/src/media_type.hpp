#pragma once

#include <string_view>

namespace totem::images {

/// By the name's ending, any case: image/jpeg for .jpg … application/octet-stream for the unknown.
std::string_view mediaTypeOf(std::string_view path);
/// png jpg jpeg gif webp, any case.
bool isPictureName(std::string_view path);
bool isPdfName(std::string_view path);

}  // namespace totem::images
