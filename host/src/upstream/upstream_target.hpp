#pragma once

#include <cstdint>
#include <string>

#include "upstream/upstream_request.hpp"

namespace totemd {

/// Where a request goes, read out of its URL by libcurl's own parser.
struct UpstreamTarget {
    std::string scheme;
    std::string host;  ///< lower case, IPv6 without brackets
    std::uint16_t port = 0;
    std::string upstream;  ///< "host:port", the key of bulkhead and breaker, and for messages

    bool sameOrigin(const UpstreamTarget& other) const {
        return scheme == other.scheme && upstream == other.upstream;
    }
};

/// Checks method, URL and headers, brings the URL to its normal form (spaces and UTF-8 encoded,
/// user and password moved to `credentials`) and fills `target`.
/// Returns what is wrong, for people, or an empty string.
std::string prepareRequest(UpstreamRequest& request, UpstreamTarget& target);

/// Turns `request` into the one that follows a 3xx with this absolute `location`; as browsers do,
/// 303 always and 301/302 after a POST become GET. Another origin gets no credentials, and of the
/// headers only those that cannot carry one. Returns what is wrong, or an empty string.
std::string followRedirect(UpstreamRequest& request, UpstreamTarget& target, int status,
                           const std::string& location);

/// True for the headers that belong to the connection and are ours to set.
bool isConnectionHeader(const std::string& name);
std::string lowerCase(std::string text);
bool equalsIgnoreCase(const std::string& a, const std::string& b);

}  // namespace totemd
