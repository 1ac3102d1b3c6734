#pragma once

#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/Runnable.h>
#include <Poco/RunnableAdapter.h>
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
    /// Runs on its own thread. Plain Runnable: Poco counts the references of a function object
    /// where a thread sanitizer cannot see it.
    struct Connection : Poco::Runnable {
        explicit Connection(ConnectionThreads& threads) : owner(threads) {}
        void run() override { owner.run(*this); }
        ConnectionThreads& owner;
        std::list<Connection>::iterator place;
        Poco::Net::StreamSocket socket;
        Poco::Thread thread;
    };
    using Place = std::list<Connection>::iterator;

    void accept();
    void begin();
    void run(Connection& connection);
    void reap();

    Poco::Net::ServerSocket socket_;
    const Serve serve_;
    const std::size_t limit_;
    std::atomic<bool> stopping_{false};
    bool started_ = false;
    std::mutex mutex_;
    std::list<Connection> connections_;  ///< touched by the acceptor, and after it by `stop`
    std::vector<Place> ended_;           ///< guarded by mutex_
    Poco::RunnableAdapter<ConnectionThreads> accepting_{*this, &ConnectionThreads::accept};
    Poco::Thread acceptor_;
};

}  // namespace totem_sandbox
