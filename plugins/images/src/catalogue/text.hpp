#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace totem::images {

/// Lower case without accents, for comparing what people type: "Televisión" and "television" are
/// the same. Composed and decomposed accents of Latin letters; anything else stays as it is.
std::string fold(std::string_view text);

/// Characters of UTF-8 text, as people count them.
std::size_t countCharacters(std::string_view text);

/// What stands between the slashes; empty parts count.
std::vector<std::string_view> split(std::string_view text, char separator);

/// A parameter of a query string, decoded ('+' is a blank); nothing when it is absent or broken.
std::optional<std::string> queryValue(std::string_view query, std::string_view name);

}  // namespace totem::images
