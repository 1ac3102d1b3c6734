#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/http_message.hpp"
#include "http/responder.hpp"

namespace totemd {

/// One path and who answers it. Called on the loop.
struct Route {
    std::string path;  ///< exact, or ending in "/*": that and everything below
    std::vector<std::string> methods;
    std::uint64_t bodyBytes = 0;  ///< 0: the listener's limit
    std::function<void(HttpRequest&&, Responder)> handler;
};

/// The routes of one listener: exact paths first, then the longest prefix. Immutable once built;
/// a reload builds a new one and swaps it.
class RouteTable {
public:
    /// Throws std::invalid_argument when two routes claim the same path and method.
    explicit RouteTable(std::vector<Route> routes);

    struct Match {
        const Route* route = nullptr;
        std::string allow;  ///< when only the method does not fit: what does
    };
    Match find(std::string_view method, std::string_view path) const;

    /// Hands the request to its route, or answers 404 or 405.
    void serve(HttpRequest&& request, Responder responder) const;

private:
    using Claims = std::map<std::string, std::vector<const Route*>, std::less<>>;

    std::vector<Route> routes_;
    Claims exact_, prefixes_;  // prefixes without "/*"
};

}  // namespace totemd
