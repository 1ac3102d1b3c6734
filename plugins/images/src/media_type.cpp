#include "media_type.hpp"

#include <array>
#include <string>
#include <utility>

namespace totem::images {
namespace {

/// What may be shown in a browser as itself. Everything else is for downloading: a page or an SVG
/// in the catalogue would run as this site.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kTypes{{
    {"jpg", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"png", "image/png"},
    {"gif", "image/gif"},
    {"webp", "image/webp"},
    {"avif", "image/avif"},
    {"pdf", "application/pdf"},
}};

std::string endingOf(std::string_view path) {
    const std::size_t dot = path.rfind('.');
    if (dot == std::string_view::npos || path.find('/', dot) != std::string_view::npos) return {};
    std::string ending(path.substr(dot + 1));
    for (char& c : ending) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    }
    return ending;
}

}  // namespace

std::string_view mediaTypeOf(std::string_view path) {
    const std::string ending = endingOf(path);
    for (const auto& [name, type] : kTypes) {
        if (name == ending) return type;
    }
    return "application/octet-stream";
}

bool isPictureName(std::string_view path) {
    const std::string_view type = mediaTypeOf(path);
    return type.substr(0, 6) == "image/" && type != "image/avif";
}

bool isPdfName(std::string_view path) {
    return mediaTypeOf(path) == "application/pdf";
}

}  // namespace totem::images
