#include "host/upstream/raw_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <system_error>

namespace totemd::test {

std::string answer(int status, const std::string& body, const std::string& headers) {
    return "HTTP/1.1 " + std::to_string(status) + " X\r\n" + headers +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string RawServer::Arrival::path() const {
    const auto begin = head.find(' ') + 1;
    return head.substr(begin, head.find(' ', begin) - begin);
}

std::string RawServer::Arrival::header(const std::string& name) const {
    const auto at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return {};
    const auto begin = at + name.size() + 4;
    return head.substr(begin, head.find("\r\n", begin) - begin);
}

RawServer::RawServer(Script script) : script_(std::move(script)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener_, raw, length) != 0 || listen(listener_, 4096) != 0 ||
        getsockname(listener_, raw, &length) != 0) {
        throw std::system_error(errno, std::generic_category(), "raw server");
    }
    port_ = ntohs(address.sin_port);
    loop_.watch(listener_, EPOLLIN, [this](std::uint32_t) { onAccept(); });
    loop_.start();
}

RawServer::~RawServer() {
    shut();
    loop_.stop();
}

std::string RawServer::url(const std::string& path) const {
    return "http://" + place() + path;
}

void RawServer::runAndWait(const std::function<void()>& task) {
    std::promise<void> ran;
    loop_.post([&] {
        task();
        ran.set_value();
    });
    ran.get_future().wait();
}

void RawServer::onAccept() {
    while (true) {
        const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) return;
        Connection connection;
        connection.fd = fd;
        {
            std::lock_guard lock(mutex_);
            connection.number = ++accepted_;
        }
        connections_[fd] = connection;
        loop_.watch(fd, EPOLLIN, [this, fd](std::uint32_t) { onReadable(fd); });
    }
}

void RawServer::onReadable(int fd) {
    char buffer[65536];
    const auto count = recv(fd, buffer, sizeof buffer, 0);
    if (count <= 0) return end(fd, kClose);
    connections_[fd].in.append(buffer, static_cast<std::size_t>(count));
    while (connections_.count(fd) != 0 && takeRequest(connections_[fd])) {
    }
}

bool RawServer::takeRequest(Connection& connection) {
    const auto headEnd = connection.in.find("\r\n\r\n");
    if (headEnd == std::string::npos) return false;
    Arrival arrival;
    arrival.head = connection.in.substr(0, headEnd + 2);
    const std::string length = arrival.header("Content-Length");
    const std::size_t bodySize = length.empty() ? 0 : std::stoul(length);
    if (connection.in.size() < headEnd + 4 + bodySize) return false;
    arrival.body = connection.in.substr(headEnd + 4, bodySize);
    connection.in.erase(0, headEnd + 4 + bodySize);
    arrival.connection = connection.number;
    arrival.onConnection = ++connection.requests;
    connection.reply = script_(arrival);
    {
        std::lock_guard lock(mutex_);
        arrivals_.push_back(std::move(arrival));
    }
    changed_.notify_all();
    connection.waiting = connection.reply.held && holding_;
    if (!connection.waiting) send(connection.fd);
    return true;
}

void RawServer::send(int fd) {
    const Reply& reply = connections_[fd].reply;
    connections_[fd].waiting = false;
    std::size_t sent = 0;
    while (sent < reply.bytes.size()) {
        const auto count =
            ::send(fd, reply.bytes.data() + sent, reply.bytes.size() - sent, MSG_NOSIGNAL);
        if (count < 0 && errno != EAGAIN) return end(fd, kClose);
        if (count > 0) sent += static_cast<std::size_t>(count);
    }
    if (!reply.drip.empty()) return drip(fd, connections_[fd].number);
    if (reply.then != kKeep) end(fd, reply.then);
}

void RawServer::drip(int fd, int number) {
    const auto found = connections_.find(fd);
    if (found == connections_.end() || found->second.number != number) return;
    Reply& reply = found->second.reply;
    if (reply.drip.empty()) {
        if (reply.then != kKeep) end(fd, reply.then);
        return;
    }
    if (::send(fd, reply.drip.data(), 1, MSG_NOSIGNAL) != 1) return end(fd, kClose);
    reply.drip.erase(0, 1);
    loop_.after(5'000'000, [this, fd, number] { drip(fd, number); });
}

void RawServer::end(int fd, Then then) {
    if (connections_.erase(fd) == 0) return;
    if (then == kReset) {
        const linger now{1, 0};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
    loop_.unwatch(fd);
    close(fd);
}

std::vector<RawServer::Arrival> RawServer::arrivals() {
    std::lock_guard lock(mutex_);
    return arrivals_;
}

int RawServer::arrivalCount() {
    std::lock_guard lock(mutex_);
    return static_cast<int>(arrivals_.size());
}

int RawServer::connectionCount() {
    std::lock_guard lock(mutex_);
    return accepted_;
}

void RawServer::waitForArrivals(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return static_cast<int>(arrivals_.size()) >= count; });
}

void RawServer::release() {
    runAndWait([this] {
        holding_ = false;
        std::vector<int> waiting;
        for (auto& [fd, connection] : connections_) {
            if (connection.waiting) waiting.push_back(fd);
        }
        for (int fd : waiting) send(fd);
    });
}

void RawServer::closeIdle() {
    runAndWait([this] {
        std::vector<int> idle;
        for (auto& [fd, connection] : connections_) {
            if (!connection.waiting) idle.push_back(fd);
        }
        for (int fd : idle) end(fd, kClose);
    });
}

void RawServer::shut() {
    runAndWait([this] {
        if (listener_ < 0) return;
        loop_.unwatch(listener_);
        close(listener_);
        listener_ = -1;
        while (!connections_.empty()) end(connections_.begin()->first, kClose);
    });
}

}  // namespace totemd::test
