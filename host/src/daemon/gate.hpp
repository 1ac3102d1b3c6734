#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "config/configuration.hpp"
#include "http/http_message.hpp"
#include "upstream/address_policy.hpp"

namespace totemd {

/// What a listener checks before any route sees a request: who may connect, whose Forwarded headers
/// count, the bearer token, and how many requests a second one client may send.
///
/// Threads: `admit` on the loop only. Throws std::invalid_argument for a bad network when it is
/// made.
class Gate {
public:
    /// `asksToken`: whether this listener checks its token itself (the admin API does that by
    /// path).
    Gate(const ListenerConfig& config, bool asksToken);

    /// The refusal, or nothing. Behind a trusted proxy the request's peer becomes the client that
    /// the proxy names.
    std::optional<HttpResponse> admit(HttpRequest& request, std::int64_t nowNs);

private:
    struct Bucket {
        double tokens;
        std::int64_t atNs;
    };
    void takeForwardedPeer(HttpRequest& request) const;
    bool overRate(const std::string& client, std::int64_t nowNs);

    const std::unique_ptr<const AddressPolicy> allowed_, proxies_;  // null: no such list
    const std::string token_;
    const double perSecond_;  // 0: no limit
    std::unordered_map<std::string, Bucket> buckets_;
};

}  // namespace totemd
