#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace totem::evolution {

struct Instance {
    std::string name;
    std::string token;  ///< empty: the server's api_key
};

/// One Evolution server.
struct Server {
    std::string baseUrl;  ///< without a slash at its end
    std::string apiKey;
    std::vector<Instance> instances;  ///< empty: any name
    std::string headerName;
    std::vector<std::string> headerValues, jwtKeys;  ///< several while a secret is being changed

    bool hasSecret() const { return !headerValues.empty() || !jwtKeys.empty(); }
};

/// Where to ask for one instance.
struct Target {
    std::string baseUrl, key, instance;
};

struct Settings {
    std::vector<Server> servers;
    std::vector<std::string> allowUnauthenticatedFrom;
    std::int64_t timeoutNs = 30'000'000'000;

    bool hasSecret() const;
    /// An empty name: the first configured instance. Throws Failure (kInvalid) with what to set.
    Target target(const std::string& instance) const;
    std::vector<std::string> instanceNames() const;
    /// Whether the messages of that instance are ours: it is listed, or some server lists none.
    bool serves(const std::string& instance) const;
};

/// `json` fits the schema. Throws Failure (kInvalid) for what a schema cannot say.
Settings parseSettings(std::string_view json);

/// Names that can stand in a path of Evolution: not those that would lead elsewhere.
bool isSafeInstanceName(std::string_view name);

}  // namespace totem::evolution
