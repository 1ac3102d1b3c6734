#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "magic.hpp"
#include "settings.hpp"

namespace totem::images {

/// How a picture is to come out: everything that decides its bytes, but for the source.
struct Rendition {
    int width = 0;   ///< 0: as the height says
    int height = 0;  ///< 0: as the width says; both 0: as the source
    Fit fit = Fit::kInside;
    int quality = 0;                ///< 0: the format's usual
    Format format = Format::kJpeg;  ///< never kAuto
    std::uint64_t maxBytes = 0;     ///< 0: any

    /// The same text for the same rendition and no other, fit for a file's name: "w800.webp".
    std::string canonical() const;
};

std::string_view mediaTypeOf(Format format);
std::string_view endingOf(Format format);
/// The format of pictures of that kind; kAuto where there is none to write (GIF, PDF, unknown).
Format formatOf(Kind kind);

}  // namespace totem::images
