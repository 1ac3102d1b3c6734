#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "magic.hpp"
#include "rendition.hpp"

namespace totem::images {

/// What the plugin asks of its worker program, beside the source's file: one source, any number of
/// renditions. Crosses as JSON.
struct RenderJob {
    Kind kind = Kind::kJpeg;  ///< what the first bytes said
    bool strict = false;      ///< a source that ends too early is refused
    bool thorough = false;    ///< time matters less than bytes: made ahead of any request
    std::uint64_t pixels = 0, interlacedPixels = 0;
    int frames = 1;
    int side = 0;
    std::vector<Rendition> outputs;

    std::string text() const;
    static RenderJob parse(std::string_view text);
};

/// What came of it. The outputs lie one after the other in the file that comes with the reply.
struct RenderReply {
    struct Output {
        std::uint64_t length = 0;
        int width = 0, height = 0;
    };
    /// Empty, or why nothing was made: "too-large" (pixels), "broken".
    std::string refused;
    int width = 0, height = 0, frames = 0;  ///< of the source, as it is shown
    std::vector<Output> outputs;

    std::string text() const;
    static RenderReply parse(std::string_view text);
};

}  // namespace totem::images
