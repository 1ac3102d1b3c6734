#pragma once

#include <cstdint>
#include <string>

namespace totem_test {

/// A PNG of one grey colour: 8 bits a pixel, or 1 when `bits` says so. With `noise` no row is like
/// another. `interlaced` is what the header says; the content is that of a plain one.
std::string pngOf(std::uint32_t width, std::uint32_t height, int bits = 8, bool interlaced = false,
                  bool noise = false);

/// A photograph of sorts, 640×640, 17 KB.
std::string samplePhoto();

/// A PDF with one empty page.
std::string samplePdf();

/// What the first bytes say: "image/jpeg", "image/png", "image/webp", "image/avif", or "?".
std::string typeOf(const std::string& bytes);

/// Width of a PNG, JPEG or (lossy or extended) WebP, by its header; 0 when it is none.
int widthOf(const std::string& bytes);

}  // namespace totem_test
