#include "wanted.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include <totem/status.hpp>

#include "request_path.hpp"

namespace totem::images {
namespace {

[[noreturn]] void refuse(std::string_view name, std::string_view wanted) {
    throw Failure(Status::kInvalid,
                  "El parámetro " + std::string(name) + " debe ser " + std::string(wanted));
}

int wholeNumber(std::string_view name, const std::string& text, int least, int most) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < least || value > most) {
        refuse(name,
               "un número entero entre " + std::to_string(least) + " y " + std::to_string(most));
    }
    return value;
}

Fit fitOf(const std::string& text) {
    if (text == "inside" || text == "contain") return Fit::kInside;
    if (text == "cover") return Fit::kCover;
    if (text == "pad") return Fit::kPad;
    refuse("fit", "inside, cover o pad");
}

Format formatNamed(const std::string& text) {
    if (text == "auto") return Format::kAuto;
    if (text == "jpg" || text == "jpeg") return Format::kJpeg;
    if (text == "png") return Format::kPng;
    if (text == "webp") return Format::kWebp;
    if (text == "avif") return Format::kAvif;
    refuse("fm", "auto, jpg, png, webp o avif");
}

/// In hundredths.
int densityOf(const std::string& text) {
    const std::size_t point = text.find('.');
    int value = wholeNumber("dpr", text.substr(0, point), 1, 3) * 100;
    if (point != std::string::npos) {
        const std::string digits = (text.substr(point + 1) + "00").substr(0, 2);
        value += wholeNumber("dpr", digits, 0, 99);
    }
    return std::min(value, 300);
}

int timesDensity(int side, int density, int most) {
    return side == 0 ? 0 : std::clamp((side * density + 50) / 100, 1, most);
}

}  // namespace

Wanted Wanted::parse(std::string_view query, const Settings& settings) {
    Wanted wanted;
    int density = 100;
    std::vector<std::pair<std::string, std::string>> given;
    while (!query.empty()) {
        const std::size_t end = query.find('&');
        const std::string_view one = query.substr(0, end);
        const std::size_t equals = one.find('=');
        if (equals != std::string_view::npos) {
            const auto value = decodeOnce(one.substr(equals + 1));
            if (value) given.emplace_back(one.substr(0, equals), *value);
        }
        if (end == std::string_view::npos) break;
        query.remove_prefix(end + 1);
    }
    // The preset first: what else is said changes it, in whatever order it stands.
    for (const auto& [name, value] : given) {
        if (name != "preset") continue;
        const auto found = settings.presets.find(value);
        if (found == settings.presets.end()) refuse("preset", "el nombre de un tamaño configurado");
        wanted.shape = found->second;
        wanted.shaped = true;
    }
    const int most = settings.limits.side;
    for (const auto& [name, value] : given) {
        bool counts = true;
        if (name == "w") {
            wanted.shape.width = wholeNumber(name, value, 1, most);
        } else if (name == "h") {
            wanted.shape.height = wholeNumber(name, value, 1, most);
        } else if (name == "fit") {
            wanted.shape.fit = fitOf(value);
        } else if (name == "q") {
            wanted.shape.quality = wholeNumber(name, value, 1, 100);
        } else if (name == "fm") {
            wanted.shape.format = formatNamed(value);
        } else if (name == "dpr") {
            density = densityOf(value);
        } else {
            counts = false;
            if (name == "v") wanted.version = value;
            if (name == "s") wanted.signature = value;
            if (name == "e")
                std::from_chars(value.data(), value.data() + value.size(), wanted.expires);
        }
        wanted.shaped |= counts;
        wanted.free |= counts;
    }
    wanted.shape.width = timesDensity(wanted.shape.width, density, most);
    wanted.shape.height = timesDensity(wanted.shape.height, density, most);
    return wanted;
}

void Wanted::snap(const Settings& settings) {
    if (!free) return;
    std::vector<int> steps{180, 300, 480, 640, 800, 1080, 1280, 1600, 2048};
    for (const auto& [name, preset] : settings.presets) {
        for (const int side : {preset.width, preset.height}) {
            if (side != 0) steps.push_back(side);
        }
    }
    std::sort(steps.begin(), steps.end());
    const auto up = [&steps](int side) {
        if (side == 0) return 0;
        const auto next = std::lower_bound(steps.begin(), steps.end(), side);
        return next == steps.end() ? steps.back() : *next;
    };
    shape.width = up(shape.width);
    shape.height = up(shape.height);
    shape.quality = 0;
}

std::string Wanted::signedText() const {
    std::string text =
        "w" + std::to_string(shape.width) + "h" + std::to_string(shape.height) + "f" +
        std::to_string(static_cast<int>(shape.fit)) + "q" + std::to_string(shape.quality) + "m" +
        std::to_string(static_cast<int>(shape.format)) + "b" + std::to_string(shape.maxBytes);
    return text + "e" + std::to_string(expires);
}

std::optional<Rendition> renditionFor(const Wanted& wanted, Kind source, Accepts accepts) {
    if (source == Kind::kOther || (source == Kind::kPdf && !wanted.shaped)) return std::nullopt;
    Rendition rendition;
    rendition.width = wanted.shape.width;
    rendition.height = wanted.shape.height;
    rendition.fit = rendition.width != 0 && rendition.height != 0 ? wanted.shape.fit : Fit::kInside;
    rendition.quality = wanted.shape.quality;
    rendition.maxBytes = wanted.shape.maxBytes;
    rendition.format = wanted.shape.format;
    if (rendition.format != Format::kAuto) return rendition;
    // GIF and WebP may move, which AVIF as written here does not.
    const bool mayMove = source == Kind::kGif || source == Kind::kWebp;
    if (accepts == Accepts::kAvif && !mayMove) {
        rendition.format = Format::kAvif;
    } else if (accepts != Accepts::kOriginal) {
        rendition.format = Format::kWebp;
    } else {
        rendition.format = formatOf(source);
        if (source == Kind::kGif) rendition.format = Format::kPng;
        if (source == Kind::kPdf) rendition.format = Format::kJpeg;
    }
    if (!wanted.shaped && (accepts == Accepts::kOriginal || source == Kind::kWebp))
        return std::nullopt;
    return rendition;
}

bool isNegotiated(const Wanted& wanted, Kind source) {
    if (source == Kind::kOther || (source == Kind::kPdf && !wanted.shaped)) return false;
    return wanted.shape.format == Format::kAuto;
}

}  // namespace totem::images
