#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "config/configuration.hpp"
#include "http/router.hpp"
#include "journal/requests.hpp"
#include "plugin/crash_marks.hpp"
#include "plugin/manifest.hpp"

namespace totemd {

class ActionDirectory;
class Dispatcher;
class EventHub;
class PluginInstance;
class WorkerHost;
struct PluginServices;

/// Which plugins there are and which run; starts them in dependency order and stops them in exact
/// reverse, takes over a changed configuration while connections and other plugins go on.
///
/// Threads: `apply` and `stopAll` from the control thread; the rest from anywhere.
/// Lifetime: instances end before what PluginServices borrows; libraries stay mapped.
class PluginRegistry {
public:
    struct Parts {
        PluginServices& services;
        EventHub& events;
        Dispatcher& dispatcher;
        Requests& requests;
        std::filesystem::path probeProgram;
        std::filesystem::path stateFolder;  ///< for crash marks; empty: none
    };

    explicit PluginRegistry(Parts parts);
    ~PluginRegistry();

    /// Brings the running plugins to what the configuration says: stops, starts, replaces. One that
    /// cannot start is left out with its reason; the others go on. Returns false when a plugin that
    /// ran before could not be replaced (the old instance then keeps running).
    /// `safe`: only plugins from the first folder of plugin_path.
    bool apply(const Configuration& configuration, bool safe);
    /// In reverse order of starting.
    void stopAll(std::chrono::milliseconds timeout);

    std::shared_ptr<PluginInstance> find(const std::string& plugin) const;
    /// A sentence that says why `find` gives none, for whoever asked the plugin for something.
    std::string whyAbsent(const std::string& plugin) const;
    /// The routes of one listener. `plugins` empty: those of all, without their own-listener
    /// routes.
    std::vector<Route> routesFor(const std::string& listener,
                                 const std::vector<std::string>& plugins,
                                 std::int64_t timeoutNs) const;
    /// Hands requests that were stored undecoded to their plugins again.
    void replayRequests(Requests::Which which);
    /// Answers calls whose deadline has passed and looks for handlers that do not return; called
    /// now and then on the daemon's loop.
    void sweep(std::int64_t nowNs);
    /// True while a handler has been running for longer than guard.call_hard_limit.
    bool hung() const { return hung_; }

    /// [{id, version, title, state, reason, since, calls, asks, queued, …}] for people.
    nlohmann::json describe() const;
    /// [{group, verb, action, …}] of every enabled plugin.
    nlohmann::json commands() const;
    /// True when every plugin that the configuration requires runs.
    bool requiredRun() const;
    /// True when an instance had to be abandoned: its threads may still use everything.
    bool leftThreads() const { return leftThreads_; }

private:
    enum class State { kDisabled, kRunning, kFailed };
    struct Entry {
        std::shared_ptr<const Manifest> manifest;  // null: it could not be read
        PluginConfig config;
        PluginConfig running;  // what the instance was started with
        State state = State::kDisabled;
        std::string reason;
        std::int64_t sinceUnixNs = 0;
        std::shared_ptr<PluginInstance> instance;
        bool unresponsive = false;  // changed by sweep
    };

    std::map<std::string, std::filesystem::path> discover(
        const std::vector<std::string>& folders) const;
    std::vector<std::string> startOrder() const;
    /// Begins what takes time and needs no order: the probe of the library, a first worker.
    void prepare(const Manifest& manifest);
    /// Throws std::runtime_error with the reason.
    std::shared_ptr<PluginInstance> startInstance(const Manifest& manifest,
                                                  const PluginConfig& config);
    void load(Entry& entry, const std::string& id, const std::filesystem::path& folder);
    void failed(Entry& entry, const std::string& id, const std::string& reason);
    void settle(const std::string& id, const PluginConfig& config,
                const std::map<std::string, std::filesystem::path>& found);
    void stopUnwanted(const Configuration& configuration);
    bool bringUp(const std::string& id);
    void judge(const std::string& id, Entry& entry);
    void takeDown(const std::string& id, std::chrono::milliseconds timeout,
                  const std::string& reason);
    void retire(std::shared_ptr<PluginInstance> instance, std::chrono::milliseconds timeout);
    void change(Entry& entry, State state, std::string reason);
    void announce();
    Route routeOf(const std::string& plugin, const Manifest::Route& declared,
                  std::int64_t timeoutNs) const;
    void serve(const std::string& plugin, const Manifest::Route& declared, std::int64_t timeoutNs,
               HttpRequest&& request, Responder responder) const;

    const Parts parts_;
    const CrashMarks marks_;
    mutable std::mutex mutex_;
    std::map<std::string, Entry> entries_;  // guarded by mutex_; changed by the control thread only
    std::vector<std::string> started_;      // in order; control thread only
    std::map<std::string, std::future<std::string>> probes_;  // by plugin; control thread only
    std::int64_t startTimeoutMs_ = 30'000, stopTimeoutMs_ = 20'000;  // control thread only
    std::atomic<std::int64_t> softLimitNs_{10'000'000'000}, hardLimitNs_{120'000'000'000};
    std::atomic<bool> hung_{false}, leftThreads_{false};
};

}  // namespace totemd
