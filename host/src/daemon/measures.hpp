#pragma once

#include "observe/metrics.hpp"

namespace totemd {

class Database;
class Dispatcher;
class Effects;
class Front;
class MemoryCache;
class PluginRegistry;
class UpstreamClient;
class WorkerHost;

/// What the daemon shows of itself in /metrics, gathered at each scrape.
/// Lifetime: ends before anything it reads.
class Measures {
public:
    struct Parts {
        Metrics& metrics;
        Front& front;
        UpstreamClient& upstream;
        Database& database;
        Dispatcher& dispatcher;
        Effects& effects;
        PluginRegistry& plugins;
        WorkerHost& workers;
        MemoryCache& cache;
    };

    explicit Measures(Parts parts);
    ~Measures();
    Measures(const Measures&) = delete;
    Measures& operator=(const Measures&) = delete;

private:
    void collect();

    const Parts parts_;
    const Metrics::CollectorId collector_;
};

}  // namespace totemd
