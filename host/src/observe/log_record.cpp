#include "observe/log_record.hpp"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <ctime>
#include <nlohmann/json.hpp>

namespace totemd {
namespace {

constexpr std::size_t kMaxFields = 64;
constexpr std::size_t kMaxCopied = 64u << 10;
constexpr std::size_t kMaxShown = 8u << 10;

/// Without padding: the buffer is compared byte by byte to find repeated lines.
struct PairHead {
    std::uint32_t keyLength;
    std::uint32_t valueLength;
    std::uint32_t kind;
};

/// Whatever comes from a plugin as a name becomes one: letters, digits, `_`, `.`, `-`.
std::string plainWord(std::string_view text, std::size_t longest) {
    std::string word(text.substr(0, longest));
    for (char& c : word) {
        const bool plain = std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' ||
                           c == '-' || c == '*';
        if (!plain) c = '_';
    }
    return word.empty() ? "_" : word;
}

/// Bytes of the valid UTF-8 character at the beginning of `text`; 0 when it is not one.
std::size_t utf8Length(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text.front());
    const std::size_t length = lead < 0x80   ? 1
                               : lead < 0xc2 ? 0
                               : lead < 0xe0 ? 2
                               : lead < 0xf0 ? 3
                               : lead < 0xf5 ? 4
                                             : 0;
    if (length < 2 || text.size() < length) return text.size() < length ? 0 : length;
    for (std::size_t i = 1; i < length; ++i) {
        if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return 0;
    }
    return length;
}

/// C0, DEL and C1 controls, the line separators and the marks that turn the writing direction.
bool isControl(std::string_view c) {
    const auto lead = static_cast<unsigned char>(c.front());
    if (c.size() == 1) return lead < 0x20 || lead == 0x7f;
    if (c.size() == 2) return lead == 0xc2 && static_cast<unsigned char>(c[1]) < 0xa0;
    return c == "\u2028" || c == "\u2029" || (c >= "\u202a" && c <= "\u202e") ||
           (c >= "\u2066" && c <= "\u2069");
}

void appendHex(std::string& out, std::string_view bytes) {
    static constexpr char kHex[] = "0123456789abcdef";
    for (unsigned char byte : bytes) {
        out += "\\x";
        out += kHex[byte >> 4];
        out += kHex[byte & 15];
    }
}

void appendQuoted(std::string& out, std::string_view value) {
    out += '"';
    while (!value.empty()) {
        const std::size_t length = utf8Length(value);
        const std::string_view c = value.substr(0, std::max<std::size_t>(length, 1));
        value.remove_prefix(c.size());
        if (c == "\"" || c == "\\") {
            out += '\\';
            out += c;
        } else if (c == "\n") {
            out += "\\n";
        } else if (length == 0 || isControl(c)) {
            appendHex(out, c);
        } else {
            out += c;
        }
    }
    out += '"';
}

void appendValue(std::string& out, std::string_view value) {
    const bool plain =
        !value.empty() && std::all_of(value.begin(), value.end(), [](unsigned char c) {
            return c > ' ' && c < 0x7f && c != '"' && c != '=' && c != '\\';
        });
    if (plain) {
        out += value;
    } else {
        appendQuoted(out, value);
    }
}

/// Cuts after masking, so that no half of a secret is left to be recognised.
std::string shortened(std::string value) {
    if (value.size() <= kMaxShown) return value;
    std::size_t end = kMaxShown;
    while (end > 0 && (static_cast<unsigned char>(value[end]) & 0xc0) == 0x80) --end;
    value.resize(end);
    return value + "...";
}

/// A plugin cannot give a field the name of one that the log itself writes.
std::string freeKey(std::string key, std::string_view label) {
    const bool taken = key == "time" || key == "level" || key == "event" || key == label;
    return taken ? key + "_" : key;
}

}  // namespace

LogRecord LogRecord::pack(LogLevel level, std::string_view event,
                          std::span<const LogField> fields) {
    LogRecord record{0, level, 0, 0, 0, {}};
    event = event.substr(0, 256);
    fields = fields.first(std::min(fields.size(), kMaxFields));
    std::size_t size = event.size();
    for (const LogField& field : fields) {
        size += sizeof(PairHead) + field.key().size() + std::min(field.value().size(), kMaxCopied);
    }
    record.buffer.reserve(size);
    record.buffer.append(event);
    record.eventLength = static_cast<std::uint32_t>(event.size());
    record.fieldCount = static_cast<std::uint32_t>(fields.size());
    for (const LogField& field : fields) {
        const std::string_view key = field.key().substr(0, 256);
        const std::string_view value = field.value().substr(0, kMaxCopied);
        const PairHead head{static_cast<std::uint32_t>(key.size()),
                            static_cast<std::uint32_t>(value.size()),
                            static_cast<std::uint32_t>(field.kind())};
        record.buffer.append(reinterpret_cast<const char*>(&head), sizeof head);
        record.buffer.append(key);
        record.buffer.append(value);
    }
    return record;
}

LogLine unpack(const LogRecord& record, const Masker& masker) {
    LogLine line;
    line.timeNs = record.timeNs;
    line.level = record.level;
    std::string_view rest = record.buffer;
    line.event = plainWord(masker.text(rest.substr(0, record.eventLength)), 128);
    rest.remove_prefix(record.eventLength);
    for (std::uint32_t i = 0; i < record.fieldCount; ++i) {
        PairHead head;
        std::memcpy(&head, rest.data(), sizeof head);
        rest.remove_prefix(sizeof head);
        const std::string_view key = rest.substr(0, head.keyLength);
        const std::string_view value = rest.substr(head.keyLength, head.valueLength);
        rest.remove_prefix(head.keyLength + head.valueLength);
        const auto given = static_cast<LogField::Kind>(head.kind);
        std::string shown =
            given == LogField::Kind::number ? masker.number(key, value) : masker.field(key, value);
        const auto kind = shown == value ? given : LogField::Kind::text;
        line.pairs.push_back({plainWord(masker.text(key), 64), kind, shortened(std::move(shown))});
    }
    return line;
}

std::string isoTime(std::int64_t unixNs) {
    const std::time_t seconds = unixNs / 1'000'000'000;
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    char text[40];
    const std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    std::snprintf(text + length, sizeof text - length, ".%03dZ",
                  static_cast<int>(unixNs / 1'000'000 % 1000));
    return text;
}

std::string toLogfmt(const LogLine& line) {
    std::string out = line.event + ' ' + line.label + '=' + line.component;
    for (const LogLine::Pair& pair : line.pairs) {
        out += ' ';
        out += freeKey(pair.key, line.label);
        out += '=';
        appendValue(out, pair.value);
    }
    return out;
}

void appendText(std::string& out, const LogLine& line) {
    out += isoTime(line.timeNs);
    out += ' ';
    out += toString(line.level);
    out += ' ';
    out += toLogfmt(line);
    out += '\n';
}

void appendJson(std::string& out, const LogLine& line) {
    using Json = nlohmann::ordered_json;
    Json json{
        {"time", isoTime(line.timeNs)}, {"level", toString(line.level)}, {"event", line.event}};
    json[line.label] = line.component;
    for (const LogLine::Pair& pair : line.pairs) {
        Json& value = json[freeKey(pair.key, line.label)];
        if (pair.kind == LogField::Kind::text) {
            value = pair.value;
        } else {
            value = Json::parse(pair.value, nullptr, false);  // `nan` and `inf` are no JSON
            if (value.is_discarded()) value = pair.value;
        }
    }
    out += json.dump(-1, ' ', false, Json::error_handler_t::replace);
    out += '\n';
}

}  // namespace totemd
