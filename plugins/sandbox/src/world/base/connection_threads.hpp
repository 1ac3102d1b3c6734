#pragma once

#include <Poco/Net/ServerSocket.h>
#include <Poco/Thread.h>

#include <atomic>
#include <functional>
#include <list>
#include <mutex>
#include <vector>

namespace totem_sandbox {

/// Accepts connections and gives each a thread with a small stack. Poco's own dispatcher hands
/// each new thread over synchronously and looks for idle ones one by one: thousands of customers
/// who wait took it minutes on a busy machine.
class ConnectionThreads {
public:
    /// Serves one connection until it ends; what it throws ends the connection.
    using Serve = std::function<void(const Poco::Net::StreamSocket&)>;

    /// `limit` bounds the connections at once; more wait in the backlog.
    ConnectionThreads(Poco::Net::ServerSocket socket, Serve serve, std::size_t limit);
    ~ConnectionThreads() { stop(); }

    void start();
    /// Accepts no more and joins: `serve` has to be told to return before.
    void stop();

private:
    struct Connection {
        Poco::Thread thread;
    };
    using Place = std::list<Connection>::iterator;

    void accept();
    void begin(const Poco::Net::StreamSocket& socket);
    void reap();

    Poco::Net::ServerSocket socket_;
    const Serve serve_;
    const std::size_t limit_;
    std::atomic<bool> stopping_{false};
    bool started_ = false;
    std::mutex mutex_;
    std::list<Connection> connections_;  ///< touched by the acceptor, and after it by `stop`
    std::vector<Place> ended_;           ///< guarded by mutex_
    Poco::Thread acceptor_;
};

}  // namespace totem_sandbox
