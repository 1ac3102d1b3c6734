#include "world/base/http_caller.hpp"

#include "world/base/clock.hpp"

#include <Poco/Net/HTTPBasicCredentials.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/NetException.h>
#include <Poco/StreamCopier.h>
#include <Poco/URI.h>

#include <algorithm>

namespace totem_sandbox {
namespace {

constexpr std::size_t kMaxIdle = 256;
constexpr int kMaxRedirects = 10;
constexpr std::int64_t kMaxIdleUs = 2'000'000;

std::string refused(const Poco::URI& uri) {
    const std::string where = uri.getHost() + ":" + std::to_string(uri.getPort());
    return "Failed to open TCP connection to " + where +
           " (Connection refused - connect(2) for \"" + uri.getHost() + "\" port " +
           std::to_string(uri.getPort()) + ")";
}

}  // namespace

class HttpCaller::Session : public Poco::Net::HTTPClientSession {
public:
    Session(const std::string& host, unsigned short port)
        : HTTPClientSession(host, port), key(host + ":" + std::to_string(port)) {
        setKeepAlive(true);
        setKeepAliveTimeout(Poco::Timespan(60, 0));
    }
    /// Has the peer hung up (or sent something that nobody asked for)?
    bool stale() {
        if (!connected() || monoUs() - usedUs > kMaxIdleUs) return true;
        return socket().poll(Poco::Timespan(0), Poco::Net::Socket::SELECT_READ);
    }
    const std::string key;
    std::int64_t usedUs = 0;
};

HttpCaller::HttpCaller() = default;
HttpCaller::~HttpCaller() = default;

std::unique_ptr<HttpCaller::Session> HttpCaller::take(const std::string& host,
                                                      unsigned short port) {
    const std::string key = host + ":" + std::to_string(port);
    for (;;) {
        std::unique_ptr<Session> session;
        {
            std::lock_guard lock(mutex_);
            const auto found = idle_.find(key);
            if (found == idle_.end()) break;
            session = std::move(found->second);
            idle_.erase(found);
        }
        if (!session->stale()) return session;
    }
    return std::make_unique<Session>(host, port);
}

void HttpCaller::give(std::unique_ptr<Session> session) {
    session->usedUs = monoUs();
    std::lock_guard lock(mutex_);
    if (idle_.size() < kMaxIdle) idle_.emplace(session->key, std::move(session));
}

void HttpCaller::awaitAnswer(Session& session, std::chrono::milliseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    while (!session.socket().poll(Poco::Timespan(0, 100000), Poco::Net::Socket::SELECT_READ)) {
        if (stopped_) throw Poco::IOException("the sandbox is stopping");
        if (std::chrono::steady_clock::now() >= end) throw Poco::TimeoutException();
    }
}

CallResult HttpCaller::once(const Call& call, const std::string& method, const std::string& url,
                            std::string& location) {
    CallResult result;
    const Poco::URI uri(url);
    if (uri.getScheme() != "http" || uri.getHost().empty()) {
        result.error = "not an http address: " + url;
        return result;
    }
    try {
        auto session = take(uri.getHost(), uri.getPort());
        const Poco::Timespan timeout(call.timeout.count() * 1000);
        session->setTimeout(timeout, timeout, timeout);
        const std::string path = uri.getPathAndQuery();
        Poco::Net::HTTPRequest request(method, path.empty() ? "/" : path, "HTTP/1.1");
        request.setKeepAlive(true);
        for (const auto& [name, value] : call.headers) request.set(name, value);
        if (const std::string info = uri.getUserInfo(); !info.empty()) {
            const std::size_t colon = std::min(info.find(':'), info.size());
            const std::string password = colon < info.size() ? info.substr(colon + 1) : "";
            Poco::Net::HTTPBasicCredentials(info.substr(0, colon), password).authenticate(request);
        }
        const bool withBody = method != "GET";
        if (withBody) {
            request.setContentType(call.contentType);
            request.setContentLength64(static_cast<Poco::Int64>(call.body.size()));
        }
        std::ostream& out = session->sendRequest(request);
        if (withBody) out.write(call.body.data(), static_cast<std::streamsize>(call.body.size()));
        out.flush();
        awaitAnswer(*session, call.timeout);
        Poco::Net::HTTPResponse response;
        std::istream& in = session->receiveResponse(response);
        Poco::StreamCopier::copyToString(in, result.body);
        result.status = response.getStatus();
        location = response.get("Location", "");
        if (response.getKeepAlive() && session->connected()) give(std::move(session));
    } catch (const Poco::TimeoutException&) {
        result.status = 0;
        result.error = "Net::ReadTimeout with #<TCPSocket:(closed)>";
    } catch (const Poco::Net::ConnectionRefusedException&) {
        result.error = refused(uri);
    } catch (const Poco::Exception& e) {
        result.status = 0;
        result.error = e.displayText();
    }
    return result;
}

CallResult HttpCaller::call(const Call& call) {
    std::string method = call.method;
    std::string url = call.url;
    try {
        for (int hop = 0; hop <= kMaxRedirects; ++hop) {
            std::string location;
            CallResult result = once(call, method, url, location);
            if (result.status < 300 || result.status > 399 || location.empty()) return result;
            Poco::URI next(url);
            next.resolve(location);
            url = next.toString();
            if (call.redirectAsGet && result.status <= 303) method = "GET";
        }
    } catch (const Poco::Exception& e) {
        CallResult failed;
        failed.error = e.displayText();
        return failed;
    }
    CallResult failed;
    failed.error = "too many redirects";
    return failed;
}

}  // namespace totem_sandbox
