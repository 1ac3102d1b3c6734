#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "http/http_message.hpp"
#include "http/responder.hpp"

namespace totemd {

class EventLoop;

/// What one listener accepts. Sizes in bytes, times in milliseconds.
struct HttpLimits {
    std::size_t headerBytes = 16 * 1024;         ///< request line and headers; above: 431
    std::size_t targetBytes = 8 * 1024;          ///< above: 414
    std::size_t headerCount = 100;               ///< above: 431
    std::uint64_t bodyBytes = 32 * 1024 * 1024;  ///< above: 413, before the body is read
    std::size_t spoolThreshold = 64 * 1024;      ///< larger bodies go to a file in `tempDirectory`
    std::size_t maxConnections = 10'000;         ///< above: 503 and closed

    std::int64_t headerMs = 10'000;     ///< from the first byte to the end of the header; then 408
    std::int64_t bodyMs = 60'000;       ///< the whole body; then 408
    std::int64_t keepAliveMs = 75'000;  ///< without a request, also the first one
    /// A body that is received or an answer that is sent must move `progressBytes` in each
    /// `progressMs`, or the connection is closed.
    std::int64_t progressMs = 15'000;
    std::uint64_t progressBytes = 1024;
};

struct ListenerOptions {
    std::string name;
    std::string address = "127.0.0.1:0";  ///< or "[::1]:0"; port 0: the system chooses
    HttpLimits limits;
    std::string tempDirectory = "/tmp";  ///< for spooled bodies
    /// The body limit of one request, asked on the loop when its header is complete (no body yet);
    /// unset: limits.bodyBytes.
    std::function<std::uint64_t(const HttpRequest& head)> bodyLimit;
    /// Told on the loop what an operator should know (no descriptors left, spool not writable).
    std::function<void(const std::string& message)> warn;
};

/// Monotonic counters since the start, except `openConnections`.
struct HttpStats {
    std::uint64_t openConnections = 0;
    std::uint64_t connections = 0;         ///< accepted, refused ones not counted
    std::uint64_t requests = 0;            ///< handed to the handler
    std::uint64_t refusedConnections = 0;  ///< over maxConnections
    std::uint64_t acceptFailures = 0;      ///< no descriptors or memory
    std::uint64_t refusedMalformed = 0;    ///< 400, 417, 501, 505
    std::uint64_t refusedHeader = 0;       ///< 414, 431
    std::uint64_t refusedBody = 0;         ///< 413
    std::uint64_t refusedSpool = 0;        ///< 507
    std::uint64_t timedOut = 0;            ///< 408, and answers that made no progress
};

using HttpHandler = std::function<void(HttpRequest&& request, Responder responder)>;

/// One listener with its connections (HTTP/1.1 and 1.0). Several share a loop; stopping one leaves
/// the others alone. Requests of one connection are handled one after the other.
///
/// Threads: every member is safe from any thread, also from the handler; the handler, `bodyLimit`,
/// `warn` and `drain`'s callback run on the loop and must neither block nor throw (a handler that
/// throws is answered with 500).
/// Lifetime: the loop outlives the server. The destructor closes everything and waits for the
/// loop, after which the handler is not called any more.
class HttpServer {
public:
    HttpServer(EventLoop& loop, ListenerOptions options, HttpHandler handler);
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    /// Binds and listens. Throws std::runtime_error that names the listener, its address and why.
    void start();
    /// The bound port, 0 before `start()`.
    std::uint16_t port() const;
    /// Stops accepting, closes idle connections and each other one after its answer. Calls `done`
    /// once on the loop with the number of connections that had to be cut after `timeoutMs`.
    void drain(std::int64_t timeoutMs, std::function<void(std::size_t cut)> done);
    /// For connections and requests that begin after this.
    void setLimits(const HttpLimits& limits);
    HttpStats stats() const;

private:
    class Impl;
    /// Shared with tasks that wait on the loop.
    std::shared_ptr<Impl> impl_;
};

}  // namespace totemd
