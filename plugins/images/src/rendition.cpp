#include "rendition.hpp"

namespace totem::images {

std::string Rendition::canonical() const {
    std::string text;
    const auto add = [&text](char letter, std::uint64_t value) {
        if (value != 0) text += letter + std::to_string(value);
    };
    add('w', static_cast<std::uint64_t>(width));
    add('h', static_cast<std::uint64_t>(height));
    if (fit == Fit::kCover) text += 'c';
    if (fit == Fit::kPad) text += 'p';
    add('q', static_cast<std::uint64_t>(quality));
    add('m', maxBytes);
    if (text.empty()) text = "full";
    return text + "." + std::string(endingOf(format));
}

std::string_view mediaTypeOf(Format format) {
    switch (format) {
        case Format::kJpeg:
            return "image/jpeg";
        case Format::kPng:
            return "image/png";
        case Format::kWebp:
            return "image/webp";
        case Format::kAvif:
            return "image/avif";
        case Format::kAuto:
            break;
    }
    return {};
}

std::string_view endingOf(Format format) {
    switch (format) {
        case Format::kJpeg:
            return "jpg";
        case Format::kPng:
            return "png";
        case Format::kWebp:
            return "webp";
        case Format::kAvif:
            return "avif";
        case Format::kAuto:
            break;
    }
    return {};
}

Format formatOf(Kind kind) {
    switch (kind) {
        case Kind::kJpeg:
            return Format::kJpeg;
        case Kind::kPng:
            return Format::kPng;
        case Kind::kWebp:
            return Format::kWebp;
        default:
            return Format::kAuto;
    }
}

}  // namespace totem::images
