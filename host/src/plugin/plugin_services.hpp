#pragma once

#include <functional>
#include <memory>
#include <string>

namespace totemd {

class ActionDirectory;
class EventLoop;
class HealthRegistry;
class Journal;
class Log;
class MemoryCache;
class Metrics;
class Store;
class UpstreamClient;
class WorkerHost;

/// What the daemon offers its plugins, built once and borrowed by every instance for its life.
struct PluginServices {
    EventLoop& loop;  ///< the daemon's own: timers, deadlines
    Log& log;
    Metrics& metrics;
    HealthRegistry& health;
    UpstreamClient& upstream;
    MemoryCache& cache;
    Journal& journal;
    Store& store;
    ActionDirectory& actions;
    WorkerHost& workers;
};

}  // namespace totemd
