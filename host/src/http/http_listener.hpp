#pragma once

#include <Poco/Net/ServerSocket.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "http/http_server.hpp"
#include "http/response_head.hpp"
#include "loop/event_loop.hpp"

namespace totemd {

class Connection;

/// The part of a server that lives on the loop: the listening socket and the connections.
/// Threads: the loop's, except `open`, `port` and `stats`.
/// Lifetime: shared by the server, by tasks on their way to the loop and by its connections (until
/// each is closed), so that a server can be destroyed from within its own handler.
class HttpListener : public std::enable_shared_from_this<HttpListener> {
public:
    HttpListener(EventLoop& loop, ListenerOptions options, HttpHandler handler);
    ~HttpListener();

    void open();  ///< binds; any thread
    std::uint16_t port() const { return port_; }
    HttpStats stats() const;

    void attach();
    void stopAccepting();
    void drain(std::int64_t timeoutMs, std::function<void(std::size_t)> done);
    void closeAll();
    void setLimits(const HttpLimits& limits) { options_.limits = limits; }

    // For its connections.
    struct Counters {
        std::atomic<std::uint64_t> open{0}, accepted{0}, requests{0}, refusedConnections{0},
            acceptFailures{0}, malformed{0}, header{0}, body{0}, spool{0}, timedOut{0};
    };
    EventLoop& loop() { return loop_; }
    const ListenerOptions& options() const { return options_; }
    const HttpLimits& limits() const { return options_.limits; }
    const HttpHandler& handler() const { return handler_; }
    Counters& counters() { return counters_; }
    DateLine& date() { return date_; }
    bool draining() const { return draining_; }
    /// Where received bytes land first, so that an idle connection owns no buffer.
    std::array<char, 64 * 1024>& readBuffer() { return readBuffer_; }
    std::string& writeBuffer() { return writeBuffer_; }
    void warn(const std::string& message) const;
    void forget(Connection& connection);

private:
    void resumeAccepting();
    /// False when there is nothing more to accept now.
    bool acceptOne();
    void pauseAccepting(int error);
    void refuseConnection(int fd);
    void armSweep();
    void sweep();
    void finishDrain();

    EventLoop& loop_;
    ListenerOptions options_;
    const HttpHandler handler_;
    Poco::Net::ServerSocket socket_;
    int listenFd_ = -1;
    std::atomic<std::uint16_t> port_{0};
    bool watching_ = false;
    bool acceptFailing_ = false;
    std::unordered_map<Connection*, std::shared_ptr<Connection>> connections_;
    bool sweepArmed_ = false;
    bool draining_ = false;
    std::vector<std::function<void(std::size_t)>> drained_;
    EventLoop::TimerId drainTimer_ = 0;
    std::size_t cut_ = 0;
    Counters counters_;
    DateLine date_;
    std::array<char, 64 * 1024> readBuffer_;
    std::string writeBuffer_;
};

}  // namespace totemd
