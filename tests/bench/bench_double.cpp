// The other side of the benchmarks: a credit service, a desk and the credit portal, as cheap as they
// can be, so that the figures are the daemon's. One thread, canned answers by path, keep-alive.
//   bench_double   prints its port and serves until it is ended; GET /counts says what it was asked
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <unordered_map>

namespace {

struct Canned {
    const char* start;  // of the request line
    const char* name;
    std::string answer;
    unsigned long count = 0;
};

std::string ok(const std::string& body) {
    return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// The token's payload is {"commercialAllyId":7}.
std::array<Canned, 4> canned{{
    {"POST /query", "queries", ok(R"({"nombre":"Ana Torres","deuda":1234.5})")},
    {"POST /api/v1/", "messages", ok(R"({"id":991,"content":"x","message_type":1})")},
    {"GET /FNB_Services/", "lookups",
     ok(R"({"valid":true,"data":{"nombre":"Ana Torres","lineaCredito":5000.0,"tieneLineaCredito":true}})")},
    {"POST /FNB_Services/", "logins",
     ok(R"({"valid":true,"data":{"authToken":"e30.eyJjb21tZXJjaWFsQWxseUlkIjo3fQ.x"}})")},
}};

std::string counts() {
    std::string body = "{";
    for (const Canned& each : canned) {
        if (body.size() > 1) body += ',';
        body += '"' + std::string(each.name) + "\":" + std::to_string(each.count);
    }
    return ok(body + "}");
}

std::string answerTo(std::string_view request) {
    for (Canned& each : canned) {
        if (!request.starts_with(each.start)) continue;
        ++each.count;
        return each.answer;
    }
    if (request.starts_with("GET /counts")) return counts();
    return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
}

std::size_t contentLength(std::string_view head) {
    static constexpr std::string_view kName = "\r\ncontent-length:";
    for (std::size_t at = head.find("\r\n"); at != std::string_view::npos;
         at = head.find("\r\n", at + 2)) {
        if (head.size() - at < kName.size()) break;
        if (strncasecmp(head.data() + at, kName.data(), kName.size()) == 0) {
            return std::strtoul(head.data() + at + kName.size(), nullptr, 10);
        }
    }
    return 0;
}

/// Answers what is complete; false when the connection is to be closed.
bool serve(int fd, std::string& input) {
    char buffer[16384];
    const ssize_t got = read(fd, buffer, sizeof buffer);
    if (got <= 0) return false;
    input.append(buffer, static_cast<std::size_t>(got));
    for (;;) {
        const std::size_t head = input.find("\r\n\r\n");
        if (head == std::string::npos) return true;
        const std::size_t whole = head + 4 + contentLength(std::string_view(input).substr(0, head));
        if (input.size() < whole) return true;
        const std::string answer = answerTo(input);
        if (write(fd, answer.data(), answer.size()) != static_cast<ssize_t>(answer.size())) {
            return false;
        }
        input.erase(0, whole);
    }
}

void watch(int epoll, int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

}  // namespace

int main() {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        listen(listener, 1024) != 0 ||
        getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        std::perror("bench_double");
        return 1;
    }
    std::printf("%d\n", ntohs(address.sin_port));
    std::fflush(stdout);

    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    watch(epoll, listener);
    std::unordered_map<int, std::string> inputs;
    for (epoll_event events[64];;) {
        const int ready = epoll_wait(epoll, events, 64, -1);
        for (int i = 0; i < ready; ++i) {
            const int fd = events[i].data.fd;
            if (fd == listener) {
                const int client = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
                const int yes = 1;
                setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
                watch(epoll, client);
            } else if (!serve(fd, inputs[fd])) {
                close(fd);
                inputs.erase(fd);
            }
        }
    }
}
