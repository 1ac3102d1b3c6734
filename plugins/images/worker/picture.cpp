#include "picture.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <vips/vips8>

namespace totem::images {
namespace {

using vips::VImage;
using vips::VOption;

struct TooLarge : std::runtime_error {
    using std::runtime_error::runtime_error;
};

constexpr int kUsualQuality = 80;
constexpr int kUsualAvifQuality = 50;
constexpr int kLeastQuality = 40;
constexpr double kPdfDpi = 150;

constexpr const char* kEmptyPage =
    "%PDF-1.1\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\n"
    "trailer<</Root 1 0 R>>\n";

const char* loaderOf(Kind kind) {
    switch (kind) {
        case Kind::kJpeg:
            return "jpegload_buffer";
        case Kind::kPng:
            return "pngload_buffer";
        case Kind::kGif:
            return "gifload_buffer";
        case Kind::kWebp:
            return "webpload_buffer";
        case Kind::kPdf:
            return "pdfload_buffer";
        case Kind::kOther:
            break;
    }
    throw std::invalid_argument("not a kind of picture");
}

/// The named loader, never one that libvips picks by looking at the bytes itself.
VImage load(Kind kind, std::string_view bytes, VOption* options) {
    VImage out;
    VipsBlob* blob = vips_blob_new(nullptr, bytes.data(), bytes.size());
    options->set("buffer", blob)->set("out", &out);
    vips_area_unref(VIPS_AREA(blob));
    VImage::call(loaderOf(kind), options);
    return out;
}

int number(const VImage& image, const char* field, int otherwise) {
    return image.get_typeof(field) == G_TYPE_INT ? image.get_int(field) : otherwise;
}

bool isInterlaced(const VImage& image) {
    return number(image, "interlaced", 0) != 0 || number(image, "jpeg-multiscan", 0) != 0;
}

/// One source that is looked at before anything of it is decoded.
class Picture {
public:
    Picture(const RenderJob& job, std::string_view bytes) : job_(job), bytes_(bytes) {
        const VImage header = load(job.kind, bytes, options(1));
        width_ = header.width();
        height_ = header.height();
        frames_ = std::max(1, number(header, "n-pages", 1));
        if (job.kind == Kind::kPdf) frames_ = 1;
        const auto pixels =
            static_cast<std::uint64_t>(width_) * static_cast<std::uint64_t>(height_);
        if (pixels > job.pixels || (isInterlaced(header) && pixels > job.interlacedPixels))
            throw TooLarge("too many pixels");
        if (frames_ > job.frames || pixels * static_cast<std::uint64_t>(frames_) > job.pixels) {
            frames_ = 1;
        }
        turned_ = number(header, "orientation", 1) >= 5;
    }

    std::uint64_t bytes() const { return bytes_.size(); }
    /// A picture that stays in its format must not grow. In another one that may be the price.
    bool mayGrowIn(Format format) const {
        return formatOf(job_.kind) != format || format == Format::kPng;
    }
    int frames() const { return frames_; }
    /// As it is shown, with its orientation.
    int width() const { return turned_ ? height_ : width_; }
    int height() const { return turned_ ? width_ : height_; }

    /// Decoded, upright, in sRGB and scaled; never enlarged.
    VImage scaled(const Rendition& wanted, bool moving, double shrink) const {
        const Size size = sizeFor(wanted, shrink);
        VImage image = load(job_.kind, bytes_, optionsFor(size, moving));
        VOption* how = VImage::option()->set("height", size.height)->set("size", VIPS_SIZE_DOWN);
        // What says nothing of its colours has those of the web already. The transformation would
        // take almost as long as all the rest.
        if (image.get_typeof(VIPS_META_ICC_NAME) != 0) how->set("export_profile", "srgb");
        if (wanted.fit == Fit::kCover && frames_ == 1) how->set("crop", VIPS_INTERESTING_ATTENTION);
        if (wanted.fit == Fit::kCover && frames_ > 1 && moving)
            how->set("crop", VIPS_INTERESTING_CENTRE);
        image = image.thumbnail_image(size.width, how);
        if (image.interpretation() != VIPS_INTERPRETATION_sRGB &&
            image.interpretation() != VIPS_INTERPRETATION_B_W) {
            image = image.colourspace(VIPS_INTERPRETATION_sRGB);
        }
        if (image.format() != VIPS_FORMAT_UCHAR) image = image.cast(VIPS_FORMAT_UCHAR);
        if (wanted.fit == Fit::kPad && !moving) image = padded(image, size);
        return image;
    }

private:
    struct Size {
        int width, height;
    };

    VOption* options(int frames) const {
        VOption* list = VImage::option();
        list->set("fail_on", job_.strict ? VIPS_FAIL_ON_TRUNCATED : VIPS_FAIL_ON_NONE);
        if (job_.kind == Kind::kGif || job_.kind == Kind::kWebp) list->set("n", frames);
        if (job_.kind == Kind::kPdf) list->set("dpi", kPdfDpi);
        return list;
    }

    /// Lets the decoder do the coarse part of a reduction, as far as quality does not suffer.
    VOption* optionsFor(Size size, bool moving) const {
        VOption* list = options(moving ? frames_ : 1);
        const double factor = std::min(static_cast<double>(width()) / size.width,
                                       static_cast<double>(height()) / size.height);
        if (job_.kind == Kind::kJpeg) {
            const int shrink = factor >= 16 ? 8 : factor >= 8 ? 4 : factor >= 4 ? 2 : 1;
            list->set("shrink", shrink);
        }
        return list;
    }

    Size sizeFor(const Rendition& wanted, double shrink) const {
        const auto bounded = [&](int side) {
            return std::clamp(static_cast<int>(std::lround(side * shrink)), 1, job_.side);
        };
        Size size{wanted.width, wanted.height};
        if (size.width == 0 && size.height == 0) size = {width(), height()};
        // The side that was not given is free, up to what a rendition may have.
        size.width = size.width == 0 ? job_.side : bounded(size.width);
        size.height = size.height == 0 ? job_.side : bounded(size.height);
        return size;
    }

    static VImage padded(const VImage& image, Size size) {
        const VImage flat =
            image.has_alpha() ? image.flatten(VImage::option()->set("background", 255)) : image;
        return flat.gravity(
            VIPS_COMPASS_DIRECTION_CENTRE, std::max(size.width, flat.width()),
            std::max(size.height, flat.height()),
            VImage::option()->set("extend", VIPS_EXTEND_BACKGROUND)->set("background", 255));
    }

    const RenderJob& job_;
    const std::string_view bytes_;
    int width_ = 0, height_ = 0, frames_ = 1;
    bool turned_ = false;
};

std::string taken(VipsBlob* blob) {
    std::size_t size = 0;
    const void* bytes = vips_blob_get(blob, &size);
    std::string text(static_cast<const char*>(bytes), size);
    vips_area_unref(VIPS_AREA(blob));
    return text;
}

/// Without place, camera, names and whatever else a picture brings along, and without its profile,
/// which it needs no more. "strip" alone leaves EXIF data in a WebP.
VImage bare(const VImage& image) {
    const VImage copy = image.copy();
    for (const char* field :
         {VIPS_META_XMP_NAME, VIPS_META_IPTC_NAME, VIPS_META_PHOTOSHOP_NAME, VIPS_META_ICC_NAME})
        copy.remove(field);
    // The block itself and the fields that savers would write it from anew.
    gchar** fields = vips_image_get_fields(copy.get_image());
    for (gchar** field = fields; *field != nullptr; ++field) {
        if (std::strncmp(*field, "exif-", 5) == 0) copy.remove(*field);
    }
    g_strfreev(fields);
    return copy;
}

std::string encoded(const VImage& picture, Format format, int quality, bool thorough) {
    const VImage image = bare(picture);
    VOption* how = VImage::option()->set("strip", true);
    switch (format) {
        case Format::kJpeg:
            how->set("Q", quality)->set("optimize_coding", true)->set("background", 255);
            return taken(image.jpegsave_buffer(how));
        case Format::kPng:
            how->set("compression", thorough ? 9 : 6);
            return taken(image.pngsave_buffer(how));
        case Format::kWebp:
            how->set("Q", quality)->set("effort", thorough ? 4 : 2);
            return taken(image.webpsave_buffer(how));
        case Format::kAvif:
            how->set("Q", quality)
                ->set("compression", VIPS_FOREIGN_HEIF_COMPRESSION_AV1)
                ->set("effort", thorough ? 2 : 1);
            return taken(image.heifsave_buffer(how));
        case Format::kAuto:
            break;
    }
    throw std::invalid_argument("not a format to write");
}

/// One rendition: worse until it has no more bytes than the source, where it may not grow, and
/// worse, then smaller, until it fits into the bytes that are a condition.
std::string make(const Picture& picture, const Rendition& wanted, bool thorough,
                 RenderReply::Output& about) {
    const bool moving = wanted.format == Format::kWebp && picture.frames() > 1;
    const bool opaque = wanted.format == Format::kJpeg;
    const int usual = wanted.format == Format::kAvif ? kUsualAvifQuality : kUsualQuality;
    const int first = wanted.quality != 0 ? wanted.quality : usual;
    const std::uint64_t most = wanted.maxBytes != 0 ? wanted.maxBytes : UINT64_MAX;
    const std::uint64_t good =
        picture.mayGrowIn(wanted.format) ? most : std::min(most, picture.bytes());
    std::string best;
    for (double shrink = 1; shrink > 0.2; shrink *= 0.75) {
        VImage image = picture.scaled(wanted, moving, shrink);
        if (opaque && image.has_alpha())
            image = image.flatten(VImage::option()->set("background", 255));
        // Encoded more than once, perhaps: decode and scale only once.
        if (good != UINT64_MAX) image = image.copy_memory();
        for (int quality = first;; quality -= 10) {
            std::string bytes = encoded(image, wanted.format, quality, thorough);
            if (best.empty() || bytes.size() < best.size()) {
                best = std::move(bytes);
                about.width = image.width();
                about.height =
                    moving ? number(image, "page-height", image.height()) : image.height();
            }
            if (best.size() <= good) return best;
            if (wanted.format == Format::kPng || quality - 10 < std::min(first, kLeastQuality))
                break;
        }
        // Only where the bytes are a condition is a smaller picture better than a heavy one.
        if (best.size() <= most || (wanted.width == 0 && wanted.height == 0)) break;
    }
    return best;
}

}  // namespace

void startVips(const char* program, bool pdf) {
    if (VIPS_INIT(program) != 0) throw std::runtime_error("libvips cannot be started");
    vips_concurrency_set(1);
    vips_cache_set_max(0);
    vips_block_untrusted_set(TRUE);
    for (const char* loader : {"VipsForeignLoadTiff", "VipsForeignLoadHeif"})
        vips_operation_block_set(loader, TRUE);
    if (!pdf) return;
    for (const char* loader : {"VipsForeignLoadJpeg", "VipsForeignLoadPng", "VipsForeignLoadNsgif",
                               "VipsForeignLoadWebp"})
        vips_operation_block_set(loader, TRUE);
    vips_operation_block_set("VipsForeignLoadPdf", FALSE);
}

void warmUp(bool pdf) {
    // Not whole multiples, so that scaling takes the vector code, which is compiled at run time in
    // memory that has to be there before.
    const VImage noise =
        VImage::gaussnoise(160, 120, VImage::option()->set("mean", 128.0)).cast(VIPS_FORMAT_UCHAR);
    const VImage color =
        noise.bandjoin({noise, noise})
            .copy(VImage::option()->set("interpretation", VIPS_INTERPRETATION_sRGB));
    RenderJob job;
    job.kind = pdf ? Kind::kPdf : Kind::kJpeg;
    job.pixels = job.interlacedPixels = 10'000'000;
    job.side = 4096;
    job.outputs = {{50, 0, Fit::kInside, 0, Format::kWebp, 0},
                   {70, 70, Fit::kCover, 0, Format::kAvif, 0}};
    std::vector<std::string> outputs;
    const std::string source = pdf ? kEmptyPage : encoded(color, Format::kJpeg, 80, false);
    if (!render(job, source, outputs).refused.empty())
        throw std::runtime_error("the warm-up picture was refused");
}

RenderReply render(const RenderJob& job, std::string_view source,
                   std::vector<std::string>& outputs) {
    RenderReply reply;
    outputs.clear();
    try {
        const Picture picture(job, source);
        reply.width = picture.width();
        reply.height = picture.height();
        reply.frames = picture.frames();
        for (const Rendition& wanted : job.outputs) {
            RenderReply::Output about;
            outputs.push_back(make(picture, wanted, job.thorough, about));
            about.length = outputs.back().size();
            reply.outputs.push_back(about);
        }
        if (job.outputs.empty()) {
            // An examination: every row is decoded, and thrown away.
            Rendition whole;
            whole.format = Format::kPng;
            picture.scaled(whole, false, 1).avg();
        }
    } catch (const TooLarge&) {
        reply.refused = "too-large";
    } catch (const vips::VError&) {
        reply.refused = "broken";
    }
    // The messages gather in one buffer of the whole process.
    vips_error_clear();
    if (!reply.refused.empty()) {
        outputs.clear();
        reply.outputs.clear();
    }
    return reply;
}

}  // namespace totem::images
