#include "settings.hpp"

#include <algorithm>
#include <set>

#include <totem/json.hpp>

namespace totem::evolution {
namespace {

std::vector<std::string> oneOrMore(const Json& value) {
    std::vector<std::string> texts;
    if (value.is_string()) texts.push_back(value.get<std::string>());
    if (value.is_array()) texts = value.get<std::vector<std::string>>();
    std::erase_if(texts, [](const std::string& text) { return text.empty(); });
    return texts;
}

Instance instanceOf(const Json& json) {
    Instance instance;
    instance.name = json.is_string() ? json.get<std::string>() : json.value("name", "");
    if (json.is_object()) instance.token = json.value("token", "");
    if (!isSafeInstanceName(instance.name)) {
        throw Failure(
            Status::kInvalid,
            "instances: \"" + instance.name +
                "\" cannot be an instance's name: it is empty, too long or holds one of / ? #");
    }
    return instance;
}

Server serverOf(const Json& json) {
    Server server;
    server.baseUrl = json.value("base_url", "");
    while (!server.baseUrl.empty() && server.baseUrl.back() == '/') server.baseUrl.pop_back();
    server.apiKey = json.value("api_key", "");
    for (const Json& entry : json.value("instances", Json::array()))
        server.instances.push_back(instanceOf(entry));
    const Json header = json.value("webhook_header", Json::object());
    server.headerName = header.value("name", "");
    server.headerValues = oneOrMore(header.value("value", Json()));
    server.jwtKeys = oneOrMore(json.value("jwt_key", Json()));
    return server;
}

void refuseDoubles(const Settings& settings) {
    std::set<std::string> seen;
    for (const std::string& name : settings.instanceNames()) {
        if (!seen.insert(name).second)
            throw Failure(
                Status::kInvalid,
                "instances: \"" + name + "\" is listed twice; names must differ between servers");
    }
}

}  // namespace

bool isSafeInstanceName(std::string_view name) {
    const auto bad = [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == '/' || c == '?' || c == '#' ||
               c == '\\';
    };
    return !name.empty() && name.size() <= 100 && name != "." && name != ".." &&
           std::none_of(name.begin(), name.end(), bad);
}

bool Settings::hasSecret() const {
    return std::any_of(servers.begin(), servers.end(),
                       [](const Server& server) { return server.hasSecret(); });
}

std::vector<std::string> Settings::instanceNames() const {
    std::vector<std::string> names;
    for (const Server& server : servers) {
        for (const Instance& instance : server.instances) names.push_back(instance.name);
    }
    return names;
}

bool Settings::serves(const std::string& instance) const {
    if (servers.empty()) return true;
    return std::any_of(servers.begin(), servers.end(), [&](const Server& server) {
        return server.instances.empty() ||
               std::any_of(server.instances.begin(), server.instances.end(),
                           [&](const Instance& listed) { return listed.name == instance; });
    });
}

Target Settings::target(const std::string& wanted) const {
    if (servers.empty())
        throw Failure(
            Status::kInvalid,
            "no Evolution server is configured; set plugins.evolution.config.base_url and api_key");
    const Server* open = nullptr;  // a server that takes any name
    for (const Server& server : servers) {
        for (const Instance& instance : server.instances) {
            if (wanted.empty() || instance.name == wanted)
                return {server.baseUrl, instance.token.empty() ? server.apiKey : instance.token,
                        instance.name};
        }
        if (server.instances.empty() && open == nullptr) open = &server;
    }
    if (wanted.empty())
        throw Failure(Status::kInvalid,
                      "name the instance: none is listed in plugins.evolution.config.instances");
    if (!isSafeInstanceName(wanted))
        throw Failure(Status::kInvalid, "\"" + wanted + "\" cannot be an instance's name");
    // One server: its key is tried for an instance that nobody listed, too.
    if (open == nullptr && servers.size() == 1) open = &servers.front();
    if (open == nullptr)
        throw Failure(Status::kInvalid, "no configured server has the instance \"" + wanted +
                                            "\"; list it in plugins.evolution.config.servers");
    return {open->baseUrl, open->apiKey, wanted};
}

Settings parseSettings(std::string_view text) {
    const Json json = parseJson(text);
    Settings settings;
    if (json.contains("base_url") || json.contains("webhook_header") || json.contains("jwt_key"))
        settings.servers.push_back(serverOf(json));
    for (const Json& entry : json.value("servers", Json::array()))
        settings.servers.push_back(serverOf(entry));
    settings.allowUnauthenticatedFrom =
        json.value("allow_unauthenticated_from", settings.allowUnauthenticatedFrom);
    settings.timeoutNs = json.value("timeout_s", std::int64_t{30}) * 1'000'000'000;
    refuseDoubles(settings);
    return settings;
}

}  // namespace totem::evolution
