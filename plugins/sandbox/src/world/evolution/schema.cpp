#include "world/evolution/schema.hpp"

#include <map>
#include <vector>

namespace totem_sandbox::evolution {
namespace {

using nlohmann::json;

const std::map<std::string, std::vector<const char*>> kRequired = {
    {"sendText", {"number", "text"}},
    {"sendMedia", {"number", "mediatype"}},
    {"sendWhatsAppAudio", {"number"}},
    {"sendPtv", {"number"}},
    {"sendSticker", {"number"}},
    {"sendLocation", {"number", "latitude", "longitude", "name", "address"}},
    {"sendContact", {"number", "contact"}},
    {"sendReaction", {"key", "reaction"}},
    {"sendPoll", {"number", "name", "selectableCount", "values"}},
    {"sendList", {"number", "title", "footerText", "buttonText", "sections"}},
    {"sendButtons", {"number"}},
    {"sendStatus", {"type"}},
    {"sendTemplate", {"name", "language"}}};

void checkCommon(const json& body, json& errors) {
    if (body.contains("number") && !body["number"].is_string()) errors.push_back("Invalid format");
    for (const char* name : {"text", "media", "caption", "fileName"})
        if (body.contains(name) && !body[name].is_string())
            errors.push_back(std::string(name) + " is not of a type(s) string");
    if (body.contains("delay") && !body["delay"].is_number_integer())
        errors.push_back("Enter a value in milliseconds");
    if (body.contains("quoted") &&
        (!body["quoted"].is_object() || !body["quoted"].contains("key") ||
         !body["quoted"]["key"].is_object() || !body["quoted"]["key"].contains("id")))
        errors.push_back("quoted.key requires property \"id\"");
    if (body.contains("mentioned") && body["mentioned"].is_array() && body["mentioned"].empty())
        errors.push_back("mentioned does not meet minimum length of 1");
}

}  // namespace

json checkSend(const std::string& kind, const json& body) {
    const auto required = kRequired.find(kind);
    if (required == kRequired.end()) return nullptr;
    json errors = json::array();
    if (!body.is_object()) {
        errors.push_back("instance is not of a type(s) object");
        return errors;
    }
    checkCommon(body, errors);
    if (kind == "sendMedia" && body.contains("mediatype")) {
        const json& type = body["mediatype"];
        if (type != "image" && type != "document" && type != "video" && type != "audio")
            errors.push_back("mediatype is not one of enum values: image,document,video,audio");
    }
    for (const char* name : required->second)
        if (!body.contains(name))
            errors.push_back(std::string("instance requires property \"") + name + "\"");
    return errors;
}

}  // namespace totem_sandbox::evolution
