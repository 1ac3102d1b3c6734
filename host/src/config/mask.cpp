#include "config/mask.hpp"

#include "config/document.hpp"
#include "config/schema.hpp"

namespace totemd {

using nlohmann::json;

namespace {

constexpr const char* kMask = "***";

/// "scheme://user:password@host": hides the password, and says what it was.
std::string hideUrlPassword(std::string text, std::vector<std::string>& hidden) {
    const std::size_t scheme = text.find("://");
    if (scheme == std::string::npos) return text;
    const std::size_t start = scheme + 3;
    const std::size_t end = text.find_first_of("/?#", start);
    const std::size_t at = text.rfind('@', end);
    const std::size_t colon = text.find(':', start);
    if (at == std::string::npos || at < start || colon == std::string::npos || colon > at)
        return text;
    if (at > colon + 1) hidden.push_back(text.substr(colon + 1, at - colon - 1));
    return text.replace(colon + 1, at - colon - 1, kMask);
}

void mask(json& value, const std::string& pointer, bool secretName,
          const std::function<bool(const std::string&)>& isSecret,
          std::vector<std::string>& hidden) {
    if (value.is_object()) {
        for (const auto& [key, child] : value.items())
            mask(child, childPointer(pointer, key), looksSecret(key), isSecret, hidden);
    } else if (value.is_array()) {
        for (std::size_t i = 0; i < value.size(); ++i)
            mask(value[i], pointer + "/" + std::to_string(i), secretName, isSecret, hidden);
    } else if (value.is_string()) {
        const auto text = value.get<std::string>();
        if (text.empty()) return;
        if (secretName || isSecret(pointer)) {
            hidden.push_back(text);
            value = kMask;
        } else {
            value = hideUrlPassword(text, hidden);
        }
    }
}

}  // namespace

json maskSecrets(const json& root, const std::function<bool(const std::string&)>& isSecret,
                 std::vector<std::string>& hidden) {
    json copy = root;
    mask(copy, "", false, isSecret, hidden);
    return copy;
}

}  // namespace totemd
