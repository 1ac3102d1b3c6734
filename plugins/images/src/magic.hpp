#pragma once

#include <string_view>

namespace totem::images {

/// What a file is by its first bytes, whatever it is called.
enum class Kind { kOther, kJpeg, kPng, kGif, kWebp, kPdf };

/// How many bytes `sniff` wants to see.
constexpr std::size_t kMagicBytes = 16;

Kind sniff(std::string_view head);
/// "image/jpeg" …; empty for kOther.
std::string_view mediaTypeOf(Kind kind);
constexpr bool isPicture(Kind kind) {
    return kind != Kind::kOther && kind != Kind::kPdf;
}

}  // namespace totem::images
