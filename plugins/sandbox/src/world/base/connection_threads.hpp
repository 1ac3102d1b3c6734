#pragma once

#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Thread.h>

#include <atomic>
#include <list>
#include <mutex>
#include <vector>

namespace totem_sandbox {

/// Accepts connections and gives each a thread with a small stack that runs Poco's
/// HTTPServerConnection. Poco's own dispatcher hands each new thread over synchronously and looks
/// for idle ones one by one: thousands of waiting customers took it minutes on a busy machine.
class ConnectionThreads {
public:
    using Factory = Poco::SharedPtr<Poco::Net::HTTPRequestHandlerFactory>;

    /// `limit` bounds the connections at once; more wait in the backlog.
    ConnectionThreads(Poco::Net::ServerSocket socket, Factory factory,
                      Poco::Net::HTTPServerParams::Ptr params, std::size_t limit);
    ~ConnectionThreads() { join(); }

    void start();
    /// No connection begins any more; `join` then waits for those that live.
    void stopAccepting() { stopping_ = true; }
    void join();

private:
    struct Connection {
        Poco::Thread thread;
    };
    using Place = std::list<Connection>::iterator;

    void accept();
    void serve(Poco::Net::StreamSocket& socket, Place place);
    void reap();

    Poco::Net::ServerSocket socket_;
    Factory factory_;
    Poco::Net::HTTPServerParams::Ptr params_;
    const std::size_t limit_;
    std::atomic<bool> stopping_{false};
    bool started_ = false;
    std::mutex mutex_;
    std::list<Connection> connections_;
    std::vector<Place> ended_;
    Poco::Thread acceptor_;
};

}  // namespace totem_sandbox
