#include "world/base/connection_threads.hpp"

#include <Poco/Net/HTTPServerConnection.h>

namespace totem_sandbox {
namespace {
constexpr int kStackBytes = 256 * 1024;
const Poco::Timespan kLook(0, 50000);  ///< how often the acceptor looks whether to stop
}  // namespace

ConnectionThreads::ConnectionThreads(Poco::Net::ServerSocket socket, Factory factory,
                                     Poco::Net::HTTPServerParams::Ptr params, std::size_t limit)
    : socket_(std::move(socket)),
      factory_(std::move(factory)),
      params_(std::move(params)),
      limit_(limit) {}

void ConnectionThreads::start() {
    started_ = true;
    acceptor_.startFunc([this] { accept(); });
}

void ConnectionThreads::accept() {
    while (!stopping_) {
        reap();
        try {
            if (connections_.size() >= limit_ ||
                !socket_.poll(kLook, Poco::Net::Socket::SELECT_READ)) {
                if (connections_.size() >= limit_) Poco::Thread::sleep(1);
                continue;
            }
            Poco::Net::StreamSocket socket = socket_.acceptConnection();
            socket.setNoDelay(true);
            std::lock_guard lock(mutex_);
            const Place place = connections_.emplace(connections_.end());
            place->thread.setStackSize(kStackBytes);
            place->thread.startFunc([this, socket, place]() mutable { serve(socket, place); });
        } catch (const Poco::Exception&) {
            // Out of descriptors or threads: the peer waits in the backlog until some are free.
            Poco::Thread::sleep(10);
        }
    }
    socket_.close();
}

void ConnectionThreads::serve(Poco::Net::StreamSocket& socket, Place place) {
    try {
        Poco::Net::HTTPServerConnection connection(socket, params_, factory_);
        socket = Poco::Net::StreamSocket();
        // Built before the stop was told, it hears of it; built after, it must not begin.
        if (!stopping_) connection.run();
    } catch (const std::exception&) {
        // The peer is gone or spoke no HTTP; there is nobody to tell.
    }
    std::lock_guard lock(mutex_);
    ended_.push_back(place);
}

void ConnectionThreads::reap() {
    std::vector<Place> ended;
    {
        std::lock_guard lock(mutex_);
        ended.swap(ended_);
    }
    for (const Place place : ended) {
        place->thread.join();
        std::lock_guard lock(mutex_);
        connections_.erase(place);
    }
}

void ConnectionThreads::join() {
    stopping_ = true;
    if (started_) acceptor_.join();
    started_ = false;
    for (Connection& connection : connections_) connection.thread.join();
    connections_.clear();
}

}  // namespace totem_sandbox
