// The plugin: routes and actions, and what clients may send.

#include <totem/draft/task.hpp>
#include <totem/json.hpp>
#include <totem/plugin.hpp>
#include <totem/timer.hpp>

#include "dni.hpp"
#include "encoding.hpp"
#include "lookups.hpp"
#include "pages.hpp"
#include "settings.hpp"

namespace fnb {
namespace {

using totem::Call;
using totem::Detached;
using totem::Failure;
using totem::Json;
using totem::Request;
using totem::Response;
using totem::Status;

constexpr const char* kWrongDni = "El DNI debe tener exactamente 8 dígitos (0-9)";

/// The DNI of a request body. Throws Failure(kInvalid) with a sentence for the client.
std::string dniInBody(const std::string& body) {
    const Json json = Json::parse(body, nullptr, false);
    if (!json.is_object()) {
        throw Failure(Status::kInvalid,
                      "El cuerpo debe ser un objeto JSON como {\"dni\": \"08408122\"}");
    }
    const auto found = json.find("dni");
    if (found == json.end()) throw Failure(Status::kInvalid, "Falta el campo dni");
    if (!found->is_string()) {
        throw Failure(Status::kInvalid,
                      found->is_number()
                          ? "El DNI debe ir entre comillas, como texto: un número pierde los ceros "
                            "a la izquierda"
                          : "El DNI debe ser un texto de 8 dígitos");
    }
    const auto dni = readDni(found->get_ref<const std::string&>());
    if (!dni) throw Failure(Status::kInvalid, kWrongDni);
    return *dni;
}

std::string dniInQuery(std::string_view query) {
    const auto value = queryParameter(query, "dni");
    if (!value) throw Failure(Status::kInvalid, "Falta el parámetro dni");
    const auto dni = readDni(*value);
    if (!dni) throw Failure(Status::kInvalid, kWrongDni);
    return *dni;
}

Lookups::Mode modeOf(const std::string& channel) {
    if (channel == "fnb") return Lookups::Mode::kFnb;
    if (channel == "gaso") return Lookups::Mode::kGaso;
    return Lookups::Mode::kBoth;
}

/// A problem of its own members, which FastAPI's clients read too.
Response problemPage(const std::string& detail) {
    std::string json =
        "{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,\"detail\":";
    appendJsonText(json, detail);
    return {400, json + "}", "application/problem+json"};
}

}  // namespace

class FnbPlugin : public totem::Plugin {
public:
    explicit FnbPlugin(const totem::Init& init)
        : Plugin(init),
          settings_(readSettings(init.config)),
          clock_(init.host),
          timers_(init.host),
          lookups_(init.host, settings_) {
        onQuery("query", Lookups::Mode::kBoth);
        onQuery("query-fnb", Lookups::Mode::kFnb);
        onQuery("query-gaso", Lookups::Mode::kGaso);
        onRoute("health", [this](const Request&) { return page(lookups_.health().all()); });
        onRoute("health-gaso",
                [this](const Request&) { return page(lookups_.health().gasoAlone()); });
        onRoute("openapi", [](const Request&) { return Response::json(kOpenApi); });
        onRoute("index", [](const Request&) { return Response::json(kIndex); });
        onAction("fnb.query", [this](Call& call, std::string_view input) {
            const Json json = totem::parseJson(input);
            const auto dni = readDni(json.at("dni").get_ref<const std::string&>());
            if (!dni) throw Failure(Status::kInvalid, kWrongDni);
            answerAction(std::move(call), modeOf(json.value("channel", "both")), *dni);
        });
        onAction("fnb.health", [this](Call& call, std::string_view) {
            call.succeed(totem::Body(lookups_.health().all().json));
        });
    }

    void start() override { lookups_.portal().start(); }

    /// Renewals end now. Customers who wait may still be served, but not until the last moment.
    void drain(std::int64_t deadlineNs) override {
        lookups_.portal().drain();
        const std::int64_t left = deadlineNs - clock_.monotonicNs();
        timers_.after(left > 0 ? left / 2 : 0, [this] { lookups_.portal().close(); });
    }

private:
    static Response page(HealthBoard::Page page) {
        return Response::json(std::move(page.json), page.status);
    }

    /// Nothing here may block: the routes run on the HTTP loop.
    void onQuery(const char* route, Lookups::Mode mode) {
        onRoute(route, [this, mode](Call& call, const Request& request) {
            if (request.method() == "OPTIONS") {
                Response allowed = Response::empty(204);
                allowed.header("Allow", "GET, POST, OPTIONS");
                call.succeed(std::move(allowed));
                return;
            }
            try {
                std::string dni = request.method() == "POST" ? dniInBody(request.content())
                                                             : dniInQuery(request.query());
                answerRoute(std::move(call), mode, std::move(dni));
            } catch (const Failure& wrong) {
                call.succeed(problemPage(wrong.what()));
            }
        });
    }

    Detached answerRoute(Call call, Lookups::Mode mode, std::string dni) {
        try {
            const OutcomePtr outcome = co_await lookups_.query(mode, dni);
            call.succeed(Response::json(resultJson(*outcome, dni, settings_.messages)));
        } catch (const std::exception& error) {
            call.fail(Status::kFault, error.what());
        }
    }

    Detached answerAction(Call call, Lookups::Mode mode, std::string dni) {
        try {
            const OutcomePtr outcome = co_await lookups_.query(mode, dni);
            call.succeed(totem::Body(resultJson(*outcome, dni, settings_.messages)));
        } catch (const std::exception& error) {
            call.fail(Status::kFault, error.what());
        }
    }

    const Settings settings_;
    const totem::Clock clock_;
    const totem::Timers timers_;
    Lookups lookups_;
};

}  // namespace fnb

TOTEM_PLUGIN(fnb::FnbPlugin);
