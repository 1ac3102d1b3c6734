#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "config/configuration.hpp"
#include "http/http_server.hpp"
#include "http/router.hpp"

namespace totemd {

class EventLoop;
class Gate;
class Log;

/// The listeners of the daemon, each with its own table of routes. A reload swaps tables and opens
/// or closes listeners; connections of listeners that stay are kept.
///
/// Threads: `apply` and `stop` from the control thread, the rest from anywhere.
class Front {
public:
    /// The routes of a listener as things stand now.
    using RoutesFor = std::function<std::vector<Route>(const std::string& listener,
                                                       const ListenerConfig& config)>;

    /// `spoolFolder`: for large request bodies.
    Front(EventLoop& loop, Log& log, std::string spoolFolder, RoutesFor routesFor);
    ~Front();

    /// Opens, closes and changes listeners. Throws std::runtime_error when an address cannot be
    /// bound; listeners that were open before are then unchanged. One that is moved or removed
    /// takes nothing new and finishes what it has.
    void apply(const std::map<std::string, ListenerConfig>& listeners);
    /// No new connections; those that are open end after their answers, at the latest after
    /// `timeout`.
    void drain(std::chrono::milliseconds timeout);

    /// "address:port" a listener is bound to, empty when there is none of that name.
    std::string boundAddress(const std::string& listener) const;
    std::map<std::string, std::string> boundAddresses() const;
    std::map<std::string, HttpStats> stats() const;

private:
    struct Listener {
        ListenerConfig config;
        std::shared_ptr<const RouteTable> table;  // read and replaced with std::atomic_*
        std::shared_ptr<Gate> gate;               // likewise; used on the loop
        std::unique_ptr<HttpServer> server;
    };

    void leave(std::shared_ptr<Listener> listener);
    std::shared_ptr<Listener> open(const std::string& name, const ListenerConfig& config,
                                   std::shared_ptr<const RouteTable> table);

    EventLoop& loop_;
    Log& log_;
    const std::string spoolFolder_;
    const RoutesFor routesFor_;
    mutable std::mutex mutex_;
    std::map<std::string, std::shared_ptr<Listener>> listeners_;  // guarded by mutex_

    /// Listeners that a reload closed: each ends when its last answer is out.
    struct Leaving {
        std::shared_ptr<Listener> listener;
        std::shared_ptr<std::atomic<bool>> empty;
    };
    std::vector<Leaving> leaving_;  // control thread only
};

}  // namespace totemd
