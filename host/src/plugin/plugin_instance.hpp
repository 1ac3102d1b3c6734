#pragma once

#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "observe/log.hpp"
#include "plugin/host_call.hpp"
#include "plugin/manifest.hpp"
#include "plugin/pending_ask.hpp"
#include "plugin/task_queue.hpp"
#include "totem/abi/plugin.h"
#include "totem/abi/route.h"

struct totem_metric;

namespace totemd {

struct PluginServices;

struct InstanceOptions {
    std::string config;  ///< JSON text, secrets resolved
    unsigned threads = 4;
    std::size_t maxOpenAsks = 20'000;
    std::int64_t defaultAskNs = 30'000'000'000;
    std::vector<std::string> granted;  ///< extension ids the plugin may use
};

/// One living instance of a plugin: its threads, the calls it holds, the asks it has made.
///
/// Life: construct -> start -> calls -> stop. Once stopped, or when start failed, no call comes any
/// more. An instance that will not let go (a hung handler, a call it never completes) is abandoned:
/// its threads, memory and library stay until the process ends.
///
/// Threads: start and stop from the control thread; everything else from anywhere.
class PluginInstance {
public:
    PluginInstance(std::shared_ptr<const Manifest> manifest, const totem_descriptor* descriptor,
                   PluginServices& services, InstanceOptions options);
    ~PluginInstance();
    PluginInstance(const PluginInstance&) = delete;
    PluginInstance& operator=(const PluginInstance&) = delete;

    /// create() and start() on the plugin's pool. Throws std::runtime_error saying why it failed.
    void start(std::chrono::milliseconds timeout);
    /// drain, wait for calls and asks, stop, destroy. Returns an empty text, or why the instance
    /// was abandoned.
    std::string stop(std::chrono::milliseconds timeout);

    /// The callee's side. `done` runs once, on any thread. A plugin without that side answers
    /// TOTEM_E_NOT_FOUND; a stopping one TOTEM_E_UNAVAILABLE.
    void route(const std::string& name, bool inlined,
               std::shared_ptr<const totem_http_request> request, HostCall::Options options,
               HostCall::Done done);
    void deliver(std::string event, HostCall::Options options, HostCall::Done done);
    void invoke(std::string action, std::string input, HostCall::Options options,
                HostCall::Done done);
    void reconcile(std::string action, std::string question, HostCall::Options options,
                   HostCall::Done done);

    /// The asker's side: null (and `ask` answered with BUSY or CANCELLED) when it may not ask.
    std::shared_ptr<PendingAsk> beginAsk(const totem_ask& ask);
    void endAsk() { --openAsks_; }

    const std::string& id() const { return manifest_->id; }
    const Manifest& manifest() const { return *manifest_; }
    PluginServices& services() { return services_; }
    const Logger& logger() const { return logger_; }
    TaskQueue& completions() { return *completions_; }
    OpenCalls& calls() { return calls_; }
    const std::shared_ptr<Cancellation>& cancellation() const { return cancellation_; }
    std::size_t openAsks() const { return openAsks_; }
    bool abandoned() const { return abandoned_; }
    std::size_t queued() const { return pool_->queued(); }
    /// How long the longest running handler or completion has been running, 0 when none is.
    std::int64_t busyNs() const;
    /// While it is unresponsive its routes answer UNAVAILABLE at once, except inline ones.
    void setUnresponsive(bool unresponsive) { unresponsive_ = unresponsive; }

    /// Timers of the instance (extensions/timer.cpp).
    std::uint64_t startTimer(std::int64_t delayNs, void (*fire)(void*, std::int32_t), void* ctx);
    void cancelTimer(std::uint64_t id);
    /// The plugin's metric of that name, made at first (extensions/metrics.cpp); null: another
    /// kind.
    totem_metric* metric(std::int32_t kind, const std::string& name, const std::string& help);

    /// Runs code of the plugin; what it throws, against the rules, is logged and ends here.
    template <typename Hook>
    bool guarded(const Hook& hook) {
        try {
            hook();
            return true;
        } catch (const std::exception& error) {
            logger_.error("plugin.hook.threw", {{"reason", error.what()}});
        } catch (...) {
            logger_.error("plugin.hook.threw", {{"reason", "something that is no std::exception"}});
        }
        return false;
    }

    static PluginInstance& of(const totem_host* host) {
        return *static_cast<PluginInstance*>(host->host_ctx);
    }

private:
    using Step = std::function<totem_status()>;
    /// Outlives the instance in the loop's tasks, empty by then.
    struct TimerBook {
        struct Timer {
            void (*fire)(void*, std::int32_t);
            void* ctx;
        };
        std::mutex mutex;
        std::map<std::uint64_t, Timer> open;  // guarded by mutex
        std::uint64_t next = 1;               // guarded by mutex
        bool closed = false;                  // guarded by mutex
    };

    template <typename Extension>
    void call(const char* extensionId, bool inlined, HostCall::Options options, HostCall::Done done,
              std::function<void(const Extension&, totem_call*)> enter);
    /// Runs a life step on the pool; false when it does not return in time.
    bool runStep(const char* hook, std::chrono::milliseconds timeout, Step step,
                 totem_status& status);
    static void fireTimer(TimerBook& book, PluginInstance& instance, std::uint64_t id,
                          std::int32_t fired);
    void endTimers();
    void cancelAsks();
    std::string abandon(std::string why);

    std::shared_ptr<const Manifest> manifest_;
    const totem_descriptor* descriptor_;
    PluginServices& services_;
    const InstanceOptions options_;
    Logger logger_;
    totem_host host_{};
    totem_instance* instance_ = nullptr;
    std::unique_ptr<TaskQueue> pool_, completions_;
    CallMeter meter_;
    OpenCalls calls_{&meter_};
    std::shared_ptr<Cancellation> cancellation_;
    std::atomic<std::size_t> openAsks_{0};
    std::atomic<std::size_t> inside_{0};  // hooks that run or wait for a thread
    std::atomic<bool> serving_{false};
    std::atomic<bool> unresponsive_{false};
    std::atomic<bool> stopped_{false};
    std::atomic<bool> closed_{false};  // nothing may be asked any more
    bool abandoned_ = false;

    const std::shared_ptr<TimerBook> timers_ = std::make_shared<TimerBook>();
    std::atomic<std::size_t> openTimers_{0};
    std::mutex metricsMutex_;
    std::map<std::string, std::shared_ptr<totem_metric>> metrics_;  // guarded by metricsMutex_
};

}  // namespace totemd
