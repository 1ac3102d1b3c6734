#pragma once

#include "world/base/http_types.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace totem_sandbox {

class EventLog;
class Faults;
class StopSignal;

/// What all servers of the world share; everything here outlives them.
struct ServerContext {
    Faults& faults;
    EventLog& log;
    StopSignal& stop;
};

/// Serves one Service on a port of its own, each connection on a thread, so that a slow service
/// does not starve another. Poco reads the requests; the answers are written here, because they
/// must be able to drip and to break off. Applies the faults and writes the log.
class ServiceServer {
public:
    /// `name` is the service's name in faults and log. `threads` bounds the connections at once;
    /// more wait.
    ServiceServer(std::string name, std::string address, int threads, Service& service,
                  ServerContext context);
    ~ServiceServer();

    /// Takes the port; who connects waits for `start`. Throws Poco::Net::NetException.
    void bind();
    void start();
    /// The shared StopSignal has to be given before: it ends the waiting connections.
    void stop();
    std::uint16_t port() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace totem_sandbox
