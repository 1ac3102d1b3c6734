#include "plugin/worker_host.hpp"

#include <unistd.h>

#include <stdexcept>

#include "observe/log.hpp"
#include "worker/worker_pool.hpp"

namespace totemd {

WorkerHost::WorkerHost(EventLoop& loop, Log& log) : loop_(loop), log_(log) {}
WorkerHost::~WorkerHost() {
    stop();
}

void WorkerHost::declare(const Manifest& manifest) {
    std::lock_guard lock(mutex_);
    for (const Manifest::Worker& worker : manifest.workers) {
        const auto key = std::make_pair(manifest.id, worker.name);
        if (pools_.count(key) != 0) continue;
        if (access(worker.program.c_str(), X_OK) != 0) {
            if (worker.optional) continue;
            throw std::runtime_error(worker.program.string() +
                                     ": is missing or not executable, and plugin " + manifest.id +
                                     " needs it as its worker \"" + worker.name +
                                     "\"; reinstall the plugin");
        }
        WorkerOptions options;
        options.name = manifest.id + "/" + worker.name;
        options.program = worker.program.string();
        options.instances = static_cast<int>(worker.instances);
        options.memoryBytes = static_cast<std::int64_t>(worker.memoryBytes);
        options.timeLimitNs = worker.timeNs;
        options.arguments = worker.arguments;
        options.niceness = worker.niceness;
        options.recycleRequests = worker.recycleRequests;
        options.recycleBytes = static_cast<std::int64_t>(worker.recycleBytes);
        pools_[key] =
            std::make_unique<WorkerPool>(loop_, std::move(options), log_.plugin(manifest.id));
    }
}

void WorkerHost::warm(const std::string& plugin) {
    std::lock_guard lock(mutex_);
    for (auto& [key, pool] : pools_) {
        if (key.first == plugin) pool->warm();
    }
}

WorkerPool* WorkerHost::pool(const std::string& plugin, const std::string& worker) {
    std::lock_guard lock(mutex_);
    auto found = pools_.find({plugin, worker});
    return found == pools_.end() ? nullptr : found->second.get();
}

void WorkerHost::stop() {
    std::lock_guard lock(mutex_);
    for (auto& [key, pool] : pools_) pool->stop();
}

}  // namespace totemd
