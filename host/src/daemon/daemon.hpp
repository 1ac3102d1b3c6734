#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>

#include "admin/admin_api.hpp"
#include "config/configuration.hpp"
#include "daemon/front.hpp"
#include "daemon/measures.hpp"
#include "journal/database.hpp"
#include "journal/dead_letters.hpp"
#include "journal/dispatcher.hpp"
#include "journal/effects.hpp"
#include "journal/inspector.hpp"
#include "journal/journal.hpp"
#include "journal/requests.hpp"
#include "journal/store.hpp"
#include "journal/upkeep.hpp"
#include "loop/event_loop.hpp"
#include "observe/health.hpp"
#include "observe/log.hpp"
#include "observe/metrics.hpp"
#include "plugin/action_directory.hpp"
#include "plugin/event_hub.hpp"
#include "plugin/plugin_registry.hpp"
#include "plugin/plugin_services.hpp"
#include "plugin/worker_host.hpp"
#include "state/memory_cache.hpp"
#include "upstream/upstream_client.hpp"

namespace totemd {

struct DaemonOptions {
    std::filesystem::path configFile;
    bool safe = false;  ///< only plugins of the first plugin folder
};

/// Everything that lives as long as the daemon, in the order in which it is built; ended in exact
/// reverse.
///
/// Threads: start, reload and stop from the control thread (main).
class Daemon {
public:
    /// Throws std::runtime_error when a service cannot be built (the journal cannot be opened …).
    Daemon(DaemonOptions options, Configuration configuration);
    ~Daemon();

    /// Plugins, then listeners. Throws std::runtime_error when a listener cannot be bound.
    void start();
    /// Reads the configuration again and takes over the difference. On any problem the running one
    /// stays and the log says why; returns false then.
    bool reload();
    /// False when a handler or one of the daemon's loops hangs for so long that only a restart
    /// helps.
    /// Any thread.
    bool alive() const;
    /// Ends accepting, lets work in progress end, stops plugins in reverse order. False when
    /// threads of a plugin are left behind that still use this object: it may not be destroyed.
    bool stop();

private:
    void scheduleChores();
    void watch(std::size_t loop);
    AdminApi::Parts adminParts();
    std::vector<Route> routesFor(const std::string& listener, const ListenerConfig& config) const;

    const DaemonOptions options_;
    Configuration configuration_;
    bool stopped_ = false;

    Log log_;
    Metrics metrics_;
    HealthRegistry health_;
    EventLoop loop_{"totemd"}, httpLoop_{"http"}, upstreamLoop_{"upstream"};
    // Each loop and when it last did anything; 0: not started.
    std::array<std::pair<EventLoop*, std::atomic<std::int64_t>>, 3> loops_{
        {{&loop_, 0}, {&httpLoop_, 0}, {&upstreamLoop_, 0}}};
    std::atomic<Front*> frontForUpstream_{nullptr};
    UpstreamClient upstream_;
    MemoryCache cache_;
    ActionDirectory actions_;
    EventHub events_;
    Database database_;
    Dispatcher dispatcher_;
    Journal journal_;
    Effects effects_;
    Requests requests_;
    Store store_;
    Upkeep upkeep_;
    DeadLetters deadLetters_;
    Inspector inspector_;
    WorkerHost workers_;
    PluginServices services_;
    PluginRegistry plugins_;
    AdminApi admin_;
    Front front_;
    Measures measures_;
};

}  // namespace totemd
