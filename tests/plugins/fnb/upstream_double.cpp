#include "upstream_double.hpp"

#include <Poco/Base64Encoder.h>
#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/StreamCopier.h>
#include <Poco/String.h>
#include <Poco/ThreadPool.h>
#include <Poco/URI.h>

#include <ctime>
#include <sstream>

using nlohmann::json;

namespace {

class Handler : public Poco::Net::HTTPRequestHandler {
public:
    explicit Handler(UpstreamDouble& owner) : owner_(owner) {}
    void handleRequest(Poco::Net::HTTPServerRequest& request,
                       Poco::Net::HTTPServerResponse& response) override {
        std::string body;
        Poco::StreamCopier::copyToString(request.stream(), body);
        std::map<std::string, std::string> headers;
        for (const auto& [name, value] : request) headers[Poco::toLower(name)] = value;
        const auto answer = owner_.answer(request.getMethod(), request.getURI(), body, headers);
        response.setStatus(static_cast<Poco::Net::HTTPResponse::HTTPStatus>(answer.status));
        for (const auto& [name, value] : answer.headers) response.set(name, value);
        response.setContentLength64(static_cast<Poco::Int64>(answer.body.size()));
        response.send() << answer.body;
    }

private:
    UpstreamDouble& owner_;
};

class Factory : public Poco::Net::HTTPRequestHandlerFactory {
public:
    explicit Factory(UpstreamDouble& owner) : owner_(owner) {}
    Poco::Net::HTTPRequestHandler* createRequestHandler(
        const Poco::Net::HTTPServerRequest&) override {
        return new Handler(owner_);
    }

private:
    UpstreamDouble& owner_;
};

std::string base64(const std::string& text) {
    std::ostringstream out;
    Poco::Base64Encoder encoder(out, Poco::BASE64_URL_ENCODING | Poco::BASE64_NO_PADDING);
    encoder << text;
    encoder.close();
    return out.str();
}

UpstreamDouble::Fault jsonAnswer(const json& value) {
    return {200, value.dump(), {{"Content-Type", "application/json; charset=utf-8"}}};
}

std::string at(const std::map<std::string, std::string>& map, const std::string& name) {
    const auto found = map.find(name);
    return found == map.end() ? std::string() : found->second;
}

Poco::ThreadPool& pool() {
    static Poco::ThreadPool threads(4, 300);
    return threads;
}

}  // namespace

UpstreamDouble::UpstreamDouble() {
    Poco::Net::ServerSocket socket(Poco::Net::SocketAddress("127.0.0.1", 0), 512);
    auto parameters = new Poco::Net::HTTPServerParams;
    parameters->setMaxThreads(300);
    parameters->setMaxQueued(1000);
    server_ =
        std::make_unique<Poco::Net::HTTPServer>(new Factory(*this), pool(), socket, parameters);
    server_->start();
}

UpstreamDouble::~UpstreamDouble() {
    release();
    server_->stopAll(true);
}

int UpstreamDouble::port() const {
    return server_->port();
}

void UpstreamDouble::set(const std::function<void(UpstreamDouble&)>& change) {
    std::lock_guard lock(mutex_);
    change(*this);
}

void UpstreamDouble::revokeTokens() {
    std::lock_guard lock(mutex_);
    tokens_.clear();
}

void UpstreamDouble::hold(const std::string& kind) {
    std::lock_guard lock(mutex_);
    held_ = kind;
}

void UpstreamDouble::release() {
    std::lock_guard lock(mutex_);
    held_.clear();
    changed_.notify_all();
}

UpstreamDouble::Counts UpstreamDouble::counts() const {
    std::lock_guard lock(mutex_);
    return counts_;
}

bool UpstreamDouble::waitFor(const std::function<bool(const Counts&)>& done) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(60), [&] { return done(counts_); });
}

void UpstreamDouble::stopHere(std::unique_lock<std::mutex>& lock, const std::string& kind) {
    changed_.notify_all();
    changed_.wait(lock, [&] { return held_ != kind; });
}

UpstreamDouble::Fault UpstreamDouble::wrong(const std::string& why) {
    ++counts_.wrong;
    return {400, why, {}};
}

UpstreamDouble::Fault UpstreamDouble::answer(const std::string& method, const std::string& target,
                                             const std::string& body,
                                             const std::map<std::string, std::string>& headers) {
    std::unique_lock lock(mutex_);
    const std::string path = Poco::URI(target).getPath();
    if (method == "POST" && path == "/FNB_Services/api/Seguridad/autenticar")
        return logIn(lock, body, headers);
    if (method == "GET" && path == "/FNB_Services/api/financiamiento/lineaCredito")
        return lookUp(lock, target, headers);
    if (method == "POST" && path == "/public/reports/querydata")
        return gaso(lock, target, body, headers);
    return wrong("unknown path");
}

UpstreamDouble::Fault UpstreamDouble::logIn(std::unique_lock<std::mutex>& lock,
                                            const std::string& body,
                                            const std::map<std::string, std::string>& headers) {
    ++counts_.logins;
    stopHere(lock, "login");
    if (loginFault) return *loginFault;
    const json sent = json::parse(body, nullptr, false);
    if (!sent.is_object() || sent.size() != 5 || sent.value("captcha", "") != "exitoso" ||
        sent.value("Latitud", "-") != "" || sent.value("Longitud", "-") != "") {
        return wrong("login body");
    }
    if (at(headers, "origin") != url() || at(headers, "referer") != url() + "/WebFNB/login")
        return wrong("login headers");
    if (sent.value("usuario", "") != username || sent.value("password", "") != password) {
        return jsonAnswer(
            {{"valid", false}, {"message", "Usuario o clave incorrecta"}, {"data", nullptr}});
    }
    const json payload{{"commercialAllyId", 815},
                       {"exp", std::time(nullptr) + tokenLifeS},
                       {"jti", counts_.logins}};
    const std::string token =
        base64(R"({"alg":"HS256"})") + "." + base64(payload.dump()) + ".canarysignature";
    tokens_.insert(token);
    return jsonAnswer({{"valid", true}, {"message", "ok"}, {"data", {{"authToken", token}}}});
}

UpstreamDouble::Fault UpstreamDouble::lookUp(std::unique_lock<std::mutex>& lock,
                                             const std::string& target,
                                             const std::map<std::string, std::string>& headers) {
    ++counts_.lookUps;
    counts_.lookUpTimes.push_back(std::chrono::steady_clock::now());
    const std::string bearer = at(headers, "authorization");
    const std::string token = bearer.rfind("Bearer ", 0) == 0 ? bearer.substr(7) : "";
    ++counts_.usesOfToken[token];
    stopHere(lock, "lookup");
    if (tokens_.count(token) == 0) return {401, "", {}};
    if (lookUpFault) return *lookUpFault;
    std::map<std::string, std::string> query;
    for (const auto& [name, value] : Poco::URI(target).getQueryParameters()) query[name] = value;
    if (query.size() != 4 || at(query, "tipoDocumento") != "PE2" ||
        at(query, "idAliado") != "815" || at(query, "canal") != "FNB") {
        return wrong("look-up parameters");
    }
    if (at(headers, "referer") != url() + "/WebFNB/consulta-credito")
        return wrong("look-up headers");
    const auto client = clients.find(at(query, "numeroDocumento"));
    if (client == clients.end())
        return jsonAnswer({{"valid", false}, {"message", "No se encontró"}});
    return jsonAnswer({{"valid", true}, {"message", nullptr}, {"data", client->second}});
}

UpstreamDouble::Fault UpstreamDouble::gaso(std::unique_lock<std::mutex>& lock,
                                           const std::string& target, const std::string& body,
                                           const std::map<std::string, std::string>& headers) {
    ++counts_.gaso;
    stopHere(lock, "gaso");
    if (gasoFault) return *gasoFault;
    if (Poco::URI(target).getQuery() != "synchronous=true" ||
        at(headers, "x-powerbi-resourcekey") != "key-1") {
        return wrong("report address or key");
    }
    std::string measure, literal;
    try {
        const json sent = json::parse(body);
        const json& query = sent.at("queries")
                                .at(0)
                                .at("Query")
                                .at("Commands")
                                .at(0)
                                .at("SemanticQueryDataShapeCommand")
                                .at("Query");
        measure = query.at("Select").at(0).at("Measure").at("Property").get<std::string>();
        literal = query.at("Where")
                      .at(0)
                      .at("Condition")
                      .at("Contains")
                      .at("Right")
                      .at("Literal")
                      .at("Value")
                      .get<std::string>();
        if (sent.at("modelId") != 77 || query.at("Version") != 2) return wrong("report body");
        if (query.at("Select").at(0).at("Name") != "Medidas." + measure)
            return wrong("report select");
    } catch (const json::exception& error) {
        return wrong(error.what());
    }
    counts_.gasoMeasures.push_back(measure);
    const auto client = gasoClients.find(literal.substr(1, literal.size() - 2));
    json row = json::object();
    if (client != gasoClients.end() && client->second.count(measure) != 0)
        row["M0"] = client->second.at(measure);
    json shape;
    shape["DS"][0]["PH"][0]["DM0"][0] = row;
    json result;
    result["results"][0]["result"]["data"]["dsr"] = shape;
    return jsonAnswer(result);
}
