#include "world/portal/fnb_portal.hpp"

#include "world/base/clock.hpp"
#include "world/base/journeys.hpp"
#include "world/base/random.hpp"
#include "world/base/signatures.hpp"
#include "world/base/stop_signal.hpp"

namespace totem_sandbox {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxSessions = 1000;

/// The firewall before the portal lets only browsers in.
bool likeBrowser(const Request& request, bool withOrigin, const std::string& page) {
    const std::string referer = request.header("referer");
    const bool fromPage = referer.size() >= page.size() &&
                          referer.compare(referer.size() - page.size(), page.size(), page) == 0;
    return fromPage && (!withOrigin || !request.header("origin").empty());
}

Reply rejected() {
    return Reply::html(403,
                       "<html><head><title>Request Rejected</title></head><body>The requested URL "
                       "was rejected.</body></html>");
}

bool isText(const json& body, const char* name) {
    return body.contains(name) && body[name].is_string();
}

}  // namespace

FnbPortal::FnbPortal(const FnbSettings& settings, Journeys& journeys, StopSignal& stop)
    : settings_(settings), journeys_(journeys), stop_(stop), people_(settings.people) {}

void FnbPortal::expireSessions() {
    std::lock_guard lock(mutex_);
    sessions_.clear();
}

void FnbPortal::reset() {
    expireSessions();
    people_.replace(settings_.people);
}

Reply FnbPortal::handle(const Request& request) {
    if (settings_.latencyMs > 0) stop_.pause(std::chrono::milliseconds(settings_.latencyMs));
    if (request.path == "/FNB_Services/api/Seguridad/autenticar") {
        if (request.method != "POST") return Reply::html(405, "<html>405</html>");
        return logIn(request);
    }
    if (request.path == "/FNB_Services/api/financiamiento/lineaCredito") {
        if (request.method != "GET") return Reply::html(405, "<html>405</html>");
        return lookUp(request);
    }
    return Reply::html(404,
                       "<html><body><h1>404 - File or directory not found.</h1></body></html>");
}

Reply FnbPortal::logIn(const Request& request) {
    if (!likeBrowser(request, true, "/WebFNB/login")) return rejected();
    const json body = parseBody(request.body);
    for (const char* name : {"usuario", "password", "captcha", "Latitud", "Longitud"})
        if (!body.is_object() || !isText(body, name))
            return Reply::json(400, {{"Message", "The request is invalid."},
                                     {"ModelState", {{name, {"The field is required."}}}}});
    if (body["captcha"] != "exitoso")
        return Reply::json(200, {{"valid", false}, {"message", "Captcha inválido"}});
    if (body["usuario"] != settings_.username || body["password"] != settings_.password)
        return Reply::json(200, {{"valid", false},
                                 {"message", "Usuario y/o contraseña incorrectos"},
                                 {"data", nullptr}});
    const std::int64_t now = unixMs();
    json claims = {{"commercialAllyId", settings_.allyId},
                   {"usuario", settings_.username},
                   {"jti", uuid()},
                   {"iat", now / 1000}};
    if (settings_.expiryInToken) claims["exp"] = now / 1000 + settings_.sessionTtl;
    const std::string authToken = signJwt("fnb-portal", dump(claims));
    {
        std::lock_guard lock(mutex_);
        if (sessions_.size() >= kMaxSessions) sessions_.clear();
        sessions_[authToken] = {now + settings_.sessionTtl * 1000LL, 0};
    }
    return Reply::json(200, {{"valid", true},
                             {"message", "Autenticación correcta"},
                             {"data", {{"authToken", authToken}}}});
}

bool FnbPortal::useSession(const std::string& authorization) {
    static const std::string kBearer = "Bearer ";
    if (authorization.rfind(kBearer, 0) != 0) return false;
    std::lock_guard lock(mutex_);
    const auto found = sessions_.find(authorization.substr(kBearer.size()));
    if (found == sessions_.end()) return false;
    Session& session = found->second;
    if (unixMs() >= session.endsMs || session.lookups >= settings_.maxLookups) {
        sessions_.erase(found);
        return false;
    }
    ++session.lookups;
    return true;
}

Reply FnbPortal::lookUp(const Request& request) {
    if (!likeBrowser(request, false, "/WebFNB/consulta-credito")) return rejected();
    if (!useSession(request.header("authorization")))
        return Reply::json(401, {{"Message", "Authorization has been denied for this request."}});
    const std::string dni = request.param("numeroDocumento");
    if (request.param("tipoDocumento") != "PE2" || request.param("canal") != "FNB" ||
        request.param("idAliado") != std::to_string(settings_.allyId) || dni.empty())
        return Reply::json(400, {{"Message", "The request is invalid."}});

    const std::string trace = journeys_.byDni(dni);
    journeys_.hop(trace, "portal_asked", "FNB");
    Reply reply;
    const auto person = people_.find(dni);
    const std::string answer = person ? person->value("answer", "") : "";
    if (!person)
        reply = Reply::json(
            200, {{"valid", false}, {"message", "No se encontró información para el documento"}});
    else if (answer == "null_data")
        reply = Reply::json(200, {{"valid", true}, {"message", ""}, {"data", nullptr}});
    else if (answer == "no_data")
        reply = Reply::json(200, {{"valid", true}, {"message", ""}});
    else if (answer == "null")
        reply = Reply::json(200, nullptr);
    else if (answer == "html")
        reply = Reply::html(200, "<html><body>Servicio no disponible</body></html>");
    else
        reply = Reply::json(
            200, {{"valid", true},
                  {"message", ""},
                  {"data",
                   {{"tipoDocumento", "PE2"},
                    {"numeroDocumento", dni},
                    {"nombre", person->value("name", "")},
                    {"lineaCredito", person->value("credit_line", 0.0)},
                    {"tieneLineaCredito",
                     person->value("has_line", person->value("credit_line", 0.0) > 0)}}}});
    reply.trace = trace;
    journeys_.hop(trace, "portal_answered", person ? "FNB: encontrado" : "FNB: no encontrado");
    return reply;
}

}  // namespace totem_sandbox
