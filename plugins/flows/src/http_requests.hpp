#pragma once

#include <string>

#include <totem/draft/task.hpp>
#include <totem/http_client.hpp>
#include <totem/json.hpp>

#include "settings.hpp"

namespace totem::flows {

/// Carries out the `http` requests of HTTP Request nodes (js/README.md has their fields).
class HttpRequests {
public:
    HttpRequests(const totem_host* host, const Settings& settings)
        : client_(host), settings_(settings) {}

    /// True when sending it twice does no harm.
    bool isRepeatable(const Json& request) const;

    struct Outcome {
        Status status = Status::kFault;
        std::string result;  ///< {"status", "statusText", "headers", "body" | "base64"}, JSON
        std::string error;
    };
    /// Throws Failure (kInvalid) for a request that cannot be sent.
    Task<Outcome> send(const Json& request, AskOptions options) const;

private:
    HttpOut outOf(const Json& request) const;
    void applyCredential(const Json& credential, HttpOut& out, std::string& url) const;

    const HttpClient client_;
    const Settings& settings_;
};

}  // namespace totem::flows
