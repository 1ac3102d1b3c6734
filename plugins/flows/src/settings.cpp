#include "settings.hpp"

#include <totem/json.hpp>

namespace totem::flows {
namespace {

Credential credentialOf(const Json& json) {
    Credential credential;
    const std::string type = json.at("type").get<std::string>();
    if (type == "bearer") credential.kind = Credential::Kind::kBearer;
    if (type == "basic") credential.kind = Credential::Kind::kBasic;
    if (type == "query") credential.kind = Credential::Kind::kQuery;
    credential.name = json.value("name", "");
    credential.value = json.value("value", "");
    credential.user = json.value("user", "");
    credential.password = json.value("password", "");
    return credential;
}

/// '*' stands for anything at the beginning and at the end of a pattern.
bool covers(std::string_view pattern, std::string_view path) {
    const bool openStart = !pattern.empty() && pattern.front() == '*';
    if (openStart) pattern.remove_prefix(1);
    const bool openEnd = !pattern.empty() && pattern.back() == '*';
    if (openEnd) pattern.remove_suffix(1);
    if (openStart && openEnd) return path.find(pattern) != std::string_view::npos;
    if (openEnd) return path.substr(0, pattern.size()) == pattern;
    if (!openStart) return path == pattern;
    return path.size() >= pattern.size() && path.substr(path.size() - pattern.size()) == pattern;
}

}  // namespace

bool Settings::isRepeatable(std::string_view url) const {
    const auto scheme = url.find("://");
    const auto slash = url.find('/', scheme == std::string_view::npos ? 0 : scheme + 3);
    std::string_view path =
        slash == std::string_view::npos ? std::string_view("/") : url.substr(slash);
    path = path.substr(0, path.find_first_of("?#"));
    for (const std::string& pattern : repeatable) {
        if (covers(pattern, path)) return true;
    }
    return false;
}

Settings parseSettings(std::string_view text) {
    const Json json = parseJson(text);
    Settings settings;
    settings.directory = json.value("directory", settings.directory);
    settings.timezone = json.value("timezone", settings.timezone);
    settings.env = json.value("env", settings.env);
    settings.repeatable = json.value("repeatable", settings.repeatable);
    const std::string keep = json.value("executions", "errors");
    if (keep == "all") settings.keep = Settings::Keep::kAll;
    if (keep == "none") settings.keep = Settings::Keep::kNone;
    settings.keepNs = json.value("executions_days", 7LL) * 86'400 * 1'000'000'000;
    settings.maxRunNs = json.value("max_run_s", 300LL) * 1'000'000'000;
    settings.maxCodeMs = json.value("max_code_s", 5LL) * 1000;
    settings.testFrom = json.value("test_from", settings.testFrom);
    const Json credentials = json.value("credentials", Json::object());
    for (const auto& [id, entry] : credentials.items()) {
        settings.credentials[id] = credentialOf(entry);
    }
    return settings;
}

}  // namespace totem::flows
