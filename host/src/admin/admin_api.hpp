#pragma once

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "http/router.hpp"
#include "plugin/task_queue.hpp"

namespace totemd {

class ActionDirectory;
class Database;
class DeadLetters;
class HealthRegistry;
class Inspector;
class Log;
class Metrics;
class PluginRegistry;
class Requests;
class Upkeep;
class UpstreamClient;

/// The routes of the admin listener (README.md lists them).
///
/// Threads: `routes` from any; handlers that may wait run on a thread of their own.
/// Lifetime: ends after the listener that serves its routes, before the parts.
class AdminApi {
public:
    struct Parts {
        Log& log;
        Metrics& metrics;
        HealthRegistry& health;
        PluginRegistry& plugins;
        ActionDirectory& actions;
        UpstreamClient& upstream;
        Database& database;
        Inspector& inspector;
        DeadLetters& deadLetters;
        Requests& requests;
        Upkeep& upkeep;
        std::function<std::map<std::string, std::string>()> listeners;  ///< name → bound address
    };

    explicit AdminApi(Parts parts);
    ~AdminApi();

    /// `token`: what /api/v1 wants as bearer token; empty: only requests from this machine.
    std::vector<Route> routes(const std::string& token) const;

private:
    class Handlers;
    std::unique_ptr<Handlers> handlers_;
};

}  // namespace totemd
