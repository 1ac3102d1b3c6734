#include "plugins/sandbox/harness.hpp"

#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/StreamCopier.h>
#include <Poco/String.h>

#include <openssl/hmac.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace sandbox_test {
namespace {
constexpr auto kPatience = std::chrono::seconds(10);
}

Answer requestText(int port, const std::string& method, const std::string& path,
                   const Headers& headers, const std::string& contentType,
                   const std::string& body) {
    Answer answer;
    try {
        Poco::Net::HTTPClientSession session("127.0.0.1", static_cast<Poco::UInt16>(port));
        session.setTimeout(Poco::Timespan(20, 0));
        Poco::Net::HTTPRequest out(method, path, "HTTP/1.1");
        for (const auto& [name, value] : headers) out.set(name, value);
        if (!contentType.empty()) out.setContentType(contentType);
        if (method != "GET") out.setContentLength(static_cast<std::streamsize>(body.size()));
        session.sendRequest(out) << (method == "GET" ? "" : body);
        Poco::Net::HTTPResponse in;
        std::istream& stream = session.receiveResponse(in);
        Poco::StreamCopier::copyToString(stream, answer.body);
        for (const auto& [name, value] : in) answer.headers[Poco::toLower(name)] = value;
        const bool whole = !in.hasContentLength() ||
                           answer.body.size() == static_cast<std::size_t>(in.getContentLength64());
        answer.status = whole ? static_cast<int>(in.getStatus()) : 0;
    } catch (const Poco::Exception&) {
        answer.status = 0;
    }
    return answer;
}

Answer request(int port, const std::string& method, const std::string& path, const Headers& headers,
               const json& body) {
    return requestText(port, method, path, headers, body.is_null() ? "" : "application/json",
                       body.is_null() ? "" : body.dump());
}

class Receiver::Impl {
public:
    explicit Impl(std::function<int(const Received&)> answer)
        : answer_(std::move(answer)),
          server_(new Factory(*this), Poco::Net::ServerSocket(0), parameters()) {
        server_.start();
    }
    ~Impl() {
        {
            std::lock_guard lock(mutex_);
            stopped_ = true;
        }
        arrived_.notify_all();
        server_.stop();
        while (server_.currentConnections() > 0) std::this_thread::yield();
    }
    int port() const { return server_.port(); }

    std::vector<Received> wait(std::size_t count,
                               const std::function<bool(const Received&)>& wanted) {
        std::unique_lock lock(mutex_);
        std::vector<Received> found;
        arrived_.wait_for(lock, kPatience, [&] {
            found.clear();
            for (const Received& r : all_)
                if (!wanted || wanted(r)) found.push_back(r);
            return found.size() >= count;
        });
        return found;
    }

private:
    static Poco::Net::HTTPServerParams* parameters() {
        auto* params = new Poco::Net::HTTPServerParams;
        params->setMaxThreads(16);
        params->setKeepAlive(false);
        return params;
    }

    struct Handler : Poco::Net::HTTPRequestHandler {
        explicit Handler(Impl& impl) : owner(impl) {}
        void handleRequest(Poco::Net::HTTPServerRequest& in,
                           Poco::Net::HTTPServerResponse& out) override {
            Received r;
            r.path = in.getURI();
            for (const auto& [name, value] : in) r.headers[Poco::toLower(name)] = value;
            Poco::StreamCopier::copyToString(in.stream(), r.body);
            const int status = owner.answer_ ? owner.answer_(r) : 200;
            std::unique_lock lock(owner.mutex_);
            owner.all_.push_back(r);
            owner.arrived_.notify_all();
            if (status == 0) {
                owner.arrived_.wait_for(lock, kPatience, [this] { return owner.stopped_; });
                return;
            }
            lock.unlock();
            out.setStatus(static_cast<Poco::Net::HTTPResponse::HTTPStatus>(status));
            out.setContentLength(0);
            out.send();
        }
        Impl& owner;
    };
    struct Factory : Poco::Net::HTTPRequestHandlerFactory {
        explicit Factory(Impl& impl) : owner(impl) {}
        Poco::Net::HTTPRequestHandler* createRequestHandler(
            const Poco::Net::HTTPServerRequest&) override {
            return new Handler(owner);
        }
        Impl& owner;
    };

    std::function<int(const Received&)> answer_;
    std::mutex mutex_;
    std::condition_variable arrived_;
    std::vector<Received> all_;
    bool stopped_ = false;
    Poco::Net::HTTPServer server_;
};

Receiver::Receiver(std::function<int(const Received&)> answer)
    : impl_(std::make_unique<Impl>(std::move(answer))) {}
Receiver::~Receiver() = default;
int Receiver::port() const {
    return impl_->port();
}
std::string Receiver::url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port()) + path;
}
std::vector<Received> Receiver::wait(std::size_t count,
                                     const std::function<bool(const Received&)>& wanted) {
    return impl_->wait(count, wanted);
}
Received Receiver::event(const std::string& name) {
    const auto found =
        wait(1, [&](const Received& r) { return r.value().value("event", "") == name; });
    return found.empty() ? Received{} : found.front();
}
std::size_t Receiver::count(const std::function<bool(const Received&)>& wanted) {
    return impl_->wait(0, wanted).size();
}

std::string hmac(const std::string& key, const std::string& data) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
         reinterpret_cast<const unsigned char*>(data.data()), data.size(), digest, &size);
    static const char* const kHex = "0123456789abcdef";
    std::string text;
    for (unsigned int i = 0; i < size; ++i) {
        text += kHex[digest[i] >> 4];
        text += kHex[digest[i] & 15];
    }
    return text;
}

bool eventually(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < end) {
        if (condition()) return true;
        std::this_thread::yield();
    }
    return false;
}

}  // namespace sandbox_test
