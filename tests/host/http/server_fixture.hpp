#pragma once

#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "host/http/raw_client.hpp"
#include "http/http_server.hpp"
#include "loop/event_loop.hpp"

namespace totemd::test {

const std::string kGet = "GET /ok HTTP/1.1\r\nHost: a\r\n\r\n";

/// A file without a name that holds these bytes.
inline std::shared_ptr<const FileHandle> fileWith(const std::string& bytes) {
    char path[] = "/tmp/totem-test-XXXXXX";
    const int fd = mkstemp(path);
    unlink(path);
    if (write(fd, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) std::abort();
    return std::make_shared<FileHandle>(fd);
}

/// A running server on its own loop. The loop outlives it.
class ServerFixture {
public:
    explicit ServerFixture(HttpHandler handler, ListenerOptions options = {})
        : server_(
              std::make_unique<HttpServer>(loop_, named(std::move(options)), std::move(handler))) {
        server_->start();
        loop_.start();
    }
    HttpServer& server() { return *server_; }
    EventLoop& loop() { return loop_; }
    std::uint16_t port() const { return server_->port(); }
    void destroyServer() { server_.reset(); }

    /// Answers with method, path and body.
    static void echo(HttpRequest&& request, Responder responder) {
        responder.send(HttpResponse::text(
            200, request.method + " " + request.target + " " + request.body.read()));
    }

private:
    static ListenerOptions named(ListenerOptions options) {
        if (options.name.empty()) options.name = "test";
        return options;
    }
    EventLoop loop_{"http-test"};
    std::unique_ptr<HttpServer> server_;
};

}  // namespace totemd::test
