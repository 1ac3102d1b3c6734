#include "http/http_listener.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/SocketAddress.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "http/connection.hpp"

namespace totemd {
namespace {

constexpr int kBacklog = 1024;
constexpr int kAcceptsPerTurn = 64;
constexpr std::int64_t kAcceptPauseMs = 100;

}  // namespace

HttpListener::HttpListener(EventLoop& loop, ListenerOptions options, HttpHandler handler)
    : loop_(loop), options_(std::move(options)), handler_(std::move(handler)) {}

HttpListener::~HttpListener() = default;

void HttpListener::open() try {
    const Poco::Net::SocketAddress address(options_.address);
    if (address.family() == Poco::Net::SocketAddress::IPv6) {
        socket_.bind6(address, true, false, true);
    } else {
        socket_.bind(address, true, false);
    }
    socket_.listen(kBacklog);
    socket_.setBlocking(false);
    socket_.setOption(IPPROTO_TCP, TCP_NODELAY, 1);  // accepted sockets inherit it
    listenFd_ = socket_.impl()->sockfd();
    fcntl(listenFd_, F_SETFD, FD_CLOEXEC);
    port_ = socket_.address().port();
} catch (const Poco::Exception& error) {
    throw std::runtime_error("listener " + options_.name + ": cannot listen on " +
                             options_.address + ": " + error.displayText());
}

void HttpListener::attach() {
    // sendfile has no MSG_NOSIGNAL: a client that left must not end the process.
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    resumeAccepting();
}

void HttpListener::resumeAccepting() {
    if (listenFd_ < 0 || watching_) return;
    watching_ = true;
    loop_.watch(listenFd_, EPOLLIN, [this](std::uint32_t) {
        const auto self = shared_from_this();
        for (int i = 0; i < kAcceptsPerTurn && acceptOne(); ++i) {
        }
    });
}

void HttpListener::pauseAccepting(int error) {
    counters_.acceptFailures.fetch_add(1, std::memory_order_relaxed);
    if (!acceptFailing_) {
        warn(std::string("cannot accept connections: ") + std::strerror(error) +
             "; raise the limit of open files or lower max connections");
    }
    acceptFailing_ = true;
    if (!watching_) return;
    watching_ = false;
    loop_.unwatch(listenFd_);
    loop_.after(kAcceptPauseMs * kNsPerMs, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->resumeAccepting();
    });
}

bool HttpListener::acceptOne() {
    if (listenFd_ < 0) return false;
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    const int fd =
        accept4(listenFd_, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
        if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO) return true;
        pauseAccepting(errno);
        return false;
    }
    acceptFailing_ = false;
    if (connections_.size() >= options_.limits.maxConnections) {
        refuseConnection(fd);
        return true;
    }
    const auto connection = std::make_shared<Connection>(shared_from_this(), fd, peer);
    try {
        connection->open();
    } catch (const std::system_error& error) {
        pauseAccepting(error.code().value());
        return false;
    }
    connections_.emplace(connection.get(), connection);
    counters_.open.store(connections_.size(), std::memory_order_relaxed);
    counters_.accepted.fetch_add(1, std::memory_order_relaxed);
    armSweep();
    return true;
}

void HttpListener::refuseConnection(int fd) {
    counters_.refusedConnections.fetch_add(1, std::memory_order_relaxed);
    HttpResponse response = HttpResponse::problem(503, "too many connections");
    response.with("Retry-After", "1");
    std::string out;
    appendHead(out, response, date_.at(unixNow()), false);
    out += std::get<std::string>(response.body);
    send(fd, out.data(), out.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    // What the client already sent is taken, so that closing does not reset its answer away.
    shutdown(fd, SHUT_WR);
    recv(fd, readBuffer_.data(), readBuffer_.size(), MSG_DONTWAIT);
    ::close(fd);
}

void HttpListener::forget(Connection& connection) {
    connections_.erase(&connection);
    counters_.open.store(connections_.size(), std::memory_order_relaxed);
    if (draining_ && connections_.empty()) {
        loop_.post([self = shared_from_this()] { self->finishDrain(); });
    }
}

void HttpListener::armSweep() {
    if (sweepArmed_) return;
    sweepArmed_ = true;
    const HttpLimits& limits = options_.limits;
    const std::int64_t shortest =
        std::min({limits.headerMs, limits.bodyMs, limits.keepAliveMs, limits.progressMs});
    const std::int64_t every = std::clamp<std::int64_t>(shortest / 4, 5, 1000);
    loop_.after(every * kNsPerMs, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->sweep();
    });
}

void HttpListener::sweep() {
    sweepArmed_ = false;
    std::vector<std::shared_ptr<Connection>> all;
    all.reserve(connections_.size());
    for (const auto& entry : connections_) all.push_back(entry.second);
    const std::int64_t now = monotonicNow();
    for (const auto& connection : all) connection->checkTime(now);
    if (!connections_.empty()) armSweep();
}

void HttpListener::stopAccepting() {
    if (listenFd_ < 0) return;
    // Those that the kernel has accepted already would be reset by closing.
    while (acceptOne()) {
    }
    if (watching_) loop_.unwatch(listenFd_);
    watching_ = false;
    listenFd_ = -1;
    socket_.close();
}

void HttpListener::drain(std::int64_t timeoutMs, std::function<void(std::size_t)> done) {
    stopAccepting();
    draining_ = true;
    drained_.push_back(std::move(done));
    std::vector<std::shared_ptr<Connection>> all;
    for (const auto& entry : connections_) all.push_back(entry.second);
    for (const auto& connection : all) connection->drain();
    if (connections_.empty()) return finishDrain();
    loop_.cancel(drainTimer_);
    drainTimer_ = loop_.after(timeoutMs * kNsPerMs, [weak = weak_from_this()] {
        const auto self = weak.lock();
        if (!self) return;
        for (const auto& entry : self->connections_) self->cut_ += entry.second->isBusy() ? 1 : 0;
        self->closeAll();
        self->finishDrain();
    });
}

void HttpListener::finishDrain() {
    loop_.cancel(drainTimer_);
    std::vector<std::function<void(std::size_t)>> waiting;
    waiting.swap(drained_);
    for (const auto& done : waiting) {
        if (done) done(cut_);
    }
}

void HttpListener::closeAll() {
    stopAccepting();
    while (!connections_.empty()) {
        const auto connection = connections_.begin()->second;
        connection->close();
    }
}

void HttpListener::warn(const std::string& message) const {
    if (options_.warn) options_.warn("listener " + options_.name + ": " + message);
}

HttpStats HttpListener::stats() const {
    HttpStats stats;
    stats.openConnections = counters_.open;
    stats.connections = counters_.accepted;
    stats.requests = counters_.requests;
    stats.refusedConnections = counters_.refusedConnections;
    stats.acceptFailures = counters_.acceptFailures;
    stats.refusedMalformed = counters_.malformed;
    stats.refusedHeader = counters_.header;
    stats.refusedBody = counters_.body;
    stats.refusedSpool = counters_.spool;
    stats.timedOut = counters_.timedOut;
    return stats;
}

}  // namespace totemd
