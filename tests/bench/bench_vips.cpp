// The bare libvips call that a cold rendition is compared with, and the pictures of the bench.
//   bench_vips pictures FOLDER   photo.jpg (1600×1600), bomb.png (30000×30000), 4k, 60k and 1m.jpg
//   bench_vips call FILE WIDTH   milliseconds of one WebP of that width, median of 15

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>
#include <vips/vips8>

using vips::VImage;
using Clock = std::chrono::steady_clock;

namespace {

void write(const std::string& path, std::string bytes, std::size_t size = 0) {
    // What stands behind the end of a JPEG is no part of the picture.
    if (size != 0) bytes.resize(size, '\0');
    std::ofstream(path, std::ios::binary) << bytes;
}

std::string jpegOf(const VImage& image, int quality) {
    VipsBlob* blob = image.jpegsave_buffer(VImage::option()->set("Q", quality)->set("strip", true));
    std::size_t size = 0;
    const void* bytes = vips_blob_get(blob, &size);
    std::string text(static_cast<const char*>(bytes), size);
    vips_area_unref(VIPS_AREA(blob));
    return text;
}

/// Soft shapes and a grain: about as many bytes as a photograph.
VImage photo(int side) {
    const auto band = [side](int cell) {
        const VImage shapes = VImage::perlin(side, side, VImage::option()->set("cell_size", cell));
        const VImage grain = VImage::gaussnoise(side, side, VImage::option()->set("sigma", 4.0));
        return (shapes * 100 + 128 + grain).cast(VIPS_FORMAT_UCHAR);
    };
    return band(400).bandjoin({band(300), band(200)}).copy(
        VImage::option()->set("interpretation", VIPS_INTERPRETATION_sRGB));
}

void makePictures(const std::string& folder) {
    const VImage large = photo(1600);
    write(folder + "/photo.jpg", jpegOf(large, 85));
    const std::string small = jpegOf(large.resize(0.02), 60);
    for (const auto& [name, size] : {std::pair{"4k", 4096}, {"60k", 61440}, {"1m", 1 << 20}})
        write(folder + "/" + name + ".jpg", small, static_cast<std::size_t>(size));
    VImage::black(30000, 30000)
        .cast(VIPS_FORMAT_UCHAR)
        .pngsave((folder + "/bomb.png").c_str(),
                 VImage::option()->set("bitdepth", 1)->set("palette", false));
}

double callMs(const std::string& bytes, int width) {
    const auto begin = Clock::now();
    VipsBlob* source = vips_blob_new(nullptr, bytes.data(), bytes.size());
    const VImage image =
        VImage::thumbnail_buffer(source, width, VImage::option()->set("size", VIPS_SIZE_DOWN));
    vips_area_unref(VIPS_AREA(source));
    VipsBlob* made = image.webpsave_buffer(
        VImage::option()->set("Q", 80)->set("effort", 2)->set("strip", true));
    vips_area_unref(VIPS_AREA(made));
    return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

}  // namespace

int main(int argc, char** argv) {
    if (VIPS_INIT(argv[0]) != 0) return 1;
    vips_concurrency_set(1);
    vips_cache_set_max(0);
    if (argc == 3 && std::strcmp(argv[1], "pictures") == 0) {
        makePictures(argv[2]);
        return 0;
    }
    if (argc != 4 || std::strcmp(argv[1], "call") != 0) {
        std::fprintf(stderr, "bench_vips pictures FOLDER | call FILE WIDTH\n");
        return 64;
    }
    std::ifstream in(argv[2], std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    std::vector<double> times;
    for (int i = 0; i < 15; ++i) times.push_back(callMs(bytes, std::stoi(argv[3]) + i));
    std::nth_element(times.begin(), times.begin() + 7, times.end());
    std::printf("%.1f\n", times[7]);
    return 0;
}
