#include "plugin/event_text.hpp"

#include <time.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "totem/json.hpp"

namespace totemd {
namespace {

using Json = nlohmann::json;

std::string member(const Json& event, const char* name, bool required) {
    auto found = event.find(name);
    if (found == event.end() || found->is_null()) {
        if (required) throw std::invalid_argument(std::string("event: \"") + name + "\" is missing");
        return {};
    }
    if (!found->is_string()) throw std::invalid_argument(std::string("event: \"") + name + "\" must be a string");
    return found->get<std::string>();
}

std::string nested(const Json& event, const char* name) {
    auto found = event.find(name);
    if (found == event.end() || found->is_null()) return {};
    return found->dump(-1, ' ', false, Json::error_handler_t::replace);
}

void appendText(std::string& out, const char* name, const std::string& value) {
    if (value.empty()) return;
    out += ",\"";
    out += name;
    out += "\":";
    out += Json(value).dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string formatTime(std::int64_t unixNs) {
    const time_t seconds = unixNs / 1'000'000'000;
    tm parts{};
    gmtime_r(&seconds, &parts);
    char buffer[96];
    std::snprintf(buffer, sizeof buffer, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900, parts.tm_mon + 1,
                  parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, static_cast<int>(unixNs / 1'000'000 % 1000));
    return buffer;
}

std::vector<NewEvent> parseEvents(std::string_view text, const Manifest& publisher, const std::string& trace,
                                  std::int64_t receivedUnixNs) {
    const Json json = totem::parseJson(text);
    if (!json.is_array()) throw std::invalid_argument("events: expected a JSON array");
    std::vector<NewEvent> events;
    events.reserve(json.size());
    for (const Json& entry : json) {
        if (!entry.is_object()) throw std::invalid_argument("events: expected an array of objects");
        NewEvent event;
        event.id = member(entry, "id", true);
        event.type = member(entry, "type", true);
        if (!Manifest::covers(publisher.publishes, event.type)) {
            throw std::invalid_argument("event type \"" + event.type + "\" is not in events.publishes of the manifest of " + publisher.id);
        }
        event.source = member(entry, "source", false);
        if (event.source.empty()) event.source = publisher.id;
        if (event.source != publisher.id && event.source.rfind(publisher.id + "/", 0) != 0) {
            throw std::invalid_argument("event source \"" + event.source + "\" must be the publisher's id, alone or followed by a path");
        }
        event.subject = member(entry, "subject", false);
        event.time = member(entry, "time", false);
        if (event.time.empty()) event.time = formatTime(receivedUnixNs);
        event.data = nested(entry, "data");
        event.reply = nested(entry, "reply");
        event.trace = trace;
        event.receivedUnixNs = receivedUnixNs;
        events.push_back(std::move(event));
    }
    return events;
}

std::string eventEnvelope(const Event& event) {
    std::string out = "{\"specversion\":\"1.0\",\"seq\":" + std::to_string(event.seq);
    out.reserve(out.size() + event.data.size() + event.reply.size() + 256);
    appendText(out, "id", event.id);
    appendText(out, "source", event.source);
    appendText(out, "type", event.type);
    appendText(out, "subject", event.subject);
    appendText(out, "time", event.time);
    if (!event.data.empty()) out += ",\"data\":" + event.data;
    if (!event.reply.empty()) out += ",\"reply\":" + event.reply;
    return out + "}";
}

}  // namespace totemd
