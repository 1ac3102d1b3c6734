#pragma once

#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/StreamCopier.h>

#include <map>
#include <mutex>
#include <string>
#include <vector>

/// An admin listener with recorded answers: "GET /path?query" → status and body. It writes down
/// what it was asked. Threads: answers on its own threads; the test reads after each call.
class FakeAdmin {
public:
    struct Answer {
        int status = 200;
        std::string body;
    };

    explicit FakeAdmin(std::map<std::string, Answer> answers)
        : answers_(std::move(answers)),
          socket_(Poco::Net::SocketAddress("127.0.0.1", 0)),
          server_(new Factory(*this), socket_, parameters()) {
        server_.start();
    }
    ~FakeAdmin() { server_.stopAll(true); }

    std::string address() const { return socket_.address().toString(); }

    /// "POST /path | body | token | key", in order.
    std::vector<std::string> asked() const {
        const std::lock_guard lock(mutex_);
        return asked_;
    }

private:
    class Handler : public Poco::Net::HTTPRequestHandler {
    public:
        explicit Handler(FakeAdmin& admin) : admin_(admin) {}
        void handleRequest(Poco::Net::HTTPServerRequest& request,
                           Poco::Net::HTTPServerResponse& response) override {
            std::string body;
            Poco::StreamCopier::copyToString(request.stream(), body);
            const std::string line = request.getMethod() + " " + request.getURI();
            admin_.note(line + " | " + body + " | " + request.get("Authorization", "-") + " | " +
                        request.get("Idempotency-Key", "-"));
            auto found = admin_.answers_.find(line);
            const Answer answer = found == admin_.answers_.end() ? Answer{404, ""} : found->second;
            response.setStatus(static_cast<Poco::Net::HTTPResponse::HTTPStatus>(answer.status));
            response.sendBuffer(answer.body.data(), answer.body.size());
        }

    private:
        FakeAdmin& admin_;
    };

    class Factory : public Poco::Net::HTTPRequestHandlerFactory {
    public:
        explicit Factory(FakeAdmin& admin) : admin_(admin) {}
        Poco::Net::HTTPRequestHandler* createRequestHandler(
            const Poco::Net::HTTPServerRequest&) override {
            return new Handler(admin_);
        }

    private:
        FakeAdmin& admin_;
    };

    static Poco::Net::HTTPServerParams* parameters() {
        auto* parameters = new Poco::Net::HTTPServerParams;
        parameters->setMaxThreads(2);
        return parameters;
    }

    void note(const std::string& line) {
        const std::lock_guard lock(mutex_);
        asked_.push_back(line);
    }

    const std::map<std::string, Answer> answers_;
    mutable std::mutex mutex_;
    std::vector<std::string> asked_;  // guarded by mutex_
    Poco::Net::ServerSocket socket_;
    Poco::Net::HTTPServer server_;
};
