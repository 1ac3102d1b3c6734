#include "plugin/plugin_registry.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "journal/dispatcher.hpp"
#include "loop/event_loop.hpp"
#include "observe/health.hpp"
#include "observe/log.hpp"
#include "plugin/action_directory.hpp"
#include "plugin/event_hub.hpp"
#include "plugin/event_text.hpp"
#include "plugin/extensions/extensions.hpp"
#include "plugin/library.hpp"
#include "plugin/plugin_instance.hpp"
#include "plugin/plugin_services.hpp"
#include "plugin/probe.hpp"
#include "plugin/schema_validator.hpp"
#include "plugin/worker_host.hpp"

namespace totemd {
namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;

/// Code that others may write to is not loaded into a daemon that holds tokens.
void refuseUnsafe(const std::filesystem::path& file) {
    struct stat info {};
    if (stat(file.c_str(), &info) != 0)
        throw std::runtime_error(file.string() + ": cannot be read");
    const bool foreignGroup = info.st_gid != 0 && info.st_gid != getegid();
    if ((info.st_mode & S_IWOTH) != 0 || ((info.st_mode & S_IWGRP) != 0 && foreignGroup)) {
        throw std::runtime_error(file.string() +
                                 ": others may write to it, so it is not loaded; run: chmod go-w " +
                                 file.string());
    }
    if (info.st_uid != 0 && info.st_uid != geteuid()) {
        throw std::runtime_error(
            file.string() + ": belongs to user " + std::to_string(info.st_uid) +
            ", neither to root nor to the daemon's user; run: chown root " + file.string());
    }
}

/// Its actions are offered before it runs, so what is wrong with them must be known by then.
void refuseUnusable(const Manifest::Action& action) {
    try {
        if (!action.input.empty()) static_cast<void>(SchemaValidator(action.input));
    } catch (const std::invalid_argument& error) {
        throw std::runtime_error("the input of action " + action.name + " is " + error.what());
    }
}

std::string fingerprintOf(const Manifest& manifest, const std::string& config) {
    struct stat info {};
    stat(manifest.library.c_str(), &info);
    return std::to_string(info.st_mtim.tv_sec) + "." + std::to_string(info.st_mtim.tv_nsec) + "/" +
           std::to_string(std::hash<std::string>{}(config));
}

/// Whether an instance can go on: the rest of the section concerns the daemon alone.
bool sameForInstance(PluginConfig running, const PluginConfig& wanted) {
    running.enabled = wanted.enabled;
    running.required = wanted.required;
    running.logLevel = wanted.logLevel;
    return running == wanted;
}

std::vector<std::string> grantsOf(const Manifest& manifest, const PluginConfig& config) {
    if (config.grants) return *config.grants;
    std::vector<std::string> wanted = manifest.requires_;
    wanted.insert(wanted.end(), manifest.optional.begin(), manifest.optional.end());
    return wanted.empty() ? extensionIds() : wanted;
}

}  // namespace

PluginRegistry::PluginRegistry(Parts parts)
    : parts_(std::move(parts)), marks_(parts_.stateFolder) {}
PluginRegistry::~PluginRegistry() {
    stopAll(milliseconds(stopTimeoutMs_));
}

std::map<std::string, std::filesystem::path> PluginRegistry::discover(
    const std::vector<std::string>& folders) const {
    std::map<std::string, std::filesystem::path> found;
    for (const std::string& folder : folders) {
        std::error_code ignored;
        for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
            if (std::filesystem::exists(entry.path() / "plugin.json", ignored)) {
                found.emplace(entry.path().filename().string(), entry.path());
            }
        }
    }
    return found;
}

void PluginRegistry::load(Entry& entry, const std::string& id,
                          const std::filesystem::path& folder) {
    try {
        auto manifest = std::make_shared<Manifest>(readManifest(folder));
        if (manifest->id != id) {
            throw std::runtime_error((folder / "plugin.json").string() + "#/id: expected \"" + id +
                                     "\" like its folder, found \"" + manifest->id + "\"");
        }
        for (const Manifest::Action& action : manifest->actions) refuseUnusable(action);
        std::lock_guard lock(mutex_);
        entry.manifest = std::move(manifest);
    } catch (const std::exception& error) {
        failed(entry, id, error.what());
    }
}

/// For a plugin that cannot even be tried.
void PluginRegistry::failed(Entry& entry, const std::string& id, const std::string& reason) {
    {
        std::lock_guard lock(mutex_);
        entry.manifest = nullptr;
    }
    change(entry, State::kFailed, reason);
    parts_.services.health.add(id, entry.config.required);
    parts_.services.health.set(id, HealthState::unhealthy, reason);
    parts_.services.log.plugin(id).error("plugin.start.failed", {{"reason", reason}});
}

void PluginRegistry::change(Entry& entry, State state, std::string reason) {
    std::lock_guard lock(mutex_);
    entry.state = state;
    entry.reason = std::move(reason);
    entry.sinceUnixNs = unixNow();
}

void PluginRegistry::prepare(const Manifest& manifest) {
    const auto timeout = milliseconds(std::min<std::int64_t>(startTimeoutMs_, 10'000));
    probes_[manifest.id] =
        std::async(std::launch::async, [this, manifest, timeout]() -> std::string {
            try {
                refuseUnsafe(manifest.folder);
                refuseUnsafe(manifest.library);
                for (const auto& worker : manifest.workers) refuseUnsafe(worker.program);
                parts_.services.workers.declare(manifest);
                parts_.services.workers.warm(manifest.id);
            } catch (const std::exception& error) {
                return error.what();
            }
            return probePlugin(parts_.probeProgram, manifest.folder, timeout);
        });
}

std::shared_ptr<PluginInstance> PluginRegistry::startInstance(const Manifest& manifest,
                                                              const PluginConfig& config) {
    const std::string fingerprint = fingerprintOf(manifest, config.config);
    if (marks_.crashed(manifest.id, fingerprint)) {
        throw std::runtime_error(
            "the daemon ended " + std::to_string(CrashMarks::kStarts) +
            " times in a row while it was created; it stays out until its library or its "
            "configuration changes");
    }
    const auto granted = grantsOf(manifest, config);
    for (const std::string& id : manifest.requires_) {
        if (findExtension(id.c_str()) == nullptr) {
            throw std::runtime_error(
                (manifest.folder / "plugin.json").string() + "#/requires: this daemon offers no " +
                id + "; upgrade totemd, or install a version of the plugin made for this one");
        }
        if (std::find(granted.begin(), granted.end(), id) == granted.end()) {
            throw std::runtime_error("it requires " + id + ", which plugins." + manifest.id +
                                     ".grants does not list");
        }
    }
    const std::string problem = probes_.extract(manifest.id).mapped().get();
    if (!problem.empty()) throw std::runtime_error(problem);
    InstanceOptions options;
    options.config = config.config;
    options.threads = config.threads;
    options.maxOpenAsks = config.maxOpenAsks;
    options.granted = granted;
    auto shared = std::make_shared<const Manifest>(manifest);
    auto instance = std::make_shared<PluginInstance>(shared, openLibrary(manifest.library),
                                                     parts_.services, std::move(options));
    marks_.begin(manifest.id, fingerprint);
    try {
        instance->start(milliseconds(startTimeoutMs_));
    } catch (...) {
        marks_.end(manifest.id);
        retire(instance, milliseconds(1));
        throw;
    }
    marks_.end(manifest.id);
    return instance;
}

bool PluginRegistry::bringUp(const std::string& id) {
    Entry& entry = entries_.at(id);
    if (!entry.manifest) return false;
    const Logger log = parts_.services.log.plugin(id);
    HealthRegistry& health = parts_.services.health;
    health.add(id, entry.config.required);
    try {
        auto fresh = startInstance(*entry.manifest, entry.config);
        std::shared_ptr<PluginInstance> old;
        {
            std::lock_guard lock(mutex_);
            old = std::exchange(entry.instance, fresh);
            entry.running = entry.config;
            entry.unresponsive = false;
        }
        change(entry, State::kRunning, {});
        health.set(id, HealthState::healthy);
        log.info("plugin.started", {{"version", entry.manifest->version}});
        if (old) retire(std::move(old), milliseconds(stopTimeoutMs_));
        if (std::find(started_.begin(), started_.end(), id) == started_.end())
            started_.push_back(id);
        if (!entry.manifest->subscribes.empty()) parts_.dispatcher.resume(id);
        return true;
    } catch (const std::exception& error) {
        log.error("plugin.start.failed", {{"reason", error.what()}});
        if (entry.instance) {
            std::lock_guard lock(mutex_);
            entry.reason =
                std::string("the new configuration could not start, the old instance goes on: ") +
                error.what();
            return false;
        }
        change(entry, State::kFailed, error.what());
        health.set(id, HealthState::unhealthy, error.what());
        return false;
    }
}

void PluginRegistry::retire(std::shared_ptr<PluginInstance> instance, milliseconds timeout) {
    const std::string why = instance->stop(timeout);
    if (instance->abandoned()) {
        parts_.services.log.plugin(instance->id()).error("plugin.abandoned", {{"reason", why}});
        new std::shared_ptr<PluginInstance>(std::move(instance));  // for ever, on purpose
        leftThreads_ = true;
    }
}

void PluginRegistry::takeDown(const std::string& id, milliseconds timeout,
                              const std::string& reason) {
    Entry& entry = entries_.at(id);
    parts_.dispatcher.pause(id);
    std::shared_ptr<PluginInstance> instance;
    {
        std::lock_guard lock(mutex_);
        instance = std::exchange(entry.instance, nullptr);
    }
    std::erase(started_, id);
    if (!instance) return;
    retire(std::move(instance), timeout);
    change(entry, State::kDisabled, reason);
    parts_.services.health.remove(id);
    parts_.services.log.plugin(id).info("plugin.stopped");
}

std::vector<std::string> PluginRegistry::startOrder() const {
    std::vector<std::string> order;
    std::set<std::string> done;
    std::function<void(const std::string&)> visit = [&](const std::string& id) {
        auto found = entries_.find(id);
        if (found == entries_.end() || !found->second.config.enabled || !done.insert(id).second)
            return;
        if (found->second.manifest) {
            for (const std::string& other : found->second.manifest->after) visit(other);
        }
        order.push_back(id);
    };
    for (const auto& [id, entry] : entries_) visit(id);
    return order;
}

/// Stops in reverse what is no longer wanted, and forgets what the configuration does not name.
void PluginRegistry::stopUnwanted(const Configuration& configuration) {
    const auto wanted = [&](const std::string& id) {
        auto found = configuration.plugins.find(id);
        return found != configuration.plugins.end() && found->second.enabled;
    };
    const auto before = started_;
    for (auto id = before.rbegin(); id != before.rend(); ++id) {
        if (!wanted(*id))
            takeDown(*id, milliseconds(stopTimeoutMs_), "disabled in the configuration");
    }
    std::lock_guard lock(mutex_);
    std::erase_if(entries_, [&](const auto& entry) {
        const bool gone = configuration.plugins.count(entry.first) == 0;
        if (gone) parts_.services.health.remove(entry.first);
        return gone;
    });
}

/// Brings the entry of a plugin to its configuration; starting it comes later.
void PluginRegistry::settle(const std::string& id, const PluginConfig& config,
                            const std::map<std::string, std::filesystem::path>& found) {
    std::unique_lock lock(mutex_);
    Entry& entry = entries_[id];
    entry.config = config;
    const bool runs = entry.instance != nullptr;
    lock.unlock();
    if (config.logLevel) {
        if (auto level = parseLogLevel(*config.logLevel)) parts_.services.log.setLevel(id, *level);
    }
    if (runs) return parts_.services.health.add(id, config.required);
    if (!config.enabled) {
        parts_.services.health.remove(id);
        return change(entry, State::kDisabled, "disabled in the configuration");
    }
    auto folder = found.find(id);
    if (folder != found.end()) return load(entry, id, folder->second);
    failed(entry, id,
           "no folder of plugin_path holds " + id +
               "/plugin.json; install the plugin or set plugins." + id + ".enabled to false");
}

bool PluginRegistry::apply(const Configuration& configuration, bool safe) {
    startTimeoutMs_ = configuration.guard.startTimeout.count();
    stopTimeoutMs_ = configuration.guard.stopTimeout.count();
    softLimitNs_ = configuration.guard.callSoftLimit.count() * 1'000'000;
    hardLimitNs_ = configuration.guard.callHardLimit.count() * 1'000'000;
    auto folders = configuration.pluginPath;
    if (safe && folders.size() > 1) folders.resize(1);
    const auto found = discover(folders);
    stopUnwanted(configuration);
    for (const auto& [id, config] : configuration.plugins) settle(id, config, found);
    announce();
    auto order = startOrder();
    std::erase_if(order, [this](const std::string& id) {
        const Entry& entry = entries_.at(id);
        return entry.instance != nullptr && sameForInstance(entry.running, entry.config);
    });
    for (const std::string& id : order) {
        if (entries_.at(id).manifest) prepare(*entries_.at(id).manifest);
    }
    bool allReplaced = true;
    for (const std::string& id : order) {
        const bool runs = entries_.at(id).instance != nullptr;
        if (!bringUp(id) && runs) allReplaced = false;
    }
    probes_.clear();  // of those that failed before theirs was looked at
    return allReplaced;
}

void PluginRegistry::announce() {
    std::vector<std::shared_ptr<const Manifest>> manifests;
    for (const auto& [id, entry] : entries_) {
        if (entry.config.enabled && entry.manifest) manifests.push_back(entry.manifest);
    }
    parts_.services.actions.setPlugins(manifests);
    parts_.events.setPlugins(std::move(manifests));
}

void PluginRegistry::stopAll(milliseconds timeout) {
    const auto order = started_;
    const std::int64_t deadline = monotonicNow() + timeout.count() * 1'000'000;
    for (auto id = order.rbegin(); id != order.rend(); ++id) {
        takeDown(*id,
                 milliseconds(std::max<std::int64_t>(200, (deadline - monotonicNow()) / 1'000'000)),
                 "the daemon stops");
    }
}

std::shared_ptr<PluginInstance> PluginRegistry::find(const std::string& plugin) const {
    std::lock_guard lock(mutex_);
    auto found = entries_.find(plugin);
    return found == entries_.end() ? nullptr : found->second.instance;
}

std::string PluginRegistry::whyAbsent(const std::string& plugin) const {
    std::string why = "plugin " + plugin + " is not running";
    std::lock_guard lock(mutex_);
    auto found = entries_.find(plugin);
    if (found == entries_.end() || found->second.reason.empty()) return why;
    return why + ": " + found->second.reason;
}

void PluginRegistry::sweep(std::int64_t nowNs) {
    std::vector<std::shared_ptr<PluginInstance>> instances;
    bool hung = false;
    {
        std::lock_guard lock(mutex_);
        for (auto& [id, entry] : entries_) {
            if (!entry.instance) continue;
            instances.push_back(entry.instance);
            judge(id, entry);
            hung = hung || entry.instance->busyNs() > hardLimitNs_;
        }
    }
    if (hung && !hung_.exchange(hung)) {
        parts_.services.log.part("plugins").error(
            "plugins.hung",
            {{"reason",
              "a handler runs longer than guard.call_hard_limit; the watchdog is no longer fed"}});
    }
    hung_ = hung;
    std::size_t ended = 0;
    for (const auto& instance : instances) ended += instance->calls().sweep(nowNs);
    if (ended > 0) parts_.services.actions.answerCancelled();
}

/// Takes a plugin whose handler does not return out of service, and back once it has returned.
void PluginRegistry::judge(const std::string& id, Entry& entry) {
    const bool unresponsive = entry.instance->busyNs() > softLimitNs_;
    if (unresponsive == entry.unresponsive) return;
    entry.unresponsive = unresponsive;
    entry.instance->setUnresponsive(unresponsive);
    const Logger log = parts_.services.log.plugin(id);
    if (unresponsive) {
        const std::string why = "a handler has been running longer than guard.call_soft_limit";
        parts_.services.health.set(id, HealthState::unhealthy, why);
        log.error("plugin.unresponsive", {{"reason", why}});
    } else {
        parts_.services.health.set(id, HealthState::healthy);
        log.info("plugin.responsive");
    }
}

bool PluginRegistry::requiredRun() const {
    std::lock_guard lock(mutex_);
    return std::all_of(entries_.begin(), entries_.end(), [](const auto& entry) {
        return !entry.second.config.required || entry.second.instance;
    });
}

Json PluginRegistry::describe() const {
    static const char* names[] = {"disabled", "running", "failed"};
    Json list = Json::array();
    std::lock_guard lock(mutex_);
    for (const auto& [id, entry] : entries_) {
        Json item{{"id", id},
                  {"state", names[static_cast<int>(entry.state)]},
                  {"enabled", entry.config.enabled},
                  {"required", entry.config.required}};
        if (entry.manifest) {
            item["version"] = entry.manifest->version;
            item["title"] = entry.manifest->title;
            item["folder"] = entry.manifest->folder.string();
        }
        if (!entry.reason.empty()) item["reason"] = entry.reason;
        if (entry.sinceUnixNs != 0) item["since"] = formatTime(entry.sinceUnixNs);
        if (entry.instance) {
            item["open_calls"] = entry.instance->calls().count();
            item["open_asks"] = entry.instance->openAsks();
            item["queued"] = entry.instance->queued();
            item["unresponsive"] = entry.unresponsive;
            item["busy_ms"] = entry.instance->busyNs() / 1'000'000;
            item["late_completions"] = entry.instance->calls().lateCompletions();
            item["abandoned_calls"] = entry.instance->calls().abandonedCalls();
        }
        list.push_back(std::move(item));
    }
    return list;
}

Json PluginRegistry::commands() const {
    Json list = Json::array();
    std::lock_guard lock(mutex_);
    for (const auto& [id, entry] : entries_) {
        if (!entry.manifest || !entry.config.enabled) continue;
        for (const Json& command : Json::parse(entry.manifest->commands)) list.push_back(command);
    }
    return list;
}

}  // namespace totemd
