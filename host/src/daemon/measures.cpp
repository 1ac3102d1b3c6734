#include "daemon/measures.hpp"

#include <nlohmann/json.hpp>

#include "daemon/front.hpp"
#include "journal/database.hpp"
#include "journal/dispatcher.hpp"
#include "journal/effects.hpp"
#include "plugin/plugin_registry.hpp"
#include "plugin/worker_host.hpp"
#include "state/memory_cache.hpp"
#include "upstream/upstream_client.hpp"
#include "worker/worker_pool.hpp"

namespace totemd {
namespace {

/// Sets one gauge; the figures are sums that their rooms keep.
class Gauges {
public:
    explicit Gauges(Metrics& metrics) : metrics_(metrics) {}
    void set(const char* name, const char* help, double value) {
        metrics_.gauge(name, help).with({}).set(value);
    }
    void set(const char* name, const char* help, const char* label, const std::string& of,
             double value) {
        metrics_.gauge(name, help, {label}).with({of}).set(value);
    }

private:
    Metrics& metrics_;
};

}  // namespace

Measures::Measures(Parts parts)
    : parts_(parts), collector_(parts.metrics.addCollector([this] { collect(); })) {}
Measures::~Measures() {
    parts_.metrics.removeCollector(collector_);
}

void Measures::collect() {
    Gauges gauges(parts_.metrics);
    for (const auto& [name, stats] : parts_.front.stats()) {
        gauges.set("totem_http_open_connections", "Open connections", "listener", name,
                   static_cast<double>(stats.openConnections));
        gauges.set("totem_http_requests", "Requests since the start", "listener", name,
                   static_cast<double>(stats.requests));
        gauges.set("totem_http_refused", "Requests refused before any plugin saw them", "listener",
                   name,
                   static_cast<double>(stats.refusedMalformed + stats.refusedHeader +
                                       stats.refusedBody + stats.refusedSpool));
        gauges.set("totem_http_timed_out", "Requests and answers that took too long", "listener",
                   name, static_cast<double>(stats.timedOut));
    }
    for (const UpstreamSnapshot& upstream : parts_.upstream.snapshot()) {
        gauges.set("totem_upstream_in_flight", "Requests under way", "upstream", upstream.upstream,
                   static_cast<double>(upstream.inFlight));
        gauges.set("totem_upstream_queued", "Requests that wait for a connection", "upstream",
                   upstream.upstream, static_cast<double>(upstream.queued));
        gauges.set("totem_upstream_responses", "Responses since the start", "upstream",
                   upstream.upstream, static_cast<double>(upstream.responses));
        gauges.set("totem_upstream_failures", "Requests without a response since the start",
                   "upstream", upstream.upstream,
                   static_cast<double>(upstream.notSent + upstream.failed + upstream.unknown));
        gauges.set("totem_upstream_breaker_open", "1 while the breaker is not closed", "upstream",
                   upstream.upstream, upstream.breaker == UpstreamSnapshot::kClosed ? 0 : 1);
    }
    const DatabaseCounters database = parts_.database.counters();
    gauges.set("totem_journal_commits", "Commits since the start",
               static_cast<double>(database.commits));
    gauges.set("totem_journal_commit_seconds", "Time spent in commits since the start",
               static_cast<double>(database.commitNs) / 1e9);
    gauges.set("totem_journal_bytes", "Size of the journal", static_cast<double>(database.bytes));
    gauges.set("totem_journal_writable", "1 when the last commit succeeded",
               parts_.database.writable() ? 1 : 0);
    const DispatcherCounters deliveries = parts_.dispatcher.counters();
    gauges.set("totem_deliveries_queued", "Events that wait for their turn",
               static_cast<double>(deliveries.queued));
    gauges.set("totem_deliveries_in_flight", "Events being handled",
               static_cast<double>(deliveries.inFlight));
    gauges.set("totem_deliveries_done", "Events handled since the start",
               static_cast<double>(deliveries.done));
    gauges.set("totem_deliveries_retried", "Attempts that failed since the start",
               static_cast<double>(deliveries.retried));
    gauges.set("totem_deliveries_dead", "Dead letters since the start",
               static_cast<double>(deliveries.dead));
    gauges.set("totem_effects_open", "Effects without a result",
               static_cast<double>(parts_.effects.open()));
    for (const auto& plugin : parts_.plugins.describe()) {
        const std::string id = plugin.at("id").get<std::string>();
        gauges.set("totem_plugin_running", "1 when the plugin runs", "plugin", id,
                   plugin.at("state") == "running" ? 1 : 0);
        gauges.set("totem_plugin_open_calls", "Calls the plugin holds", "plugin", id,
                   plugin.value("open_calls", 0.0));
        gauges.set("totem_plugin_queued", "Calls that wait for a thread of the plugin", "plugin",
                   id, plugin.value("queued", 0.0));
    }
    parts_.workers.forEach(
        [&](const std::string& plugin, const std::string& worker, WorkerPool& pool) {
            const WorkerPool::Counters counters = pool.counters();
            const std::string name = plugin + "/" + worker;
            gauges.set("totem_worker_alive", "Worker processes", "worker", name,
                       static_cast<double>(counters.alive));
            gauges.set("totem_worker_requests", "Requests to workers since the start", "worker",
                       name, static_cast<double>(counters.requests));
            gauges.set("totem_worker_killed", "Workers killed for time or memory, or crashed",
                       "worker", name,
                       static_cast<double>(counters.killedForTime + counters.killedForMemory +
                                           counters.crashed));
        });
    const MemoryCache::Counts cache = parts_.cache.counts();
    gauges.set("totem_cache_entries", "Entries of the in-process cache",
               static_cast<double>(cache.entries));
    gauges.set("totem_cache_bytes", "Bytes of the in-process cache",
               static_cast<double>(cache.bytes));
}

}  // namespace totemd
