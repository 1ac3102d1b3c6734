#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "totem/abi/action.h"
#include "totem/abi/cache.h"
#include "totem/abi/clock.h"
#include "totem/abi/event.h"
#include "totem/abi/http_client.h"
#include "totem/abi/store.h"
#include "totem/abi/timer.h"
#include "totem/abi/worker.h"
#include "totem/testing/memory.hpp"
#include "totem/testing/observed.hpp"
#include "totem/testing/scripts.hpp"
#include "totem/testing/timers.hpp"

namespace totem::testing {

/// A host without a daemon: everything that totem/abi offers a plugin, in memory. Nothing leaves
/// the process, and time passes only by advance().
///
///     FakeHost host;
///     host.http.answer("GET", "http://portal/ping", Reply::http(200, "pong"));
///     LoadedPlugin plugin(host, folder, {{"url", "http://portal"}});
///     CHECK(plugin.request({"GET", "/ping"}).reply().content == "pong");
///     CHECK(host.problems().empty());
///
/// Handlers run on threads of their own and may block; completions and timers run on one thread.
/// One plugin at a time uses a host. A second one on the same host, after the first has stopped,
/// finds the store, the cache, the effects and the clock as they are: a restart.
///
/// Threads: the members, except advance() and settle(), from anywhere.
class FakeHost {
    Problems problems_;
    Agenda agenda_;

public:
    /// 2026-01-01, unless the test needs another day.
    explicit FakeHost(std::int64_t unixNs = 1'767'225'600'000'000'000)
        : agenda_(unixNs), store(agenda_), cache(agenda_), timers(agenda_, problems_) {
        raw_.struct_size = sizeof raw_;
        raw_.abi_major = TOTEM_ABI_MAJOR;
        raw_.abi_minor = TOTEM_ABI_MINOR;
        raw_.host_ctx = this;
        raw_.get_extension = [](const totem_host* host, const char* id) {
            return of(host).find(id);
        };
    }
    ~FakeHost() { agenda_.end(); }
    FakeHost(const FakeHost&) = delete;
    FakeHost& operator=(const FakeHost&) = delete;

    /// For parts of a plugin that are tested alone: Store(host.raw()).
    const totem_host* raw() const { return &raw_; }

    /// Takes an extension away, as a host that does not have it or an operator who does not grant
    /// it. Before the plugin is loaded.
    void withhold(const std::string& extension) { withheld_.insert(extension); }
    bool offers(const std::string& extension) const {
        return raw_.get_extension(&raw_, extension.c_str()) != nullptr;
    }
    /// Answers every ask of an extension with a failure, until accept().
    void refuse(const std::string& extension, Status status, std::string sentence) {
        asks_.refuse(extension, Reply::failure(status, std::move(sentence)));
    }
    void accept(const std::string& extension) { asks_.accept(extension); }

    /// Lets time pass: timers, late answers and deadlines come in their order, each at its time.
    void advance(std::chrono::nanoseconds by) { agenda_.advance(by); }
    /// Waits until the plugin has come to rest: its handlers have returned or wait for an answer.
    void settle() { agenda_.settle(); }
    std::int64_t unixNs() const { return agenda_.unixNs(); }

    /// Rules of totem/abi that the plugin broke, and requests that nothing was scripted for.
    std::vector<std::string> problems() const { return problems_.all(); }
    std::size_t openAsks() const { return asks_.open(); }

    FakeHttp http;
    FakeStore store;
    FakeCache cache;
    FakeEvents events;
    FakePeers actions;  ///< of other plugins; "totem.reply" and the like as well
    FakePeers workers;
    FakeTimers timers;
    FakeLog log;
    FakeMetrics metrics;
    FakeHealth health;

private:
    friend class LoadedPlugin;

    static FakeHost& of(const totem_host* host) { return *static_cast<FakeHost*>(host->host_ctx); }

    /// Serves an ask; nothing thrown here reaches the plugin.
    template <typename Serve>
    static void serve(const totem_host* raw, const char* extension, const totem_ask* ask,
                      Serve serve) {
        FakeHost& host = of(raw);
        std::shared_ptr<FakeAsk> taken = host.asks_.take(extension, ask);
        try {
            if (!taken->answered()) serve(host, taken);
        } catch (const std::exception& error) {
            taken->answer(Reply::failure(Status::kFault, error.what()));
        }
        taken->taken();
    }
    static Reply found(std::optional<std::string> value) {
        return value ? Reply::text(*std::move(value))
                     : Reply::failure(Status::kNotFound, "no such key");
    }
    static std::string text(totem_str value) { return std::string(view(value)); }

    const void* find(std::string_view id) const;

    struct Effect {
        std::string subject;
        Reply reply;
    };

    totem_host raw_{};
    std::map<std::string, Effect> effects_;  // by key; the test's own thread
    std::set<std::string, std::less<>> withheld_;
    AskDesk asks_{agenda_, problems_};
};

// The C line: one table for each extension.

inline const void* FakeHost::find(std::string_view id) const {
    using Host = const totem_host*;
    using Ask = const totem_ask*;
    static const totem_host_action action{
        sizeof action, 0,
        [](Host raw, totem_str name, totem_str input, Ask ask) {
            serve(raw, TOTEM_EXT_ACTION, ask, [&](FakeHost& host, auto& taken) {
                Asked what;
                what.name = text(name);
                what.content = text(input);
                if (!taken->checkpointKey.empty() && !taken->key.empty()) {
                    host.store.put(taken->checkpointKey, taken->checkpoint);
                }
                host.actions.take(taken, std::move(what), host.problems_);
            });
        },
        [](Host raw, Ask ask) {
            serve(raw, TOTEM_EXT_ACTION, ask,
                  [](FakeHost&, auto& taken) { taken->answer(Reply::text(R"({"actions":[]})")); });
        }};
    static const totem_host_cache cache{
        sizeof cache,
        0,
        [](Host raw, totem_str key, Ask ask) {
            serve(raw, TOTEM_EXT_CACHE, ask, [&](FakeHost& host, auto& taken) {
                taken->answer(found(host.cache.at(text(key))));
            });
        },
        [](Host raw, totem_str key, totem_str value, std::int64_t ttl, Ask ask) {
            serve(raw, TOTEM_EXT_CACHE, ask, [&](FakeHost& host, auto& taken) {
                if (ttl <= 0) return taken->answer(Reply::failure(Status::kInvalid, "ttl_ns"));
                host.cache.set(text(key), text(value), ttl);
                taken->answer({});
            });
        },
        [](Host raw, totem_str key, Ask ask) {
            serve(raw, TOTEM_EXT_CACHE, ask, [&](FakeHost& host, auto& taken) {
                host.cache.remove(text(key));
                taken->answer({});
            });
        },
        [](Host raw, totem_str key, std::int64_t ttl, Ask ask) {
            serve(raw, TOTEM_EXT_CACHE, ask, [&](FakeHost& host, auto& taken) {
                auto token = host.cache.lock(text(key), ttl);
                taken->answer(token ? Reply::text(*token)
                                    : Reply::failure(Status::kBusy, "somebody else holds it"));
            });
        },
        [](Host raw, totem_str key, totem_str token, Ask ask) {
            serve(raw, TOTEM_EXT_CACHE, ask, [&](FakeHost& host, auto& taken) {
                host.cache.unlock(text(key), text(token));
                taken->answer({});
            });
        },
        [](Host raw, totem_str key, std::int64_t by, std::int64_t ttl, Ask ask) {
            serve(raw, TOTEM_EXT_CACHE, ask, [&](FakeHost& host, auto& taken) {
                auto sum = host.cache.increment(text(key), by, ttl);
                taken->answer(sum ? Reply::text(*sum)
                                  : Reply::failure(Status::kInvalid, "the entry is no number"));
            });
        }};
    static const totem_host_clock clock{sizeof clock, 0,
                                        [](Host raw) { return of(raw).agenda_.monotonicNs(); },
                                        [](Host raw) { return of(raw).agenda_.unixNs(); }};
    static const totem_host_event event{
        sizeof event, 0,
        [](Host raw, totem_str json, Ask ask) {
            serve(raw, TOTEM_EXT_EVENT, ask, [&](FakeHost& host, auto& taken) {
                taken->answer(host.events.publish(view(json)));
            });
        },
        [](Host, totem_call* call) { static_cast<FakeCall*>(call)->releaseLane(); }};
    static const totem_host_health health{
        sizeof health, 0, [](Host raw, totem_str component, std::int32_t state, totem_str detail) {
            of(raw).health.report(text(component), {state, text(detail)});
        }};
    static const totem_host_http_client http{
        sizeof http, 0, [](Host raw, const totem_http_out* out, Ask ask) {
            serve(raw, TOTEM_EXT_HTTP_CLIENT, ask, [&](FakeHost& host, auto& taken) {
                host.http.take(taken, *out, host.problems_);
            });
        }};
    static const totem_host_log log{
        sizeof log, 0, [](Host, std::int32_t) -> std::int32_t { return 1; },
        [](Host raw, std::int32_t level, totem_str event, const totem_header* fields,
           std::uint32_t count) {
            of(raw).log.write({level, text(event), pairsOf(fields, count)});
        }};
    static const totem_host_metrics metrics{
        sizeof metrics, 0,
        [](Host raw, std::int32_t kind, totem_str name, totem_str) {
            return of(raw).metrics.declare(kind, text(name));
        },
        [](totem_metric* metric, const totem_header* labels, std::uint32_t count, double value) {
            FakeMetrics::record(metric, {pairsOf(labels, count), value});
        }};
    static const totem_host_store store{
        sizeof store,
        0,
        [](Host raw, totem_str key, Ask ask) {
            serve(raw, TOTEM_EXT_STORE, ask, [&](FakeHost& host, auto& taken) {
                taken->answer(found(host.store.at(text(key))));
            });
        },
        [](Host raw, totem_str key, totem_str value, std::int64_t expires, Ask ask) {
            serve(raw, TOTEM_EXT_STORE, ask, [&](FakeHost& host, auto& taken) {
                host.store.put(text(key), text(value), expires);
                taken->answer({});
            });
        },
        [](Host raw, totem_str key, Ask ask) {
            serve(raw, TOTEM_EXT_STORE, ask, [&](FakeHost& host, auto& taken) {
                host.store.remove(text(key));
                taken->answer({});
            });
        },
        [](Host raw, totem_str prefix, totem_str after, std::uint32_t limit, Ask ask) {
            serve(raw, TOTEM_EXT_STORE, ask, [&](FakeHost& host, auto& taken) {
                taken->answer(Reply::text(host.store.list(view(prefix), view(after), limit)));
            });
        }};
    static const totem_host_timer timer{
        sizeof timer, 0,
        [](Host raw, std::int64_t delay, void (*fire)(void*, std::int32_t), void* ctx) {
            return of(raw).timers.start(delay, fire, ctx);
        },
        [](Host raw, std::uint64_t id) { of(raw).timers.cancel(id); }};
    static const totem_host_worker worker{
        sizeof worker, 0,
        [](Host raw, totem_str name, std::int32_t affinity, totem_str request, Ask ask) {
            serve(raw, TOTEM_EXT_WORKER, ask, [&](FakeHost& host, auto& taken) {
                Asked what;
                what.name = text(name);
                what.content = text(request);
                what.affinity = affinity;
                host.workers.take(taken, std::move(what), host.problems_);
            });
        },
        nullptr};  // ask_file: an older host, as far as plugins can tell
    static const std::pair<const char*, const void*> tables[] = {
        {TOTEM_EXT_ACTION, &action}, {TOTEM_EXT_CACHE, &cache},     {TOTEM_EXT_CLOCK, &clock},
        {TOTEM_EXT_EVENT, &event},   {TOTEM_EXT_HEALTH, &health},   {TOTEM_EXT_HTTP_CLIENT, &http},
        {TOTEM_EXT_LOG, &log},       {TOTEM_EXT_METRICS, &metrics}, {TOTEM_EXT_STORE, &store},
        {TOTEM_EXT_TIMER, &timer},   {TOTEM_EXT_WORKER, &worker}};
    if (withheld_.count(id) != 0) return nullptr;
    for (const auto& [known, table] : tables) {
        if (id == known) return table;
    }
    return nullptr;
}

}  // namespace totem::testing
