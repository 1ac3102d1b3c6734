#include "e2e/stand_in.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

namespace totem_test {
namespace {

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

/// Reads what the daemon sends; it always gives a Content-Length.
class Reader {
public:
    explicit Reader(int fd) : fd_(fd) {}

    bool read(StandIn::Request& request) {
        std::size_t end = 0;
        while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
            if (!fill()) return false;
        }
        parseHead(buffer_.substr(0, end + 2), request);
        buffer_.erase(0, end + 4);
        const auto length = request.headers.find("content-length");
        const std::size_t size =
            length == request.headers.end() ? 0 : std::strtoul(length->second.c_str(), nullptr, 10);
        while (buffer_.size() < size) {
            if (!fill()) return false;
        }
        request.body = buffer_.substr(0, size);
        buffer_.erase(0, size);
        return true;
    }

private:
    static void parseHead(const std::string& head, StandIn::Request& request) {
        std::size_t from = head.find("\r\n") + 2;
        const std::string line = head.substr(0, from - 2);
        request.method = line.substr(0, line.find(' '));
        request.target = line.substr(request.method.size() + 1);
        request.target.resize(request.target.find(' '));
        while (from < head.size()) {
            const std::size_t end = head.find("\r\n", from);
            const std::size_t colon = head.find(':', from);
            std::size_t value = colon + 1;
            while (value < end && head[value] == ' ') ++value;
            request.headers[lower(head.substr(from, colon - from))] =
                head.substr(value, end - value);
            from = end + 2;
        }
    }

    bool fill() {
        char bytes[16384];
        const ssize_t got = recv(fd_, bytes, sizeof bytes, 0);
        if (got <= 0) return false;
        buffer_.append(bytes, static_cast<std::size_t>(got));
        return true;
    }

    int fd_;
    std::string buffer_;
};

}  // namespace

class StandIn::Impl {
public:
    Impl(Script script, int port) : script_(std::move(script)) {
        listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const int yes = 1;
        setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        socklen_t size = sizeof address;
        if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
            listen(listener_, 4096) != 0) {
            throw std::runtime_error(std::string("stand-in: ") + strerror(errno));
        }
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        accepting_ = std::thread([this] { accept(); });
    }

    ~Impl() {
        shutdown(listener_, SHUT_RDWR);
        accepting_.join();
        close(listener_);
        std::unique_lock lock(mutex_);
        for (const int fd : open_) shutdown(fd, SHUT_RDWR);
        ended_.wait(lock, [this] { return open_.empty(); });
    }

    int port() const { return port_; }

    std::vector<Request> requests() const {
        std::lock_guard lock(mutex_);
        return requests_;
    }

    std::size_t requestCount() const {
        std::lock_guard lock(mutex_);
        return requests_.size();
    }

private:
    void accept() {
        for (;;) {
            const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (fd < 0) return;
            {
                std::lock_guard lock(mutex_);
                open_.insert(fd);
            }
            std::thread([this, fd] { serve(fd); }).detach();  // the destructor waits for `open_`
        }
    }

    void serve(int fd) {
        Reader reader(fd);
        for (bool more = true; more;) {
            Request request;
            if (!reader.read(request)) break;
            {
                std::lock_guard lock(mutex_);
                requests_.push_back(request);
            }
            const std::string bytes = script_(request);
            const bool last =
                bytes.empty() || bytes.find("Connection: close") != std::string::npos;
            more = sendAll(fd, bytes) && !last;
        }
        std::lock_guard lock(mutex_);
        open_.erase(fd);
        close(fd);
        ended_.notify_all();
    }

    static bool sendAll(int fd, const std::string& bytes) {
        for (std::size_t sent = 0; sent < bytes.size();) {
            const ssize_t n = send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
            if (n <= 0) return false;
            sent += static_cast<std::size_t>(n);
        }
        return true;
    }

    Script script_;
    int listener_ = -1;
    int port_ = 0;
    std::thread accepting_;
    mutable std::mutex mutex_;
    std::condition_variable ended_;
    std::set<int> open_;
    std::vector<Request> requests_;
};

StandIn::StandIn(Script script, int port)
    : impl_(std::make_unique<Impl>(std::move(script), port)) {}
StandIn::~StandIn() = default;
int StandIn::port() const {
    return impl_->port();
}
std::vector<StandIn::Request> StandIn::requests() const {
    return impl_->requests();
}
std::size_t StandIn::requestCount() const {
    return impl_->requestCount();
}

std::string reply(int status, const std::string& body, const std::string& contentType,
                  const std::string& headers) {
    return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: " + contentType +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body;
}

}  // namespace totem_test
