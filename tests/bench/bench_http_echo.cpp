// Answers every request with its body, or /file with a file of the size given: something to point
// wrk at, beside another server. Prints its port and runs until it is interrupted.
//   bench_http_echo [ADDRESS [FILE]]
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include <cstdio>

#include "http/http_server.hpp"
#include "loop/event_loop.hpp"

using namespace totemd;

int main(int argc, char** argv) {
    FileRange picture;
    if (argc > 2) {
        picture.file = std::make_shared<FileHandle>(open(argv[2], O_RDONLY | O_CLOEXEC));
        struct stat info {};
        if (fstat(picture.file->fd(), &info) != 0) {
            std::fprintf(stderr, "bench_http_echo: cannot open %s\n", argv[2]);
            return 1;
        }
        picture.length = static_cast<std::uint64_t>(info.st_size);
    }
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, nullptr);

    EventLoop loop("echo");
    ListenerOptions options;
    options.name = "echo";
    if (argc > 1) options.address = argv[1];
    HttpServer server(loop, std::move(options), [&](HttpRequest&& request, Responder responder) {
        if (request.path == "/file" && picture.file) {
            responder.send(HttpResponse::file(200, picture, "image/jpeg"));
        } else {
            responder.send(HttpResponse::json(200, request.body.read()));
        }
    });
    server.start();
    loop.start();
    std::printf("%d\n", server.port());
    std::fflush(stdout);
    int signal = 0;
    sigwait(&signals, &signal);
    std::printf("%llu requests\n", static_cast<unsigned long long>(server.stats().requests));
    return 0;
}
