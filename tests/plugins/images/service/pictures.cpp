#include "pictures.hpp"

#include <zlib.h>

#include <fstream>
#include <iterator>
#include <stdexcept>

namespace totem_test {
namespace {

std::string big(std::uint32_t value) {
    return {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
            static_cast<char>(value >> 8), static_cast<char>(value)};
}

std::string chunk(const std::string& type, const std::string& content) {
    const std::string whole = type + content;
    const auto crc =
        crc32(0, reinterpret_cast<const Bytef*>(whole.data()), static_cast<uInt>(whole.size()));
    return big(static_cast<std::uint32_t>(content.size())) + whole +
           big(static_cast<std::uint32_t>(crc));
}

int at(const std::string& bytes, std::size_t i) {
    return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0;
}

}  // namespace

std::string pngOf(std::uint32_t width, std::uint32_t height, int bits, bool interlaced,
                  bool noise) {
    const std::size_t row =
        (static_cast<std::size_t>(width) * static_cast<std::size_t>(bits) + 7) / 8;
    z_stream stream{};
    if (deflateInit(&stream, noise ? 1 : 6) != Z_OK) throw std::runtime_error("deflateInit");
    std::string content, line(row + 1, '\0');
    std::string space(1 << 16, '\0');
    std::uint32_t state = 1;
    for (std::uint32_t y = 0; y <= height; ++y) {
        for (std::size_t x = 1; noise && x <= row; ++x) {
            state = state * 1664525 + 1013904223;
            line[x] = static_cast<char>(state >> 24);
        }
        stream.next_in = reinterpret_cast<Bytef*>(line.data());
        stream.avail_in = y < height ? static_cast<uInt>(line.size()) : 0;
        int result = Z_OK;
        do {
            stream.next_out = reinterpret_cast<Bytef*>(space.data());
            stream.avail_out = static_cast<uInt>(space.size());
            result = deflate(&stream, y < height ? Z_NO_FLUSH : Z_FINISH);
            content.append(space, 0, space.size() - stream.avail_out);
        } while (stream.avail_out == 0 || (y == height && result == Z_OK));
    }
    deflateEnd(&stream);
    const std::string header = big(width) + big(height) + static_cast<char>(bits) +
                               std::string("\0\0\0", 3) + (interlaced ? '\1' : '\0');
    return "\x89PNG\r\n\x1a\n" + chunk("IHDR", header) + chunk("IDAT", content) + chunk("IEND", "");
}

std::string samplePhoto() {
    std::ifstream in(TOTEM_SOURCE_PICTURES "/andes-5.jpg", std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(in), {}};
    if (bytes.empty()) throw std::runtime_error("config/demo/andes-5.jpg is not there");
    return bytes;
}

std::string samplePdf() {
    return "%PDF-1.1\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
           "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
           "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\n"
           "trailer<</Root 1 0 R>>\n";
}

std::string typeOf(const std::string& bytes) {
    if (bytes.compare(0, 3, "\xff\xd8\xff") == 0) return "image/jpeg";
    if (bytes.compare(0, 4, "\x89PNG") == 0) return "image/png";
    if (bytes.compare(0, 4, "RIFF") == 0 && bytes.compare(8, 4, "WEBP") == 0) return "image/webp";
    if (bytes.compare(4, 8, "ftypavif") == 0) return "image/avif";
    return "?";
}

int widthOf(const std::string& bytes) {
    const std::string type = typeOf(bytes);
    if (type == "image/png") return at(bytes, 18) << 8 | at(bytes, 19);
    if (type == "image/webp" && bytes.compare(12, 4, "VP8 ") == 0)
        return (at(bytes, 27) << 8 | at(bytes, 26)) & 0x3fff;
    if (type == "image/webp" && bytes.compare(12, 4, "VP8X") == 0)
        return 1 + (at(bytes, 26) << 16 | at(bytes, 25) << 8 | at(bytes, 24));
    if (type != "image/jpeg") return 0;
    for (std::size_t i = 2; i + 9 < bytes.size();) {
        const int marker = at(bytes, i + 1);
        if (marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC)
            return at(bytes, i + 7) << 8 | at(bytes, i + 8);
        i += 2 + static_cast<std::size_t>(at(bytes, i + 2) << 8 | at(bytes, i + 3));
    }
    return 0;
}

}  // namespace totem_test
