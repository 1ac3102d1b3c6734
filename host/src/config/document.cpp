#include "config/document.hpp"

#include <algorithm>
#include <cctype>

namespace totemd {

using nlohmann::json;

const ConfigPlace& ConfigDocument::placeOf(const std::string& pointer) const {
    static const ConfigPlace kNowhere;
    for (std::string at = pointer;; at.resize(at.rfind('/'))) {
        auto found = places.find(at);
        if (found != places.end()) return found->second;
        if (at.empty()) return kNowhere;
    }
}

ConfigProblem ConfigDocument::problemAt(const std::string& pointer, std::string message) const {
    const ConfigPlace& place = placeOf(pointer);
    return {place.file,         place.line, place.column, readablePath(root, pointer), pointer,
            std::move(message), {}};
}

ConfigProblem ConfigDocument::problemAtKey(const std::string& pointer, std::string message) const {
    ConfigProblem problem = problemAt(pointer, std::move(message));
    const ConfigPlace& place = placeOf(pointer);
    if (place.keyLine > 0) {
        problem.line = place.keyLine;
        problem.column = place.keyColumn;
    }
    return problem;
}

namespace {

void forgetPlaces(ConfigDocument& document, const std::string& pointer) {
    document.places.erase(pointer);
    const std::string prefix = pointer + "/";
    auto first = document.places.lower_bound(prefix);
    auto last = first;
    while (last != document.places.end() && last->first.starts_with(prefix)) ++last;
    document.places.erase(first, last);
}

void copyPlaces(ConfigDocument& to, const ConfigDocument& from, const std::string& pointer) {
    if (auto own = from.places.find(pointer); own != from.places.end()) to.places.insert(*own);
    const std::string prefix = pointer + "/";
    for (auto at = from.places.lower_bound(prefix);
         at != from.places.end() && at->first.starts_with(prefix); ++at)
        to.places.insert(*at);
}

void mergeAt(ConfigDocument& base, json& into, const ConfigDocument& over, const json& from,
             const std::string& pointer) {
    if (into.is_object() && from.is_object()) {
        for (const auto& [key, value] : from.items()) {
            const std::string child = childPointer(pointer, key);
            if (into.contains(key)) {
                mergeAt(base, into[key], over, value, child);
            } else {
                into[key] = value;
                copyPlaces(base, over, child);
            }
        }
        return;
    }
    into = from;
    forgetPlaces(base, pointer);
    copyPlaces(base, over, pointer);
}

bool isPlainKey(const std::string& key) {
    return !key.empty() && std::all_of(key.begin(), key.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '$' || c >= 0x80;
    });
}

}  // namespace

void mergeDocument(ConfigDocument& base, const ConfigDocument& over) {
    mergeAt(base, base.root, over, over.root, "");
}

std::string childPointer(const std::string& pointer, const std::string& key) {
    std::string result = pointer + "/";
    for (char c : key) {
        if (c == '~') {
            result += "~0";
        } else if (c == '/') {
            result += "~1";
        } else {
            result += c;
        }
    }
    return result;
}

std::vector<std::string> pointerTokens(const std::string& pointer) {
    std::vector<std::string> tokens;
    for (std::size_t i = 0; i < pointer.size(); ++i) {
        if (pointer[i] == '/') {
            tokens.emplace_back();
        } else if (pointer[i] == '~' && i + 1 < pointer.size()) {
            tokens.back() += pointer[++i] == '1' ? '/' : '~';
        } else {
            tokens.back() += pointer[i];
        }
    }
    return tokens;
}

std::string readablePath(const json& root, const std::string& pointer) {
    std::string path;
    const json* at = &root;
    for (const std::string& token : pointerTokens(pointer)) {
        if (at != nullptr && at->is_array()) {
            path += "[" + token + "]";
            const std::size_t index = std::strtoul(token.c_str(), nullptr, 10);
            at = index < at->size() ? &(*at)[index] : nullptr;
            continue;
        }
        if (!path.empty()) path += ".";
        path += isPlainKey(token)
                    ? token
                    : json(token).dump(-1, ' ', false, json::error_handler_t::replace);
        at = at != nullptr && at->is_object() && at->contains(token) ? &(*at)[token] : nullptr;
    }
    return path;
}

}  // namespace totemd
