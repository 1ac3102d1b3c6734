#include "reading.hpp"

#include <Poco/SHA1Engine.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace totem::evolution {
namespace {

/// The event wraps the body in a few levels more.
constexpr int kMaxDepth = kMaxJsonDepth - 20;

/// How deep brackets nest, outside strings.
int depthOf(std::string_view text) {
    int depth = 0, deepest = 0;
    bool inString = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '"') inString = !inString;
        if (inString && c == '\\') ++i;
        if (inString) continue;
        if (c == '{' || c == '[') deepest = std::max(deepest, ++depth);
        if (c == '}' || c == ']') --depth;
    }
    return deepest;
}

/// The code unit of an escape \uXXXX at `i`, or -1.
int unitAt(std::string_view text, std::size_t i) {
    if (i + 6 > text.size() || text[i] != '\\' || text[i + 1] != 'u') return -1;
    int unit = 0;
    for (const char c : text.substr(i + 2, 4)) {
        const bool digit = c >= '0' && c <= '9';
        const char lower = static_cast<char>(c | 0x20);
        if (!digit && (lower < 'a' || lower > 'f')) return -1;
        unit = unit * 16 + (digit ? c - '0' : lower - 'a' + 10);
    }
    return unit;
}

bool isHigh(int unit) {
    return unit >= 0xD800 && unit < 0xDC00;
}
bool isLow(int unit) {
    return unit >= 0xDC00 && unit < 0xE000;
}

/// Copies the string that starts at `i` and returns where it ends.
std::size_t mendString(std::string_view text, std::size_t i, std::string& out) {
    out += text[i++];
    while (i < text.size() && text[i] != '"') {
        if (text[i] != '\\') {
            // A raw control character would be refused.
            out += static_cast<unsigned char>(text[i]) < 0x20 ? ' ' : text[i];
            ++i;
            continue;
        }
        const int unit = unitAt(text, i);
        if (isHigh(unit) && isLow(unitAt(text, i + 6))) {
            out += text.substr(i, 12);
            i += 12;
        } else if (isHigh(unit) || isLow(unit)) {
            out += "\\ufffd";
            i += 6;
        } else {
            out += text.substr(i, 2);
            i += 2;
        }
    }
    if (i < text.size()) out += text[i++];
    return i;
}

std::string mend(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    std::string cut;  // what is deeper than allowed goes here, and away
    int depth = 0;
    for (std::size_t i = 0; i < text.size();) {
        const char c = text[i];
        std::string& target = depth > kMaxDepth ? cut : out;
        if (c == '"') {
            i = mendString(text, i, target);
            continue;
        }
        if (c == '{' || c == '[') {
            if (++depth == kMaxDepth + 1) out += "null";
        } else if (c == '}' || c == ']') {
            --depth;
        }
        const bool edge = (c == '}' || c == ']') && depth == kMaxDepth;
        if (depth <= kMaxDepth && !edge) out += c;
        cut.clear();
        ++i;
    }
    return out;
}

/// Replaces bytes that are not UTF-8: the library does it when it writes a string.
std::string utf8(const std::string& text) {
    const std::string quoted = dumpJson(Json(text));
    return Json::parse(quoted).get<std::string>();
}

}  // namespace

const Json& at(const Json& object, const char* name) {
    static const Json none;
    if (!object.is_object()) return none;
    const auto found = object.find(name);
    return found == object.end() ? none : *found;
}

std::string textAt(const Json& object, const char* name) {
    const Json& value = at(object, name);
    return value.is_string() ? value.get<std::string>() : std::string();
}

std::int64_t wholeNumber(const Json& value) {
    if (value.is_number_unsigned()) {
        const auto number = value.get<std::uint64_t>();
        return number > INT64_MAX ? 0 : static_cast<std::int64_t>(number);
    }
    if (value.is_number_integer()) return value.get<std::int64_t>();
    if (value.is_number_float()) {
        const double number = value.get<double>();
        return std::abs(number) < 9e15 ? static_cast<std::int64_t>(number) : 0;
    }
    if (value.is_string()) {
        const auto& text = value.get_ref<const std::string&>();
        if (text.empty() || text.size() > 18) return 0;
        if (text.find_first_not_of("0123456789") != std::string::npos) return 0;
        return std::strtoll(text.c_str(), nullptr, 10);
    }
    if (!at(value, "low").is_number()) return 0;
    const auto low = static_cast<std::uint32_t>(wholeNumber(at(value, "low")));
    const auto high = static_cast<std::uint32_t>(wholeNumber(at(value, "high")));
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(high) << 32 | low);
}

Json parseLeniently(std::string_view text) {
    if (depthOf(text) <= kMaxDepth) {
        Json json = Json::parse(text, nullptr, false);
        if (!json.is_discarded()) return json;
    }
    return Json::parse(utf8(mend(text)), nullptr, false);
}

std::string digestOf(std::string_view text) {
    Poco::SHA1Engine sha;
    sha.update(text.data(), text.size());
    return Poco::DigestEngine::digestToHex(sha.digest()).substr(0, 20);
}

}  // namespace totem::evolution
