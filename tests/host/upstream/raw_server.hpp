#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "loop/event_loop.hpp"

namespace totemd::test {

/// A server on 127.0.0.1 whose answers are raw bytes, so that it can do what no real one should.
class RawServer {
public:
    struct Arrival {
        std::string head;  ///< request line and headers
        std::string body;
        int connection = 0;    ///< 1, 2, … in the order of accepting
        int onConnection = 0;  ///< 1, 2, … of this connection

        std::string method() const { return head.substr(0, head.find(' ')); }
        std::string path() const;
        /// The value of a header (exact case), or "" without it.
        std::string header(const std::string& name) const;
    };
    enum Then { kKeep, kClose, kReset };
    struct Reply {
        std::string bytes;
        Then then = kKeep;
        std::string drip;   ///< sent after `bytes`, one character every 5 ms
        bool held = false;  ///< nothing is sent before `release()`
    };
    using Script = std::function<Reply(const Arrival&)>;

    explicit RawServer(Script script);
    ~RawServer();

    std::uint16_t port() const { return port_; }
    std::string url(const std::string& path) const;
    std::string place() const { return "127.0.0.1:" + std::to_string(port_); }

    std::vector<Arrival> arrivals();
    int arrivalCount();
    int connectionCount();
    /// Waits until so many requests have arrived.
    void waitForArrivals(int count);
    /// Sends what is held now, and holds nothing from now on.
    void release();
    /// Ends every connection that waits for its next request, as after an idle time-out.
    void closeIdle();
    /// Stops listening (later connects are refused) and closes all connections.
    void shut();

private:
    struct Connection {
        int fd = -1;
        int number = 0;
        int requests = 0;
        std::string in;
        Reply reply;
        bool waiting = false;  // a held reply
    };
    void onAccept();
    void onReadable(int fd);
    bool takeRequest(Connection& connection);
    void send(int fd);
    void drip(int fd, int number);
    void end(int fd, Then then);
    void runAndWait(const std::function<void()>& task);

    Script script_;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::map<int, Connection> connections_;
    int accepted_ = 0;
    bool holding_ = true;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Arrival> arrivals_;
    EventLoop loop_{"server"};
};

/// "HTTP/1.1 <status> X" with Content-Length and any further header lines.
std::string answer(int status, const std::string& body = "", const std::string& headers = "");

}  // namespace totemd::test
