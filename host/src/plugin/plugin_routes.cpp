// How HTTP requests reach plugins, and what becomes of those that a plugin cannot take.

#include <algorithm>
#include <nlohmann/json.hpp>

#include "journal/requests.hpp"
#include "loop/event_loop.hpp"
#include "observe/log.hpp"
#include "observe/trace.hpp"
#include "plugin/http_bridge.hpp"
#include "plugin/plugin_instance.hpp"
#include "plugin/plugin_registry.hpp"
#include "plugin/plugin_services.hpp"

namespace totemd {
namespace {

/// Senders give up early (Chatwoot after 5 s, for good): the plugin has most of that time, storing
/// the request in its stead the rest. Nobody waits for what is handed in again.
constexpr std::int64_t kIntakeTimeoutNs = 3'000'000'000;
constexpr std::int64_t kStoreTimeoutNs = 1'000'000'000;
constexpr std::int64_t kReplayTimeoutNs = 30'000'000'000;
constexpr int kReplayBatch = 50;

std::string traceOf(const HttpRequest& request) {
    const auto given = TraceContext::parse(request.header("traceparent"));
    return (given ? given->child() : TraceContext::make()).traceparent();
}

HostCall::Options optionsFor(const BridgedRequest& request, std::string trace,
                             std::int64_t timeoutNs) {
    HostCall::Options options;
    options.deadlineNs = monotonicNow() + timeoutNs;
    options.receivedUnixNs = request.held.receivedUnixNs;
    options.trace = std::move(trace);
    options.caller = "http";
    return options;
}

/// The plugin's fault, not the sender's: the request is kept and handed in again.
bool isFault(totem_status status) {
    switch (status) {
        case TOTEM_E_FAULT:
        case TOTEM_E_ABANDONED:
        case TOTEM_E_DEADLINE:
        case TOTEM_E_UNAVAILABLE:
        case TOTEM_E_CANCELLED:
        case TOTEM_E_NOT_FOUND:
            return true;
        default:
            return false;
    }
}

RawRequest rawOf(const HttpRequest& request, const std::string& plugin, const std::string& route,
                 std::string trace, std::string reason) {
    RawRequest raw;
    raw.plugin = plugin;
    raw.listener = request.listener;
    raw.trace = std::move(trace);
    raw.route = route;
    raw.method = request.method;
    raw.target = request.target;
    nlohmann::json headers = nlohmann::json::array();
    for (const HttpHeader& header : request.headers) headers.push_back({header.name, header.value});
    raw.headers = headers.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    raw.body = request.body.read();
    raw.peer = request.peerAddress;
    raw.receivedUnixNs = request.receivedUnixNs;
    raw.reason = std::move(reason);
    return raw;
}

/// The sender is told to try again. 429, since that is what all who send webhooks repeat:
/// Chatwoot's agent bots nothing but 429 and 500, Evolution all but 400, 401, 403, 404 and 422.
void sendAgain(const Responder& responder, const std::string& why) {
    responder.send(
        responseOf(TOTEM_E_BUSY, totem::Body("the request could not be stored: " + why)));
}

/// Ends a stored request by what the plugin made of it this time.
void endReplay(Requests& requests, std::int64_t seq, totem_status status, const totem::Body& body) {
    const int code = status == TOTEM_OK ? body.code() : 0;
    const std::string reason = code == 0
                                   ? reasonOf(status, body)
                                   : "the plugin answered it with HTTP " + std::to_string(code);
    const bool unavailable = status == TOTEM_E_UNAVAILABLE || status == TOTEM_E_BUSY ||
                             status == TOTEM_E_CANCELLED || code == 429 || code == 503;
    if (unavailable) return requests.finish(seq, Requests::End::Unavailable, reason);
    if (isFault(status) || code >= 500) return requests.finish(seq, Requests::End::Retry, reason);
    if (status != TOTEM_OK || code >= 400) return requests.finish(seq, Requests::End::Dead, reason);
    requests.finish(seq, Requests::End::Done);
}

HttpRequest requestOf(const RawRequest& raw) {
    HttpRequest request;
    request.method = raw.method;
    request.target = raw.target;
    const auto question = raw.target.find('?');
    request.path = raw.target.substr(0, question);
    if (question != std::string::npos) request.query = raw.target.substr(question + 1);
    for (const auto& header : nlohmann::json::parse(raw.headers, nullptr, false)) {
        request.headers.push_back(
            {header.at(0).get<std::string>(), header.at(1).get<std::string>()});
    }
    request.body = Body(raw.body);
    request.peerAddress = raw.peer;
    request.peerIsLoopback = raw.peer.rfind("127.", 0) == 0 || raw.peer == "::1";
    request.listener = raw.listener;
    request.receivedUnixNs = raw.receivedUnixNs;
    return request;
}

}  // namespace

std::vector<Route> PluginRegistry::routesFor(const std::string& listener,
                                             const std::vector<std::string>& plugins,
                                             std::int64_t timeoutNs) const {
    std::vector<Route> routes;
    std::map<std::string, std::string> claimed;  // "GET /path" → plugin
    std::lock_guard lock(mutex_);
    for (const auto& [id, entry] : entries_) {
        if (!entry.manifest || !entry.config.enabled) continue;
        const bool named = std::find(plugins.begin(), plugins.end(), id) != plugins.end();
        if (!plugins.empty() && !named) continue;
        for (const Manifest::Route& declared : entry.manifest->routes) {
            if (declared.ownListener && !named) continue;
            Route route = routeOf(id, declared, timeoutNs);
            // One plugin's mistake must not take the listener away from the others: first come.
            std::erase_if(route.methods, [&](const std::string& method) {
                const auto [first, fresh] = claimed.emplace(method + " " + route.path, id);
                if (!fresh) {
                    parts_.services.log.plugin(id).error("route.clash",
                                                         {{"listener", listener},
                                                          {"route", first->first},
                                                          {"served_by", first->second}});
                }
                return !fresh;
            });
            if (!route.methods.empty()) routes.push_back(std::move(route));
        }
    }
    return routes;
}

Route PluginRegistry::routeOf(const std::string& plugin, const Manifest::Route& declared,
                              std::int64_t timeoutNs) const {
    Route route;
    route.path = declared.path;
    route.methods = declared.methods;
    route.bodyBytes = declared.bodyBytes;
    route.handler = [this, plugin, declared, timeoutNs](HttpRequest&& request,
                                                        Responder responder) {
        serve(plugin, declared, timeoutNs, std::move(request), std::move(responder));
    };
    return route;
}

void PluginRegistry::serve(const std::string& plugin, const Manifest::Route& declared,
                           std::int64_t timeoutNs, HttpRequest&& request,
                           Responder responder) const {
    auto bridged = std::make_shared<BridgedRequest>(std::move(request), false);
    const std::string trace = traceOf(bridged->held);
    HostCall::Options options =
        optionsFor(*bridged, trace, declared.intake ? kIntakeTimeoutNs : timeoutNs);
    auto instance = find(plugin);
    if (!declared.intake) {
        options.cancellation =
            std::make_shared<Cancellation>(nullptr, [responder] { return responder.cancelled(); });
        auto done = [responder](totem_status status, totem::Body body) {
            responder.send(responseOf(status, std::move(body)));
        };
        if (!instance)
            return done(TOTEM_E_UNAVAILABLE, totem::Body("plugin " + plugin + " is not running"));
        instance->route(declared.name, declared.inlined, std::move(bridged), std::move(options),
                        std::move(done));
        return;
    }
    auto done = [this, responder, bridged, plugin, trace, name = declared.name](totem_status status,
                                                                                totem::Body body) {
        if (!isFault(status)) {
            responder.send(responseOf(status, std::move(body)));
            return;
        }
        const std::string reason = reasonOf(status, body);
        parts_.services.log.plugin(plugin).error("request.kept",
                                                 {{"route", name}, {"reason", reason}});
        parts_.requests.add(rawOf(bridged->held, plugin, name, trace, reason),
                            [responder](std::int64_t seq, std::string why) {
                                if (seq != 0)
                                    responder.send(HttpResponse::empty(200));
                                else
                                    sendAgain(responder, why);
                            });
        EventLoop& loop = parts_.services.loop;
        loop.post([&loop, responder] {
            loop.after(kStoreTimeoutNs,
                       [responder] { sendAgain(responder, "the journal is too slow"); });
        });
    };
    if (!instance) return done(TOTEM_E_UNAVAILABLE, totem::Body(whyAbsent(plugin)));
    instance->route(declared.name, declared.inlined, bridged, std::move(options), std::move(done));
}

void PluginRegistry::replayRequests(Requests::Which which) {
    std::vector<std::string> running;
    {
        std::lock_guard lock(mutex_);
        for (const auto& [id, entry] : entries_) {
            if (entry.instance) running.push_back(id);
        }
    }
    if (parts_.requests.waiting() == 0) return;
    for (const std::string& plugin : running) {
        parts_.requests.take(
            plugin, kReplayBatch, which, [this, plugin](std::vector<RawRequest> taken) {
                for (RawRequest& raw : taken) {
                    auto instance = find(plugin);
                    if (!instance) {
                        parts_.requests.finish(raw.seq, Requests::End::Unavailable,
                                               "the plugin is not running");
                        continue;
                    }
                    auto bridged = std::make_shared<BridgedRequest>(requestOf(raw), true);
                    const std::string trace =
                        raw.trace.empty() ? traceOf(bridged->held) : raw.trace;
                    HostCall::Options options = optionsFor(*bridged, trace, kReplayTimeoutNs);
                    instance->route(raw.route, false, bridged, std::move(options),
                                    [this, seq = raw.seq](totem_status status, totem::Body body) {
                                        endReplay(parts_.requests, seq, status, body);
                                    });
                }
            });
    }
}

}  // namespace totemd
