#include "settings.hpp"

#include <totem/json.hpp>

namespace totem::images {
namespace {

Fit fitOf(const std::string& name) {
    return name == "cover" ? Fit::kCover : name == "pad" ? Fit::kPad : Fit::kInside;
}

Format formatOf(const std::string& name) {
    if (name == "jpeg") return Format::kJpeg;
    if (name == "png") return Format::kPng;
    if (name == "webp") return Format::kWebp;
    if (name == "avif") return Format::kAvif;
    return Format::kAuto;
}

Preset presetOf(const Json& json) {
    Preset preset;
    preset.width = json.value("width", 0);
    preset.height = json.value("height", 0);
    preset.fit = fitOf(json.value("fit", "inside"));
    preset.quality = json.value("quality", 0);
    preset.format = formatOf(json.value("format", "auto"));
    preset.maxBytes = json.value("max_bytes", std::uint64_t{0});
    return preset;
}

ListenerPolicy policyOf(const Json& json) {
    ListenerPolicy policy;
    policy.readsNeedToken = json.value("reads", "open") == "token";
    const std::string sizes = json.value("sizes", "any");
    if (sizes == "snap") policy.sizes = ListenerPolicy::Sizes::kSnap;
    if (sizes == "signed") policy.sizes = ListenerPolicy::Sizes::kSigned;
    return policy;
}

Limits limitsOf(const Json& json) {
    const Limits usual;
    Limits limits;
    limits.sourceBytes = json.value("source_mb", usual.sourceBytes >> 20) << 20;
    limits.pdfBytes = json.value("pdf_mb", usual.pdfBytes >> 20) << 20;
    limits.pixels = json.value("megapixels", usual.pixels / 1'000'000) * 1'000'000;
    limits.interlacedPixels =
        json.value("interlaced_megapixels", usual.interlacedPixels / 1'000'000) * 1'000'000;
    limits.frames = json.value("frames", usual.frames);
    limits.side = json.value("side", usual.side);
    limits.transformations = json.value("transformations", usual.transformations);
    limits.queue = json.value("queue", usual.queue);
    limits.perClientPerMinute = json.value("per_client_per_minute", usual.perClientPerMinute);
    return limits;
}

std::map<std::string, Preset, std::less<>> bundledPresets() {
    Preset list, detail, whatsapp;
    list.width = 180;
    detail.width = 300;
    // WhatsApp takes JPEG and PNG up to 5 MB, and shows no more pixels than these.
    whatsapp.width = whatsapp.height = 1600;
    whatsapp.format = Format::kJpeg;
    whatsapp.maxBytes = 5'000'000;
    return {{"listado", list}, {"detalle", detail}, {"whatsapp", whatsapp}};
}

}  // namespace

const ListenerPolicy& Settings::policy(std::string_view listener) const {
    static const ListenerPolicy usual;
    const auto found = listeners.find(listener);
    return found == listeners.end() ? usual : found->second;
}

Settings parseSettings(std::string_view text) {
    const Json json = parseJson(text);
    Settings settings;
    settings.root = json.value("root", "/var/lib/totemd/images");
    settings.timezone = json.value("timezone", "America/Lima");
    settings.publicUrl = json.value("public_url", "");
    while (!settings.publicUrl.empty() && settings.publicUrl.back() == '/')
        settings.publicUrl.pop_back();
    settings.tokens = json.value("tokens", std::vector<std::string>());
    settings.signingKeys = json.value("signing_keys", std::vector<std::string>());
    const Json cache = json.value("cache", Json::object());
    settings.cacheFolder = cache.value("directory", "/var/cache/totemd/images");
    settings.cacheBytes = cache.value("disk_mb", std::uint64_t{1024}) << 20;
    settings.memoryBytes = cache.value("memory_mb", std::uint64_t{32}) << 20;
    settings.presetsAhead = json.value("presets_ahead", true);
    const Json listeners = json.value("listeners", Json::object());
    for (const auto& [name, entry] : listeners.items())
        settings.listeners[name] = policyOf(entry);
    settings.presets = bundledPresets();
    const Json presets = json.value("presets", Json::object());
    for (const auto& [name, entry] : presets.items())
        settings.presets[name] = presetOf(entry);
    settings.limits = limitsOf(json.value("limits", Json::object()));
    return settings;
}

}  // namespace totem::images
