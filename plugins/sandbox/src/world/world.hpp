#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <memory>

namespace totem_sandbox {

/// The ports that were really bound; 0 for a service that the configuration leaves out.
struct WorldPorts {
    std::uint16_t chatwoot = 0;
    std::uint16_t evolution = 0;
    std::uint16_t fnb = 0;
    std::uint16_t gaso = 0;
    std::uint16_t page = 0;
};

/// The outside world for trying and testing: Chatwoot, Evolution API, the FNB portal and GASO over
/// real HTTP, the bridge between Evolution and Chatwoot, and a page with a control API.
///
/// Each service that has a section in the configuration gets a Poco server of its own; `{}` starts
/// none, `demo()` configures all of them. README.md lists the settings and the control API.
///
/// Threads: the world owns all of its threads; `start` and `stop` belong to one thread, the rest
/// may be called from any. `stop` (also run by the destructor) ends waiting requests and joins.
/// Errors: the constructor throws std::invalid_argument that names the bad setting; `start`
/// throws Poco::Net::NetException when an address cannot be bound, with nothing left running.
class World {
public:
    explicit World(const nlohmann::json& config);
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    /// Settings that start every service on a free port of 127.0.0.1 with the bridge on.
    static nlohmann::json demo();

    void start();
    void stop();

    WorldPorts ports() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace totem_sandbox
