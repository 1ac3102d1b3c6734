#include "render_job.hpp"

#include <totem/json.hpp>

namespace totem::images {

std::string RenderJob::text() const {
    Json list = Json::array();
    for (const Rendition& output : outputs) {
        list.push_back({{"width", output.width},
                        {"height", output.height},
                        {"fit", static_cast<int>(output.fit)},
                        {"quality", output.quality},
                        {"format", static_cast<int>(output.format)},
                        {"max_bytes", output.maxBytes}});
    }
    return dumpJson({{"kind", static_cast<int>(kind)},
                     {"strict", strict},
                     {"thorough", thorough},
                     {"pixels", pixels},
                     {"interlaced_pixels", interlacedPixels},
                     {"frames", frames},
                     {"side", side},
                     {"outputs", std::move(list)}});
}

RenderJob RenderJob::parse(std::string_view text) {
    const Json json = parseJson(text);
    RenderJob job;
    job.kind = static_cast<Kind>(json.at("kind").get<int>());
    job.strict = json.at("strict").get<bool>();
    job.thorough = json.at("thorough").get<bool>();
    job.pixels = json.at("pixels").get<std::uint64_t>();
    job.interlacedPixels = json.at("interlaced_pixels").get<std::uint64_t>();
    job.frames = json.at("frames").get<int>();
    job.side = json.at("side").get<int>();
    for (const Json& entry : json.at("outputs")) {
        Rendition output;
        output.width = entry.at("width").get<int>();
        output.height = entry.at("height").get<int>();
        output.fit = static_cast<Fit>(entry.at("fit").get<int>());
        output.quality = entry.at("quality").get<int>();
        output.format = static_cast<Format>(entry.at("format").get<int>());
        output.maxBytes = entry.at("max_bytes").get<std::uint64_t>();
        job.outputs.push_back(output);
    }
    return job;
}

std::string RenderReply::text() const {
    Json list = Json::array();
    for (const Output& output : outputs) {
        list.push_back(
            {{"length", output.length}, {"width", output.width}, {"height", output.height}});
    }
    return dumpJson({{"refused", refused},
                     {"width", width},
                     {"height", height},
                     {"frames", frames},
                     {"outputs", std::move(list)}});
}

RenderReply RenderReply::parse(std::string_view text) {
    const Json json = parseJson(text);
    RenderReply reply;
    reply.refused = json.at("refused").get<std::string>();
    reply.width = json.at("width").get<int>();
    reply.height = json.at("height").get<int>();
    reply.frames = json.at("frames").get<int>();
    for (const Json& entry : json.at("outputs")) {
        reply.outputs.push_back({entry.at("length").get<std::uint64_t>(),
                                 entry.at("width").get<int>(), entry.at("height").get<int>()});
    }
    return reply;
}

}  // namespace totem::images
