#include "evolution_double.hpp"

#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/HTTPServerRequestImpl.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/StreamCopier.h>

using nlohmann::json;

namespace {

class Handler : public Poco::Net::HTTPRequestHandler {
public:
    explicit Handler(EvolutionDouble& owner) : owner_(owner) {}
    void handleRequest(Poco::Net::HTTPServerRequest& request,
                       Poco::Net::HTTPServerResponse& response) override {
        std::string body;
        Poco::StreamCopier::copyToString(request.stream(), body);
        const auto answer =
            owner_.serve({request.getMethod(), request.getURI(), request.get("apikey", ""),
                          json::parse(body, nullptr, false)});
        if (answer.lost) {
            static_cast<Poco::Net::HTTPServerRequestImpl&>(request).detachSocket().close();
            return;
        }
        response.setStatus(static_cast<Poco::Net::HTTPResponse::HTTPStatus>(answer.status));
        response.setContentType("application/json");
        response.setContentLength64(static_cast<Poco::Int64>(answer.body.size()));
        response.send() << answer.body;
    }

private:
    EvolutionDouble& owner_;
};

class Factory : public Poco::Net::HTTPRequestHandlerFactory {
public:
    explicit Factory(EvolutionDouble& owner) : owner_(owner) {}
    Poco::Net::HTTPRequestHandler* createRequestHandler(
        const Poco::Net::HTTPServerRequest&) override {
        return new Handler(owner_);
    }

private:
    EvolutionDouble& owner_;
};

}  // namespace

EvolutionDouble::EvolutionDouble() {
    const Poco::Net::ServerSocket socket(Poco::Net::SocketAddress("127.0.0.1", 0));
    server_ = std::make_unique<Poco::Net::HTTPServer>(new Factory(*this), socket,
                                                      new Poco::Net::HTTPServerParams);
    server_->start();
}

EvolutionDouble::~EvolutionDouble() {
    server_->stopAll(true);
}

int EvolutionDouble::port() const {
    return server_->port();
}

void EvolutionDouble::answer(Answer next) {
    std::lock_guard lock(mutex_);
    next_ = std::move(next);
}

void EvolutionDouble::state(std::string name) {
    std::lock_guard lock(mutex_);
    state_ = std::move(name);
}

std::vector<EvolutionDouble::Asked> EvolutionDouble::sends() const {
    std::lock_guard lock(mutex_);
    return sends_;
}

EvolutionDouble::Asked EvolutionDouble::lastFind() const {
    std::lock_guard lock(mutex_);
    return find_;
}

EvolutionDouble::Answer EvolutionDouble::serve(const Asked& asked) {
    std::lock_guard lock(mutex_);
    if (asked.key != "canary-key") {
        return {401,
                R"({"status":401,"error":"Unauthorized","response":{"message":"Unauthorized"}})",
                false};
    }
    if (asked.path.rfind("/instance/connectionState/", 0) == 0) {
        return {200, json{{"instance", {{"instanceName", "ventas"}, {"state", state_}}}}.dump(),
                false};
    }
    if (asked.path.rfind("/chat/findMessages/", 0) == 0) {
        find_ = asked;
        return {
            200,
            R"({"messages":{"total":1,"pages":1,"currentPage":1,"records":[{"key":{"id":"R1","fromMe":true,"remoteJid":"51911111111@s.whatsapp.net"},"messageType":"conversation","message":{"conversation":"hola"},"messageTimestamp":1772359200,"MessageUpdate":[{"status":"READ"}]}]}})",
            false};
    }
    if (asked.method != "POST" || asked.path.rfind("/message/sendText/", 0) != 0) {
        return {404,
                R"({"status":404,"error":"Not Found","response":{"message":["Cannot find it"]}})",
                false};
    }
    sends_.push_back(asked);
    if (!next_.body.empty() || next_.lost) return next_;
    const json sent{{"key",
                     {{"remoteJid", asked.body.value("number", "")},
                      {"fromMe", true},
                      {"id", "SENT" + std::to_string(sends_.size())}}},
                    {"status", "PENDING"}};
    return {201, sent.dump(), false};
}
