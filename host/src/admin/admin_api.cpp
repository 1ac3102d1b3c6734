#include "admin/admin_api.hpp"

#include <signal.h>
#include <unistd.h>

#include <Poco/Exception.h>
#include <Poco/URI.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "admin/openapi.hpp"
#include "http/bearer.hpp"
#include "journal/database.hpp"
#include "journal/dead_letters.hpp"
#include "journal/inspector.hpp"
#include "journal/requests.hpp"
#include "journal/upkeep.hpp"
#include "loop/event_loop.hpp"
#include "observe/health.hpp"
#include "observe/log.hpp"
#include "observe/metrics.hpp"
#include "observe/trace.hpp"
#include "plugin/action_directory.hpp"
#include "plugin/event_text.hpp"
#include "plugin/http_bridge.hpp"
#include "plugin/plugin_registry.hpp"
#include "upstream/upstream_client.hpp"

namespace totemd {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t kActionTimeoutNs = 60'000'000'000;

/// Answered with 404.
struct NothingThere : std::runtime_error {
    using std::runtime_error::runtime_error;
};

std::map<std::string, std::string> queryOf(const HttpRequest& request) {
    std::map<std::string, std::string> query;
    try {
        Poco::URI uri;
        uri.setRawQuery(request.query);
        for (const auto& [name, value] : uri.getQueryParameters()) query[name] = value;
    } catch (const Poco::Exception&) {
        throw std::invalid_argument("the query is not percent-encoded properly");
    }
    return query;
}

std::int64_t numberOf(const char* name, const std::string& text, std::int64_t fallback) {
    if (text.empty()) return fallback;
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number < 0) {
        throw std::invalid_argument(std::string(name) + ": expected a whole number");
    }
    return number;
}

/// A member of the body, or `fallback` when it is absent; another type is the sender's mistake.
std::string textIn(const Json& body, const char* name) {
    if (!body.contains(name)) return {};
    if (!body.at(name).is_string())
        throw std::invalid_argument(std::string(name) + ": expected a text");
    return body.at(name).get<std::string>();
}

bool flagIn(const Json& body, const char* name) {
    if (!body.contains(name)) return false;
    if (!body.at(name).is_boolean())
        throw std::invalid_argument(std::string(name) + ": expected true or false");
    return body.at(name).get<bool>();
}

EventFilter filterOf(const HttpRequest& request) {
    auto query = queryOf(request);
    EventFilter filter;
    filter.id = query["id"];
    filter.trace = query["trace"];
    filter.subject = query["subject"];
    filter.type = query["type"];
    filter.state = query["state"];
    filter.before = numberOf("before", query["before"], 0);
    filter.limit = static_cast<int>(
        std::clamp<std::int64_t>(numberOf("limit", query["limit"], filter.limit), 1, 500));
    return filter;
}

/// What follows `prefix` in the path, percent-decoded, without `suffix`.
std::string nameIn(const HttpRequest& request, std::string_view prefix,
                   std::string_view suffix = {}) {
    std::string raw = request.path.substr(std::min(prefix.size(), request.path.size()));
    if (raw.size() < suffix.size() ||
        raw.compare(raw.size() - suffix.size(), suffix.size(), suffix) != 0) {
        throw NothingThere("nothing is served at this path; it would end in " +
                           std::string(suffix));
    }
    raw.resize(raw.size() - suffix.size());
    std::string name;
    try {
        Poco::URI::decode(raw, name);
    } catch (const Poco::Exception&) {
        throw std::invalid_argument("the path is not percent-encoded properly");
    }
    return name;
}

Json jsonOf(const HttpRequest& request) {
    if (request.body.empty()) return Json::object();
    Json body = Json::parse(request.body.read(), nullptr, false);
    if (!body.is_object()) throw std::invalid_argument("the body must be a JSON object");
    return body;
}

Json describe(const UpstreamSnapshot& upstream) {
    static const char* states[] = {"none", "healthy", "unhealthy"};
    static const char* breakers[] = {"closed", "open", "half-open"};
    Json json{{"upstream", upstream.upstream},
              {"state", states[upstream.state]},
              {"breaker", breakers[upstream.breaker]},
              {"in_flight", upstream.inFlight},
              {"queued", upstream.queued},
              {"last_latency_ms", upstream.lastLatencyNs / 1'000'000},
              {"responses", upstream.responses}};
    if (upstream.sinceUnixNs != 0) json["since"] = formatTime(upstream.sinceUnixNs);
    if (!upstream.lastError.empty()) json["last_error"] = upstream.lastError;
    return json;
}

}  // namespace

class AdminApi::Handlers {
public:
    explicit Handlers(Parts parts) : parts_(std::move(parts)), queue_("admin", 1) {}
    ~Handlers() { queue_.stop(); }

    using Serve = std::function<void(const HttpRequest&, const Responder&)>;

    /// Answers from memory, open to everybody who can reach the listener.
    Route open(std::string path, std::function<HttpResponse(const HttpRequest&)> answer) {
        return {std::move(path),
                {"GET"},
                0,
                [answer = std::move(answer)](HttpRequest&& request, Responder responder) {
                    responder.send(answer(request));
                }};
    }

    /// The same for what has to wait for other loops.
    Route openLater(std::string path, std::function<HttpResponse()> answer) {
        return {std::move(path),
                {"GET"},
                0,
                [this, answer = std::move(answer)](HttpRequest&&, Responder responder) {
                    queue_.post([answer, responder] { responder.send(answer()); });
                }};
    }

    /// Behind the token, on the admin thread; an exception becomes a problem.
    Route guarded(std::string path, std::string method, const std::string& token, Serve serve) {
        auto handler = [this, token, serve = std::move(serve)](HttpRequest&& request,
                                                               Responder responder) {
            if (!allowed(request, token)) {
                responder.send(
                    HttpResponse::problem(
                        401,
                        token.empty()
                            ? "set listeners.admin.token to reach the admin API from another "
                              "machine"
                            : "the admin API wants Authorization: Bearer <listeners.admin.token>")
                        .with("WWW-Authenticate", "Bearer"));
                return;
            }
            auto shared = std::make_shared<HttpRequest>(std::move(request));
            queue_.post([serve, shared, responder] {
                try {
                    serve(*shared, responder);
                } catch (const NothingThere& error) {
                    responder.send(HttpResponse::problem(404, error.what()));
                } catch (const std::invalid_argument& error) {
                    responder.send(HttpResponse::problem(400, error.what()));
                } catch (const std::exception& error) {
                    responder.send(HttpResponse::problem(500, error.what()));
                }
            });
        };
        return {std::move(path), {std::move(method)}, 0, std::move(handler)};
    }

    Route read(std::string path, const std::string& token,
               std::function<Json(const HttpRequest&)> answer) {
        return guarded(
            std::move(path), "GET", token,
            [answer = std::move(answer)](const HttpRequest& request, const Responder& responder) {
                const Json result = answer(request);
                if (result.is_null())
                    responder.send(HttpResponse::problem(404, "there is no such thing"));
                else
                    responder.send(HttpResponse::json(200, result));
            });
    }

    HttpResponse ready() {
        if (!parts_.database.writable())
            return HttpResponse::problem(503, "the journal cannot be written");
        if (!parts_.plugins.requiredRun())
            return HttpResponse::problem(503,
                                         "a required plugin does not run; see /api/v1/plugins");
        return HttpResponse::json(200, Json{{"ready", true}});
    }

    Json health() {
        Json json = parts_.health.json();
        json["version"] = TOTEM_VERSION;
        json["listeners"] = parts_.listeners();
        json["upstreams"] = Json::array();
        for (const UpstreamSnapshot& upstream : parts_.upstream.snapshot())
            json["upstreams"].push_back(describe(upstream));
        return json;
    }

    /// What the journal holds can be sent again, so it holds tokens; nobody needs to see them.
    Json shown(Json recorded) const { return parts_.log.masker().json(std::move(recorded)); }

    void callAction(const HttpRequest& request, const Responder& responder) {
        ActionAsk ask;
        ask.name = nameIn(request, "/api/v1/actions/");
        ask.input = request.body.empty() ? "{}" : request.body.read();
        ask.caller = "admin";
        const auto trace = TraceContext::parse(request.header("traceparent"));
        ask.trace = (trace ? trace->child() : TraceContext::make()).traceparent();
        ask.idempotencyKey = request.header("Idempotency-Key");
        ask.deadlineNs = monotonicNow() + kActionTimeoutNs;
        ask.receivedUnixNs = request.receivedUnixNs;
        ask.cancellation =
            std::make_shared<Cancellation>(nullptr, [responder] { return responder.cancelled(); });
        parts_.actions.ask(std::move(ask), [responder](totem_status status, totem::Body body) {
            if (status != TOTEM_OK) {
                responder.send(responseOf(status, std::move(body)));
                return;
            }
            responder.send(HttpResponse::json(
                200, std::string(body.content().empty() ? "{}" : body.content())));
        });
    }

    void replayEvent(const HttpRequest& request, const Responder& responder) {
        const std::string id = nameIn(request, "/api/v1/events/", "/replay");
        const Json event = parts_.inspector.event(id);
        if (event.is_null()) return replayRequest(id, responder);
        const Json body = jsonOf(request);
        parts_.deadLetters.replay(
            event.at("seq").get<std::int64_t>(), textIn(body, "subscriber"), flagIn(body, "fresh"),
            [responder](int replayed, std::string reason) {
                if (replayed == 0)
                    responder.send(HttpResponse::problem(409, reason));
                else
                    responder.send(HttpResponse::json(200, Json{{"replayed", replayed}}));
            });
    }

    /// Numbers are unique in the journal, so that of a stored request names it here.
    void replayRequest(const std::string& number, const Responder& responder) {
        std::int64_t seq = 0;
        std::from_chars(number.data(), number.data() + number.size(), seq);
        parts_.requests.replay(seq, [this, responder](bool found) {
            if (!found) {
                responder.send(HttpResponse::problem(
                    404, "there is no such event, and no stored request of that number has ended"));
                return;
            }
            parts_.plugins.replayRequests(Requests::Which::All);
            responder.send(HttpResponse::json(200, Json{{"replayed", 1}}));
        });
    }

    void forget(const HttpRequest& request, const Responder& responder) {
        const Json body = jsonOf(request);
        if (!body.contains("numbers") || !body.at("numbers").is_array() ||
            body.at("numbers").empty()) {
            throw std::invalid_argument("numbers: expected a list of phone numbers or DNIs");
        }
        std::vector<std::string> numbers;
        for (const Json& number : body.at("numbers")) {
            if (!number.is_string() || number.get<std::string>().size() < 6)
                throw std::invalid_argument("numbers: each is a text of at least 6 digits");
            numbers.push_back(number.get<std::string>());
        }
        parts_.upkeep.forget(std::move(numbers), [this, responder](Forgotten done) {
            parts_.requests.recount();
            if (!done.error.empty())
                responder.send(HttpResponse::problem(503, done.error));
            else
                responder.send(HttpResponse::json(200, Json{{"events", done.events},
                                                            {"effects", done.effects},
                                                            {"rows", done.rows},
                                                            {"requests", done.requests}}));
        });
    }

    void setLevel(const HttpRequest& request, const Responder& responder) {
        const auto level = parseLogLevel(textIn(jsonOf(request), "level"));
        if (!level) throw std::invalid_argument("level: expected debug, info, warn, error or off");
        parts_.log.setLevel(nameIn(request, "/api/v1/log/"), *level);
        responder.send(HttpResponse::json(200, levels()));
    }

    Json levels() {
        Json levels = Json::object();
        for (const auto& [name, level] : parts_.log.levels()) levels[name] = toString(level);
        return {{"levels", std::move(levels)}};
    }

    Parts parts_;

private:
    static bool allowed(const HttpRequest& request, const std::string& token) {
        if (token.empty()) return isLocal(request);
        return bears(request, token);
    }

    TaskQueue queue_;
};

AdminApi::AdminApi(Parts parts) : handlers_(std::make_unique<Handlers>(std::move(parts))) {}
AdminApi::~AdminApi() = default;

std::vector<Route> AdminApi::routes(const std::string& token) const {
    Handlers* h = handlers_.get();
    std::vector<Route> routes;
    routes.push_back(h->open("/healthz", [](const HttpRequest&) {
        return HttpResponse::json(200, Json{{"alive", true}});
    }));
    routes.push_back(h->open("/readyz", [h](const HttpRequest&) { return h->ready(); }));
    routes.push_back(h->openLater("/health", [h] { return HttpResponse::json(200, h->health()); }));
    routes.push_back(h->openLater("/metrics", [h] {
        return HttpResponse::text(200, h->parts_.metrics.text())
            .with("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    }));
    routes.push_back(h->open("/openapi.json", [](const HttpRequest&) {
        return HttpResponse::json(200, adminOpenApi());
    }));

    routes.push_back(h->read("/api/v1/plugins", token, [h](const HttpRequest&) {
        return Json{{"plugins", h->parts_.plugins.describe()}};
    }));
    routes.push_back(h->read("/api/v1/commands", token, [h](const HttpRequest&) {
        return Json{{"commands", h->parts_.plugins.commands()}};
    }));
    routes.push_back(h->read("/api/v1/actions", token, [h](const HttpRequest&) {
        return Json::parse(h->parts_.actions.listJson());
    }));
    routes.push_back(h->guarded("/api/v1/actions/*", "POST", token,
                                [h](const HttpRequest& request, const Responder& responder) {
                                    h->callAction(request, responder);
                                }));
    routes.push_back(h->read("/api/v1/events", token, [h](const HttpRequest& request) {
        return h->shown(h->parts_.inspector.events(filterOf(request)));
    }));
    routes.push_back(h->read("/api/v1/events/*", token, [h](const HttpRequest& request) {
        return h->shown(h->parts_.inspector.event(nameIn(request, "/api/v1/events/")));
    }));
    routes.push_back(h->guarded("/api/v1/events/*", "POST", token,
                                [h](const HttpRequest& request, const Responder& responder) {
                                    h->replayEvent(request, responder);
                                }));
    routes.push_back(h->read("/api/v1/trace/*", token, [h](const HttpRequest& request) {
        return h->shown(h->parts_.inspector.timeline(nameIn(request, "/api/v1/trace/")));
    }));
    routes.push_back(h->read("/api/v1/effects", token, [h](const HttpRequest& request) {
        return h->shown(h->parts_.inspector.effects(filterOf(request)));
    }));
    routes.push_back(h->read("/api/v1/requests", token, [h](const HttpRequest& request) {
        return h->shown(h->parts_.inspector.requests(filterOf(request)));
    }));
    routes.push_back(h->read("/api/v1/dead-letters", token, [h](const HttpRequest& request) {
        return h->shown(h->parts_.inspector.deadLetters(filterOf(request).limit));
    }));
    routes.push_back(
        h->guarded("/api/v1/requests/replay", "POST", token,
                   [h](const HttpRequest&, const Responder& responder) {
                       const std::int64_t waiting = h->parts_.requests.waiting();
                       h->parts_.plugins.replayRequests(Requests::Which::All);
                       responder.send(HttpResponse::json(200, Json{{"waiting", waiting}}));
                   }));
    routes.push_back(h->guarded("/api/v1/forget", "POST", token,
                                [h](const HttpRequest& request, const Responder& responder) {
                                    h->forget(request, responder);
                                }));
    routes.push_back(
        h->read("/api/v1/log", token, [h](const HttpRequest&) { return h->levels(); }));
    routes.push_back(h->guarded("/api/v1/log/*", "PUT", token,
                                [h](const HttpRequest& request, const Responder& responder) {
                                    h->setLevel(request, responder);
                                }));
    routes.push_back(h->guarded("/api/v1/upstreams/*", "POST", token,
                                [h](const HttpRequest& request, const Responder& responder) {
                                    h->parts_.upstream.resetBreaker(
                                        nameIn(request, "/api/v1/upstreams/", "/reset"));
                                    responder.send(HttpResponse::json(200, Json{{"reset", true}}));
                                }));
    routes.push_back(h->guarded(
        "/api/v1/reload", "POST", token, [](const HttpRequest&, const Responder& responder) {
            kill(getpid(), SIGHUP);  // the control thread reloads, as for systemctl reload
            responder.send(HttpResponse::json(202, Json{{"reload", "started"}}));
        }));
    return routes;
}

}  // namespace totemd
