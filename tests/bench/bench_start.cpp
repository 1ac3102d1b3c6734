// Milliseconds from the start of a program to its first good answer to a POST.
//   bench_start PORT PATH BODY WANTED PROGRAM [ARGUMENT …]   (WANTED: a text in the answer)
// The program is ended again with SIGTERM.
#include <arpa/inet.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

extern char** environ;

namespace {

using Clock = std::chrono::steady_clock;

/// What came back before the peer closed; empty when nobody listens yet.
std::string post(int port, const std::string& request) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    std::string answer;
    if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
        write(fd, request.data(), request.size()) == static_cast<ssize_t>(request.size())) {
        char buffer[4096];
        for (ssize_t got; (got = read(fd, buffer, sizeof buffer)) > 0;) {
            answer.append(buffer, static_cast<std::size_t>(got));
        }
    }
    close(fd);
    return answer;
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 6) return 2;
    const int port = std::atoi(arguments[1]);
    const std::string body = arguments[3];
    const std::string request = "POST " + std::string(arguments[2]) +
                                " HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
                                "Connection: close\r\nContent-Length: " +
                                std::to_string(body.size()) + "\r\n\r\n" + body;
    const auto start = Clock::now();
    pid_t pid = 0;
    if (posix_spawn(&pid, arguments[5], nullptr, nullptr, arguments + 5, environ) != 0) return 1;
    bool answered = false;
    while (!answered && Clock::now() - start < std::chrono::seconds(30)) {
        answered = post(port, request).find(arguments[4]) != std::string::npos;
        if (!answered) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    const auto spent = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
    kill(pid, SIGTERM);
    waitpid(pid, nullptr, 0);
    if (!answered) return 1;
    std::printf("%.0f\n", spent);
    return 0;
}
