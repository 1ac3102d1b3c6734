#include "world/base/connection_threads.hpp"

namespace totem_sandbox {
namespace {
constexpr int kStackBytes = 256 * 1024;
const Poco::Timespan kLook(0, 50000);  ///< how often the acceptor looks whether to stop
}  // namespace

ConnectionThreads::ConnectionThreads(Poco::Net::ServerSocket socket, Serve serve, std::size_t limit)
    : socket_(std::move(socket)), serve_(std::move(serve)), limit_(limit) {}

void ConnectionThreads::start() {
    started_ = true;
    acceptor_.start(accepting_);
}

void ConnectionThreads::accept() {
    while (!stopping_) {
        reap();
        try {
            if (connections_.size() >= limit_)
                Poco::Thread::sleep(1);
            else if (socket_.poll(kLook, Poco::Net::Socket::SELECT_READ))
                begin();
        } catch (const Poco::Exception&) {
            // Out of descriptors or threads: the peer waits in the backlog until some are free.
            Poco::Thread::sleep(10);
        }
    }
    socket_.close();
}

void ConnectionThreads::begin() {
    const Place place = connections_.emplace(connections_.end(), *this);
    try {
        place->place = place;
        place->socket = socket_.acceptConnection();
        place->socket.setNoDelay(true);
        place->thread.setStackSize(kStackBytes);
        place->thread.start(*place);
    } catch (...) {
        connections_.erase(place);
        throw;
    }
}

void ConnectionThreads::run(Connection& connection) {
    try {
        serve_(connection.socket);
    } catch (const std::exception&) {
        // The peer is gone or spoke no HTTP; there is nobody to tell.
    }
    connection.socket.close();
    std::lock_guard lock(mutex_);
    ended_.push_back(connection.place);
}

void ConnectionThreads::reap() {
    std::vector<Place> ended;
    {
        std::lock_guard lock(mutex_);
        ended.swap(ended_);
    }
    for (const Place place : ended) {
        place->thread.join();
        connections_.erase(place);
    }
}

void ConnectionThreads::stop() {
    if (!started_) return;
    started_ = false;
    stopping_ = true;
    acceptor_.join();
    for (Connection& connection : connections_) connection.thread.join();
    connections_.clear();
}

}  // namespace totem_sandbox
