#include "plugin/event_text.hpp"

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "totem/json.hpp"

namespace totemd {
namespace {

using Json = nlohmann::json;

/// Walks over JSON that has been checked: where values begin and end, without building them.
class Walker {
public:
    explicit Walker(std::string_view text) : text_(text) {}

    /// The next character that is no white space; '\0' at the end.
    char peek() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' ||
                                      text_[at_] == '\r' || text_[at_] == '\t'))
            ++at_;
        return at_ < text_.size() ? text_[at_] : '\0';
    }
    bool skip(char c) {
        const bool there = peek() == c;
        if (there) ++at_;
        return there;
    }
    /// The text of the value that begins here.
    std::string_view value() {
        const char first = peek();
        const std::size_t begin = at_;
        if (first == '"')
            skipString();
        else if (first == '{' || first == '[')
            skipNested();
        else
            at_ = std::min(text_.find_first_of(",}] \n\r\t", at_), text_.size());
        return text_.substr(begin, at_ - begin);
    }

private:
    void skipString() {
        for (++at_; text_[at_] != '"'; ++at_) {
            if (text_[at_] == '\\') ++at_;
        }
        ++at_;
    }
    void skipNested() {
        int depth = 0;
        do {
            const char c = text_[at_];
            if (c == '"') {
                skipString();
                continue;
            }
            if (c == '{' || c == '[') ++depth;
            if (c == '}' || c == ']') --depth;
            ++at_;
        } while (depth > 0);
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

std::string stringOf(std::string_view name, std::string_view value) {
    if (value == "null") return {};
    if (value.front() != '"')
        throw std::invalid_argument("event: \"" + std::string(name) + "\" must be a string");
    if (value.find('\\') != std::string_view::npos) return Json::parse(value).get<std::string>();
    return std::string(value.substr(1, value.size() - 2));
}

void takeMember(NewEvent& event, std::string_view name, std::string_view value) {
    if (name == "id") event.id = stringOf(name, value);
    if (name == "type") event.type = stringOf(name, value);
    if (name == "source") event.source = stringOf(name, value);
    if (name == "subject") event.subject = stringOf(name, value);
    if (name == "time") event.time = stringOf(name, value);
    if (name == "data" && value != "null") event.data = value;
    if (name == "reply" && value != "null") event.reply = value;
}

NewEvent eventOf(std::string_view object) {
    Walker walker(object);
    if (!walker.skip('{')) throw std::invalid_argument("events: expected an array of objects");
    NewEvent event;
    while (walker.peek() == '"') {
        const std::string name = stringOf("a name", walker.value());
        walker.skip(':');
        takeMember(event, name, walker.value());
        walker.skip(',');
    }
    for (const auto& [name, value] : {std::pair{"id", &event.id}, std::pair{"type", &event.type}}) {
        if (value->empty())
            throw std::invalid_argument(std::string("event: \"") + name + "\" is missing");
    }
    return event;
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
    std::snprintf(buffer, sizeof buffer, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                  parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
                  parts.tm_min, parts.tm_sec, static_cast<int>(unixNs / 1'000'000 % 1000));
    return buffer;
}

std::vector<NewEvent> parseEvents(std::string_view text, const Manifest& publisher,
                                  const std::string& trace, std::int64_t receivedUnixNs) {
    // Checked, but not parsed: `data` and `reply` are kept as they were written.
    if (totem::nestsTooDeep(text) || !Json::accept(text)) static_cast<void>(totem::parseJson(text));
    Walker walker(text);
    if (!walker.skip('[')) throw std::invalid_argument("events: expected a JSON array");
    std::vector<NewEvent> events;
    while (walker.peek() != ']') {
        NewEvent event = eventOf(walker.value());
        walker.skip(',');
        if (!Manifest::covers(publisher.publishes, event.type)) {
            throw std::invalid_argument("event type \"" + event.type +
                                        "\" is not in events.publishes of the manifest of " +
                                        publisher.id);
        }
        if (event.source.empty()) event.source = publisher.id;
        if (event.source != publisher.id && event.source.rfind(publisher.id + "/", 0) != 0) {
            throw std::invalid_argument(
                "event source \"" + event.source +
                "\" must be the publisher's id, alone or followed by a path");
        }
        if (event.time.empty()) event.time = formatTime(receivedUnixNs);
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
