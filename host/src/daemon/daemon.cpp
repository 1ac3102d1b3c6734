#include "daemon/daemon.hpp"

#include <algorithm>
#include <stdexcept>

#include "config/difference.hpp"
#include "config/loader.hpp"
#include "daemon/host_actions.hpp"
#include "daemon/settings.hpp"

namespace totemd {
namespace {

constexpr std::int64_t kSweepNs = 25'000'000;
constexpr std::int64_t kReplayNs = 5'000'000'000;
constexpr std::int64_t kLoopStuckNs = 30'000'000'000;
constexpr std::int64_t kBeatNs = 2'000'000'000;

std::filesystem::path probeProgram() {
    const auto here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
    for (const auto& candidate :
         {here / "totem-probe", here.parent_path() / TOTEM_LIBEXEC_DIR / "totem-probe"}) {
        if (std::filesystem::exists(candidate)) return candidate;
    }
    throw std::runtime_error("totem-probe is neither in " + here.string() +
                             " nor in " TOTEM_LIBEXEC_DIR "; reinstall totemd");
}

/// Runs `task` again and again on the loop, as long as the loop runs.
void repeat(EventLoop& loop, std::int64_t everyNs, std::function<void()> task) {
    loop.after(everyNs, [&loop, everyNs, task] {
        task();
        repeat(loop, everyNs, task);
    });
}

}  // namespace

Daemon::Daemon(DaemonOptions options, Configuration configuration)
    : options_(std::move(options)),
      configuration_(std::move(configuration)),
      log_(logOptions(configuration_)),
      metrics_(log_.masker()),
      health_(log_.masker()),
      upstream_(upstreamLoop_, upstreamOptions(configuration_, frontForUpstream_)),
      cache_(cacheOptions(configuration_)),
      actions_([this](const std::string& id) { return plugins_.find(id); },
               [this](const std::string& id) { return plugins_.whyAbsent(id); }),
      events_([this](const std::string& id) { return plugins_.find(id); },
              nanoseconds(configuration_.delivery.attemptTimeout)),
      database_(databaseOptions(configuration_)),
      dispatcher_(database_, dispatcherOptions(configuration_),
                  [this](Delivery delivery, Dispatcher::Done done) {
                      events_.deliver(std::move(delivery), std::move(done));
                  }),
      journal_(database_, dispatcher_,
               [this](const NewEvent& event) { return events_.subscribersOf(event); }),
      effects_(database_, EffectsOptions{}, actions_.effectHooks()),
      requests_(database_, requestsOptions(configuration_)),
      store_(database_),
      upkeep_(database_, upkeepOptions(configuration_)),
      deadLetters_(database_, dispatcher_),
      inspector_(database_),
      workers_(loop_, log_),
      services_{loop_,  log_,     metrics_, health_,  upstream_,
                cache_, journal_, store_,   actions_, workers_},
      plugins_({services_, events_, dispatcher_, requests_, probeProgram(),
                stateFolder(configuration_)}),
      admin_(adminParts()),
      front_(httpLoop_, log_, stateFolder(configuration_).string(),
             [this](const std::string& name, const ListenerConfig& config) {
                 return routesFor(name, config);
             }),
      measures_({metrics_, front_, upstream_, database_, dispatcher_, effects_, plugins_, workers_,
                 cache_}) {
    for (const std::string& secret : configuration_.secrets) log_.registerSecret(secret);
    actions_.useEffects(effects_);
    for (Action& action :
         hostActions(actions_, nanoseconds(configuration_.delivery.maxAnswerAge))) {
        actions_.offerBuiltin(std::move(action.declared), std::move(action.serve));
    }
}

Daemon::~Daemon() {
    stop();
}

void Daemon::start() {
    loop_.start();
    httpLoop_.start();
    upstreamLoop_.start();
    health_.add("journal", true);
    health_.set("journal", HealthState::healthy);
    dispatcher_.start();
    plugins_.apply(configuration_, options_.safe);
    effects_.start();
    upkeep_.start();
    front_.apply(configuration_.listeners);
    frontForUpstream_ = &front_;
    upstream_.configure(upstreamOptions(configuration_, frontForUpstream_));
    plugins_.replayRequests(Requests::Which::All);
    for (std::size_t i = 0; i < loops_.size(); ++i) watch(i);
    loop_.post([this] { scheduleChores(); });
    log_.part("daemon").info("daemon.started", {{"config", options_.configFile.string()}});
}

void Daemon::scheduleChores() {
    repeat(loop_, kSweepNs, [this] { plugins_.sweep(monotonicNow()); });
    repeat(loop_, kReplayNs, [this] {
        plugins_.replayRequests(Requests::Which::Due);
        cache_.sweep();
        const bool writable = database_.writable();
        health_.set("journal", writable ? HealthState::healthy : HealthState::unhealthy,
                    writable
                        ? ""
                        : "the journal cannot be written: free space on its disk, or see the log");
    });
}

bool Daemon::reload() {
    const Logger log = log_.part("daemon");
    LoadedConfig loaded = loadConfiguration(options_.configFile);
    if (!loaded.configuration) {
        for (const ConfigProblem& problem : loaded.problems)
            log.error("config.problem", {{"problem", problem.text()}});
        log.error("reload.refused",
                  {{"reason", "the configuration has errors; the running one stays"}});
        return false;
    }
    for (const std::string& secret : loaded.configuration->secrets) log_.registerSecret(secret);
    const ConfigDifference change = difference(configuration_, *loaded.configuration);
    try {
        upstream_.configure(upstreamOptions(*loaded.configuration, frontForUpstream_));
        if (!plugins_.apply(*loaded.configuration, options_.safe)) {
            log.error("reload.partly", {{"reason",
                                         "a plugin could not take over its new configuration and "
                                         "goes on with the old one"}});
        }
        front_.apply(loaded.configuration->listeners);
        // Again: the admin listener, which nobody may be sent to, may have moved.
        upstream_.configure(upstreamOptions(*loaded.configuration, frontForUpstream_));
    } catch (const std::exception& error) {
        log.error("reload.refused", {{"reason", error.what()}});
        plugins_.apply(configuration_, options_.safe);
        upstream_.configure(upstreamOptions(configuration_, frontForUpstream_));
        return false;
    }
    if (auto level = parseLogLevel(loaded.configuration->log.level)) log_.setLevel(*level);
    configuration_ = std::move(*loaded.configuration);
    for (const std::string& line : change.lines()) log.info("reload.change", {{"change", line}});
    log.info("reload.done", {{"needs_restart", change.needsRestart()}});
    plugins_.replayRequests(Requests::Which::All);
    return true;
}

void Daemon::watch(std::size_t loop) {
    loops_[loop].second = monotonicNow();
    loops_[loop].first->post([this, loop] {
        repeat(*loops_[loop].first, kBeatNs,
               [this, loop] { loops_[loop].second = monotonicNow(); });
    });
}

bool Daemon::alive() const {
    const std::int64_t now = monotonicNow();
    return !plugins_.hung() && std::all_of(loops_.begin(), loops_.end(), [now](const auto& loop) {
        return loop.second == 0 || now - loop.second < kLoopStuckNs;
    });
}

bool Daemon::stop() {
    if (std::exchange(stopped_, true)) return true;
    const auto timeout = configuration_.guard.stopTimeout;
    log_.part("daemon").info("daemon.stopping");
    front_.drain(std::chrono::milliseconds(timeout.count() / 4));
    dispatcher_.drain();
    effects_.suspend();
    actions_.suspendEffects();
    plugins_.stopAll(timeout);
    upstream_.stop();
    workers_.stop();
    database_.stop();
    upstreamLoop_.stop();
    httpLoop_.stop();
    loop_.stop();
    log_.part("daemon").info("daemon.stopped");
    log_.flush();
    return !plugins_.leftThreads();
}

AdminApi::Parts Daemon::adminParts() {
    return {log_,         metrics_,  health_,   plugins_,
            actions_,     upstream_, database_, inspector_,
            deadLetters_, requests_, upkeep_,   [this] { return front_.boundAddresses(); }};
}

std::vector<Route> Daemon::routesFor(const std::string& listener,
                                     const ListenerConfig& config) const {
    if (listener == "admin") return admin_.routes(config.token);
    return plugins_.routesFor(listener, config.plugins, nanoseconds(config.limits.requestTimeout));
}

}  // namespace totemd
