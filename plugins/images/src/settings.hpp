#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace totem::images {

enum class Fit { kInside, kCover, kPad };
enum class Format { kAuto, kJpeg, kPng, kWebp, kAvif };

/// A named rendition. 0: not limited, or the default of the format.
struct Preset {
    int width = 0;
    int height = 0;
    Fit fit = Fit::kInside;
    int quality = 0;
    Format format = Format::kAuto;
    std::uint64_t maxBytes = 0;
};

/// What may be asked on one listener.
struct ListenerPolicy {
    enum class Sizes { kAny, kSnap, kSigned };
    bool readsNeedToken = false;
    Sizes sizes = Sizes::kAny;
};

struct Limits {
    std::uint64_t sourceBytes = 20u << 20;
    std::uint64_t pdfBytes = 50u << 20;
    std::uint64_t pixels = 50'000'000;
    std::uint64_t interlacedPixels = 12'000'000;
    int frames = 60;
    int side = 4096;
    int transformations = 0;  ///< 0: one per core
    int queue = 64;
    int perClientPerMinute = 120;  ///< 0: no limit
};

/// What the pictures need of the configuration; the catalogue reads its own part.
struct Settings {
    std::string root;       ///< holds catalogos/
    std::string timezone;   ///< IANA name
    std::string publicUrl;  ///< without a slash at its end; may be empty
    std::vector<std::string> tokens;
    std::vector<std::string> signingKeys;
    std::string cacheFolder;
    std::uint64_t cacheBytes = 0;
    std::uint64_t memoryBytes = 0;
    bool presetsAhead = true;
    std::map<std::string, ListenerPolicy, std::less<>> listeners;
    std::map<std::string, Preset, std::less<>> presets;
    Limits limits;

    const ListenerPolicy& policy(std::string_view listener) const;
};

/// `json` fits the schema. Throws Failure (kInvalid) for what a schema cannot say.
Settings parseSettings(std::string_view json);

}  // namespace totem::images
