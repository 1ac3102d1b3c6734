#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "plugin/manifest.hpp"

namespace totemd {

class EventLoop;
class Log;
class WorkerPool;

/// The worker pools of all plugins. A pool belongs to the plugin, not to an instance, so that a
/// reload keeps warm workers.
///
/// Threads: `stop` from the control thread; the rest from anywhere.
class WorkerHost {
public:
    WorkerHost(EventLoop& loop, Log& log);
    ~WorkerHost();

    /// Makes the pools that the manifest declares, once. Throws std::runtime_error when a program
    /// is missing.
    void declare(const Manifest& manifest);
    /// Starts a first process of each, so that it is ready when it is asked.
    void warm(const std::string& plugin);
    /// Null when the plugin declared no such worker.
    WorkerPool* pool(const std::string& plugin, const std::string& worker);
    /// Calls `visit(plugin, worker, pool)` for each.
    template <typename Visit>
    void forEach(Visit visit) {
        std::lock_guard lock(mutex_);
        for (auto& [key, pool] : pools_) visit(key.first, key.second, *pool);
    }
    /// Kills and reaps all workers.
    void stop();

private:
    EventLoop& loop_;
    Log& log_;
    std::mutex mutex_;
    std::map<std::pair<std::string, std::string>, std::unique_ptr<WorkerPool>>
        pools_;  // guarded by mutex_
};

}  // namespace totemd
