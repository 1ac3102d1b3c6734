#include "world/base/http_server.hpp"

#include "world/base/clock.hpp"
#include "world/base/connection_threads.hpp"
#include "world/base/event_log.hpp"
#include "world/base/faults.hpp"
#include "world/base/stop_signal.hpp"

#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/HTTPServerRequestImpl.h>
#include <Poco/Net/HTTPServerResponseImpl.h>
#include <Poco/Net/HTTPServerSession.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/StreamCopier.h>
#include <Poco/String.h>
#include <Poco/URI.h>

#include <sys/socket.h>

namespace totem_sandbox {
namespace {

using Poco::Net::HTTPServerRequest;
using Poco::Net::HTTPServerRequestImpl;
using Poco::Net::HTTPServerResponse;

constexpr std::size_t kMaxBody = 64u << 20;

const Poco::Timespan kReadTimeout(10, 0);  ///< for each piece of a request that has begun
constexpr std::chrono::milliseconds kIdleTimeout(75000);

/// Poco's session, with a look into its buffer: a pipelined request waits there.
class Session : public Poco::Net::HTTPServerSession {
public:
    using HTTPServerSession::buffered;
    using HTTPServerSession::HTTPServerSession;
};

std::vector<std::string> splitPath(const std::string& path) {
    std::vector<std::string> parts;
    std::size_t from = 0;
    while (from < path.size()) {
        const std::size_t slash = std::min(path.find('/', from), path.size());
        if (slash > from) {
            std::string part;
            Poco::URI::decode(path.substr(from, slash - from), part);
            parts.push_back(part);
        }
        from = slash + 1;
    }
    return parts;
}

bool readBody(std::istream& in, std::string& body) {
    char chunk[16384];
    while (in) {
        in.read(chunk, sizeof chunk);
        body.append(chunk, static_cast<std::size_t>(in.gcount()));
        if (body.size() > kMaxBody) return false;
    }
    return true;
}

Request readRequest(HTTPServerRequest& in) {
    Request request;
    request.method = in.getMethod();
    request.target = in.getURI();
    const std::size_t question = request.target.find('?');
    request.path = request.target.substr(0, question);
    request.parts = splitPath(request.path);
    if (question != std::string::npos)
        request.query = Poco::URI(request.target).getQueryParameters();
    for (const auto& [name, value] : in) request.headers[Poco::toLower(name)] = value;
    return request;
}

const char* reason(int status) {
    return HTTPServerResponse::getReasonForStatus(
               static_cast<Poco::Net::HTTPResponse::HTTPStatus>(status))
        .c_str();
}

std::string headText(const Reply& reply, bool keepAlive) {
    std::string head = "HTTP/1.1 " + std::to_string(reply.status) + " " + reason(reply.status) +
                       "\r\nContent-Type: " + reply.contentType +
                       "\r\nContent-Length: " + std::to_string(reply.body.size()) + "\r\n";
    for (const auto& [name, value] : reply.headers) head += name + ": " + value + "\r\n";
    head += keepAlive ? "Connection: Keep-Alive\r\n\r\n" : "Connection: close\r\n\r\n";
    return head;
}

Reply faultReply(const Fault& fault) {
    Reply reply = fault.body.empty() ? Reply::html(fault.status, "<html><body><h1>" +
                                                                     std::to_string(fault.status) +
                                                                     "</h1></body></html>\n")
                                     : Reply::json(200, nullptr);
    reply.status = fault.status;
    if (!fault.body.empty()) reply.body = fault.body;
    if (fault.status == 429 && fault.body.empty()) {
        reply.body = "Retry later\n";
        reply.contentType = "text/plain";
    }
    if (fault.retryAfter >= 0)
        reply.headers.emplace_back("Retry-After", std::to_string(fault.retryAfter));
    return reply;
}

void sendAll(Poco::Net::StreamSocket& socket, const char* data, std::size_t size) {
    while (size > 0) {
        const int sent = socket.sendBytes(data, static_cast<int>(size), MSG_NOSIGNAL);
        data += sent;
        size -= static_cast<std::size_t>(sent);
    }
}

/// A hard end: the peer sees a connection reset.
void abortConnection(HTTPServerRequestImpl& in) {
    Poco::Net::StreamSocket socket = in.detachSocket();
    socket.setLinger(true, 0);
    socket.close();
}

std::string faultNote(const Fault& fault) {
    std::string note;
    if (fault.latencyMs > 0) note += "fault: latency " + std::to_string(fault.latencyMs) + " ms ";
    if (fault.status > 0) note += "fault: status ";
    if (fault.drip) note += "fault: drip ";
    if (fault.reset == Fault::Reset::before) note += "fault: reset before";
    if (fault.reset == Fault::Reset::afterHeaders) note += "fault: reset after headers";
    if (fault.reset == Fault::Reset::afterEffect) note += "fault: reset after effect";
    return note;
}

}  // namespace

class ServiceServer::Impl {
public:
    Impl(std::string name, std::string address, int threads, Service& service,
         ServerContext context)
        : name_(std::move(name)),
          address_(std::move(address)),
          limit_(static_cast<std::size_t>(threads)),
          service_(service),
          context_(context) {}

    void bind() {
        Poco::Net::ServerSocket socket;
        socket.bind(Poco::Net::SocketAddress(address_), true, false);
        socket.listen(1024);
        port_ = socket.address().port();
        connections_ = std::make_unique<ConnectionThreads>(
            socket, [this](const Poco::Net::StreamSocket& peer) { serve(peer); }, limit_);
    }

    void start() { connections_->start(); }

    void stop() { connections_.reset(); }

    std::uint16_t port() const { return port_; }

private:
    /// One connection, request after request, until either side has enough or the world ends.
    void serve(const Poco::Net::StreamSocket& peer) {
        Poco::Net::HTTPServerParams::Ptr params(new Poco::Net::HTTPServerParams);
        params->setTimeout(kReadTimeout);
        Session session(peer, params);
        while (session.buffered() > 0 ||
               context_.stop.awaitReadable(session.socket().impl()->sockfd(), kIdleTimeout)) {
            Poco::Net::HTTPServerResponseImpl out(session);
            try {
                HTTPServerRequestImpl in(out, session, params);
                out.setVersion(in.getVersion());
                out.setKeepAlive(in.getKeepAlive());
                if (in.getExpectContinue()) out.sendContinue();
                if (!handle(in, out)) return;
            } catch (const Poco::Net::NoMessageException&) {
                return;
            } catch (const Poco::Net::MessageException&) {
                refuse(session.socket());
                return;
            } catch (const Poco::SyntaxException&) {
                refuse(session.socket());
                return;
            }
        }
    }

    static void refuse(Poco::Net::StreamSocket& socket) {
        const std::string wire = headText(Reply::text(400, ""), false);
        sendAll(socket, wire.data(), wire.size());
    }

    /// Answers one request; false when the connection is to end.
    bool handle(HTTPServerRequestImpl& in, const HTTPServerResponse& out) {
        LogEntry entry;
        entry.monoUs = monoUs();
        entry.unixMs = unixMs();
        Request request = readRequest(in);
        const bool complete = readBody(in.stream(), request.body);
        const Fault fault = context_.faults.take(name_, request.target);
        if (fault.latencyMs > 0) context_.stop.pause(std::chrono::milliseconds(fault.latencyMs));
        Reply reply;
        if (!complete)
            reply = Reply::text(413, "request entity too large");
        else if (fault.reset != Fault::Reset::before)
            reply = fault.status > 0 ? faultReply(fault) : ask(request);
        logRequest(entry, request, reply, fault);
        if (fault.reset == Fault::Reset::before || fault.reset == Fault::Reset::afterEffect) {
            abortConnection(in);
            return false;
        }
        return send(in, reply, fault, complete && out.getKeepAlive());
    }

    Reply ask(const Request& request) {
        try {
            return service_.handle(request);
        } catch (const std::exception& e) {
            return Reply::json(
                500, {{"status", 500}, {"error", "Internal Server Error"}, {"sandbox", e.what()}});
        }
    }

    void logRequest(LogEntry& entry, Request& request, const Reply& reply, const Fault& fault) {
        if (name_ == "page") return;
        entry.service = name_;
        entry.kind = "request";
        entry.method = request.method;
        entry.target = request.target;
        entry.status = fault.reset == Fault::Reset::before ? 0 : reply.status;
        entry.tookUs = monoUs() - entry.monoUs;
        entry.trace = reply.trace;
        entry.detail = faultNote(fault);
        entry.body = std::move(request.body);
        context_.log.add(std::move(entry));
    }

    bool send(HTTPServerRequestImpl& in, const Reply& reply, const Fault& fault, bool keepAlive) {
        std::string wire = headText(reply, keepAlive);
        if (fault.reset == Fault::Reset::afterHeaders) {
            wire += reply.body.substr(0, reply.body.size() / 2);
            sendAll(in.socket(), wire.data(), wire.size());
            abortConnection(in);
            return false;
        }
        if (in.getMethod() != "HEAD") wire += reply.body;
        if (!fault.drip) {
            sendAll(in.socket(), wire.data(), wire.size());
            return keepAlive;
        }
        for (const char c : wire) {
            sendAll(in.socket(), &c, 1);
            if (!context_.stop.pause(std::chrono::milliseconds(fault.dripMs))) return false;
        }
        return keepAlive;
    }

    const std::string name_;
    const std::string address_;
    const std::size_t limit_;
    Service& service_;
    ServerContext context_;
    std::unique_ptr<ConnectionThreads> connections_;
    std::uint16_t port_ = 0;
};

ServiceServer::ServiceServer(std::string name, std::string address, int threads, Service& service,
                             ServerContext context)
    : impl_(
          std::make_unique<Impl>(std::move(name), std::move(address), threads, service, context)) {}
ServiceServer::~ServiceServer() {
    stop();
}
void ServiceServer::bind() {
    impl_->bind();
}
void ServiceServer::start() {
    impl_->start();
}
void ServiceServer::stop() {
    impl_->stop();
}
std::uint16_t ServiceServer::port() const {
    return impl_->port();
}

}  // namespace totem_sandbox
