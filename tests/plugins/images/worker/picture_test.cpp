// What comes out of a picture: upright, in sRGB, without metadata, as large as asked.

#include <catch2/catch.hpp>
#include <string>
#include <vips/vips8>

#include "picture.hpp"

using namespace totem::images;
using vips::VImage;
using vips::VOption;

namespace {

/// libvips as the worker starts it, once for all tests.
void start() {
    static const bool started = [] {
        startVips("images_picture", false);
        return true;
    }();
    static_cast<void>(started);
}

std::string saved(const VImage& image, const char* format, VOption* how = VImage::option()) {
    void* bytes = nullptr;
    std::size_t size = 0;
    image.write_to_buffer(format, &bytes, &size, how);
    std::string text(static_cast<const char*>(bytes), size);
    g_free(bytes);
    return text;
}

VImage opened(const std::string& bytes, VOption* how = VImage::option()) {
    return VImage::new_from_buffer(bytes.data(), bytes.size(), "", how).copy_memory();
}

/// One colour, with some grain where `sigma` asks for it.
VImage plain(int width, int height, std::vector<double> colour, double sigma = 0) {
    VImage image = VImage::black(width, height) + colour;
    if (sigma > 0)
        image = image + VImage::gaussnoise(width, height, VImage::option()->set("sigma", sigma));
    return image.cast(VIPS_FORMAT_UCHAR)
        .copy(VImage::option()->set("interpretation", VIPS_INTERPRETATION_sRGB));
}

struct Made {
    RenderReply reply;
    std::string bytes;
    VImage image() const { return opened(bytes); }
    std::vector<double> colour() const {
        const VImage decoded = image();
        return decoded.getpoint(decoded.width() / 2, decoded.height() / 2);
    }
};

Made made(Kind kind, const std::string& source, Rendition wanted) {
    start();
    RenderJob job;
    job.kind = kind;
    job.pixels = 50'000'000;
    job.interlacedPixels = 12'000'000;
    job.frames = 60;
    job.side = 4096;
    job.outputs = {wanted};
    std::vector<std::string> outputs;
    Made result{render(job, source, outputs), {}};
    if (!outputs.empty()) result.bytes = outputs.front();
    return result;
}

bool isNear(double value, double wanted) {
    return value > wanted - 12 && value < wanted + 12;
}

}  // namespace

TEST_CASE("a picture comes out upright and without its metadata") {
    start();
    VImage photo = plain(400, 200, {200, 100, 50}, 10).copy();
    photo.set("orientation", 6);
    photo.set("exif-ifd0-Orientation", "6");
    photo.set("exif-ifd3-GPSLatitude", "12/1 2/1 43/1");
    photo.set("exif-ifd0-Artist", "somebody's name");
    const std::string source = saved(photo, ".jpg");
    REQUIRE(opened(source).get_typeof("exif-ifd3-GPSLatitude") != 0);
    REQUIRE(source.find("somebody's name") != std::string::npos);
    for (const Format format : {Format::kJpeg, Format::kWebp, Format::kPng}) {
        const Made result = made(Kind::kJpeg, source, {100, 0, Fit::kInside, 0, format, 0});
        CHECK(result.reply.width == 200);
        CHECK(result.reply.height == 400);
        CHECK(result.image().width() == 100);
        CHECK(result.image().height() == 200);
        CAPTURE(std::string(endingOf(format)));
        // A WebP gets a block of its own, which knows the resolution and nothing else.
        CHECK(result.image().get_typeof("exif-ifd3-GPSLatitude") == 0);
        CHECK(result.image().get_typeof("exif-ifd0-Artist") == 0);
        CHECK(result.bytes.find("somebody") == std::string::npos);
    }
}

TEST_CASE("colours of a profile become those of the web, and none is kept") {
    start();
    // Full green of Display P3 lies outside sRGB; without conversion it would stay a dull 0,255,0.
    const VImage wide = plain(64, 64, {200, 60, 60})
                            .icc_transform("p3", VImage::option()->set("input_profile", "srgb"));
    const std::string source = saved(wide, ".png");
    REQUIRE(opened(source).get_typeof(VIPS_META_ICC_NAME) != 0);
    REQUIRE(opened(source).getpoint(32, 32)[0] < 195);
    const Made result = made(Kind::kPng, source, {32, 0, Fit::kInside, 95, Format::kPng, 0});
    CHECK(isNear(result.colour()[0], 200));
    CHECK(isNear(result.colour()[1], 60));
    CHECK(result.image().get_typeof(VIPS_META_ICC_NAME) == 0);
}

TEST_CASE("a picture for printers becomes one for screens, with a profile or without") {
    start();
    VImage print = plain(64, 64, {200, 60, 60})
                       .icc_transform("cmyk", VImage::option()->set("input_profile", "srgb"));
    for (const bool tagged : {true, false}) {
        if (!tagged) {
            print = print.copy();
            print.remove(VIPS_META_ICC_NAME);
        }
        const std::string source = saved(print, ".jpg", VImage::option()->set("Q", 95));
        REQUIRE(opened(source).bands() == 4);
        const Made result = made(Kind::kJpeg, source, {32, 0, Fit::kInside, 95, Format::kJpeg, 0});
        CAPTURE(tagged);
        CHECK(result.image().bands() == 3);
        CHECK(result.colour()[0] > 150);
        CHECK(result.colour()[1] < 110);
    }
}

TEST_CASE("what shines through is white in a JPEG, and stays in formats that can") {
    start();
    const VImage clear = plain(64, 64, {10, 10, 10}).bandjoin(0);
    const std::string source = saved(clear, ".png");
    const Made jpeg = made(Kind::kPng, source, {32, 0, Fit::kInside, 0, Format::kJpeg, 0});
    CHECK(jpeg.image().bands() == 3);
    CHECK(isNear(jpeg.colour()[0], 255));
    CHECK(made(Kind::kPng, source, {32, 0, Fit::kInside, 0, Format::kWebp, 0}).image().bands() ==
          4);
    CHECK(made(Kind::kPng, source, {32, 0, Fit::kInside, 0, Format::kPng, 0}).image().bands() == 4);
}

TEST_CASE("an animation stays one as WebP, and is its first frame elsewhere") {
    start();
    VImage frames = VImage::arrayjoin({plain(60, 40, {255, 0, 0}), plain(60, 40, {0, 255, 0}),
                                       plain(60, 40, {0, 0, 255})},
                                      VImage::option()->set("across", 1))
                        .copy();
    frames.set("page-height", 40);
    const std::string source = saved(frames, ".gif");
    const Made webp = made(Kind::kGif, source, {30, 0, Fit::kInside, 0, Format::kWebp, 0});
    CHECK(webp.reply.frames == 3);
    const VImage all = opened(webp.bytes, VImage::option()->set("n", -1));
    CHECK(all.width() == 30);
    CHECK(all.get_int("page-height") == 20);
    CHECK(all.height() == 60);
    const Made png = made(Kind::kGif, source, {30, 0, Fit::kInside, 0, Format::kPng, 0});
    CHECK(png.image().height() == 20);
    CHECK(isNear(png.colour()[0], 255));
}

TEST_CASE("a picture that keeps its format does not grow; in another format it keeps its size") {
    start();
    const VImage photo = plain(600, 400, {120, 130, 140}, 25);
    const std::string heavy = saved(photo, ".jpg", VImage::option()->set("Q", 55));
    const Made same = made(Kind::kJpeg, heavy, {600, 0, Fit::kInside, 90, Format::kJpeg, 0});
    CHECK(same.bytes.size() <= heavy.size());
    CHECK(same.image().width() == 600);
    // Fine lines are far smaller as a PNG than as any JPEG, which is no reason to shrink them.
    const VImage lines = (VImage::xyz(1000, 300)[0] % 2 * 255).cast(VIPS_FORMAT_UCHAR);
    const std::string drawn =
        saved(lines.copy(VImage::option()->set("interpretation", VIPS_INTERPRETATION_B_W)), ".png");
    const Made jpeg = made(Kind::kPng, drawn, {1000, 0, Fit::kInside, 0, Format::kJpeg, 0});
    CHECK(jpeg.bytes.size() > drawn.size());
    CHECK(jpeg.image().width() == 1000);
}

TEST_CASE("where bytes are a condition, quality goes first and then size") {
    start();
    const std::string source =
        saved(plain(1600, 1600, {120, 130, 140}, 60), ".jpg", VImage::option()->set("Q", 95));
    for (const std::uint64_t most : {500'000u, 100'000u, 20'000u}) {
        const Made result =
            made(Kind::kJpeg, source, {1600, 1600, Fit::kInside, 0, Format::kJpeg, most});
        CAPTURE(most);
        CHECK(result.bytes.size() <= most);
        CHECK(result.image().width() == result.reply.outputs.front().width);
    }
}

TEST_CASE("each fit gives the size that was asked, and nothing is enlarged") {
    start();
    const std::string source = saved(plain(400, 200, {200, 100, 50}, 10), ".jpg");
    struct Row {
        Rendition wanted;
        int width, height;
    };
    for (const Row& row : {Row{{100, 100, Fit::kInside, 0, Format::kPng, 0}, 100, 50},
                           Row{{100, 100, Fit::kCover, 0, Format::kPng, 0}, 100, 100},
                           Row{{100, 100, Fit::kPad, 0, Format::kPng, 0}, 100, 100},
                           Row{{0, 50, Fit::kInside, 0, Format::kPng, 0}, 100, 50},
                           Row{{0, 0, Fit::kInside, 0, Format::kPng, 0}, 400, 200},
                           Row{{1000, 0, Fit::kInside, 0, Format::kPng, 0}, 400, 200}}) {
        const Made result = made(Kind::kJpeg, source, row.wanted);
        CAPTURE(row.wanted.canonical());
        CHECK(result.image().width() == row.width);
        CHECK(result.image().height() == row.height);
    }
}

TEST_CASE("what is not to be read is refused: too many pixels, broken, another kind than it says") {
    start();
    RenderJob job;
    job.kind = Kind::kPng;
    job.pixels = 10'000;
    job.interlacedPixels = 1'000;
    job.frames = 60;
    job.side = 4096;
    std::vector<std::string> outputs;
    const VImage image = plain(90, 90, {1, 2, 3});
    CHECK(render(job, saved(image, ".png"), outputs).refused.empty());
    CHECK(render(job, saved(image, ".png", VImage::option()->set("interlace", true)), outputs)
              .refused == "too-large");
    CHECK(render(job, saved(plain(200, 90, {1, 2, 3}), ".png"), outputs).refused == "too-large");
    job.strict = true;
    const std::string whole = saved(plain(90, 90, {1, 2, 3}, 20), ".png");
    CHECK(render(job, whole.substr(0, whole.size() / 2), outputs).refused == "broken");
    CHECK(render(job, saved(image, ".jpg"), outputs).refused == "broken");
    CHECK(render(job, "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>", outputs)
              .refused == "broken");
    CHECK(render(job, "", outputs).refused == "broken");
}
