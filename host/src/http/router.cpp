#include "http/router.hpp"

#include <algorithm>
#include <stdexcept>

namespace totemd {
namespace {

bool takes(const Route& route, std::string_view method) {
    const auto has = [&](std::string_view name) {
        return std::find(route.methods.begin(), route.methods.end(), name) != route.methods.end();
    };
    return has(method) || (method == "HEAD" && has("GET"));
}

const Route* choose(const std::vector<const Route*>& claims, std::string_view method,
                    std::string& allow) {
    for (const Route* route : claims) {
        if (takes(*route, method)) return route;
        for (const std::string& name : route->methods) allow += (allow.empty() ? "" : ", ") + name;
    }
    return nullptr;
}

}  // namespace

RouteTable::RouteTable(std::vector<Route> routes) : routes_(std::move(routes)) {
    for (const Route& route : routes_) {
        const bool prefix =
            route.path.size() >= 2 && route.path.compare(route.path.size() - 2, 2, "/*") == 0;
        auto& claims =
            prefix ? prefixes_[route.path.substr(0, route.path.size() - 2)] : exact_[route.path];
        for (const Route* other : claims) {
            for (const std::string& method : route.methods) {
                if (takes(*other, method))
                    throw std::invalid_argument(method + " " + route.path + " is claimed twice");
            }
        }
        claims.push_back(&route);
    }
}

RouteTable::Match RouteTable::find(std::string_view method, std::string_view path) const {
    Match match;
    auto exact = exact_.find(path);
    if (exact != exact_.end()) match.route = choose(exact->second, method, match.allow);
    // Cut one segment after the other; the empty prefix is "/*".
    for (std::string_view rest = path; match.route == nullptr && !prefixes_.empty();) {
        auto found = prefixes_.find(rest);
        if (found != prefixes_.end()) match.route = choose(found->second, method, match.allow);
        const auto slash = rest.rfind('/');
        if (rest.empty() || slash == std::string_view::npos) break;
        rest = rest.substr(0, slash);
    }
    return match;
}

void RouteTable::serve(HttpRequest&& request, Responder responder) const {
    const Match match = find(request.method, request.path);
    if (match.route != nullptr)
        return match.route->handler(std::move(request), std::move(responder));
    if (match.allow.empty()) {
        responder.send(HttpResponse::problem(404, "nothing is served at this path"));
        return;
    }
    responder.send(
        HttpResponse::problem(405, "this path takes " + match.allow).with("Allow", match.allow));
}

}  // namespace totemd
