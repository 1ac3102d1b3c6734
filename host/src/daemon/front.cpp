#include "daemon/front.hpp"

#include <condition_variable>

#include "daemon/gate.hpp"
#include "loop/event_loop.hpp"
#include "observe/log.hpp"

namespace totemd {
namespace {

constexpr std::int64_t kLeaveMs = 120'000;

HttpLimits limitsOf(const ListenerLimits& from) {
    HttpLimits limits;
    limits.headerBytes = from.headerBytes;
    limits.bodyBytes = from.bodyBytes;
    limits.spoolThreshold = from.memoryBodyBytes;
    limits.maxConnections = from.connections;
    limits.headerMs = from.headerTimeout.count();
    limits.bodyMs = from.bodyTimeout.count();
    limits.keepAliveMs = from.idleTimeout.count();
    return limits;
}

std::string hostOf(const std::string& address) {
    return address.substr(0, address.rfind(':'));
}

}  // namespace

Front::Front(EventLoop& loop, Log& log, std::string spoolFolder, RoutesFor routesFor)
    : loop_(loop),
      log_(log),
      spoolFolder_(std::move(spoolFolder)),
      routesFor_(std::move(routesFor)) {}
Front::~Front() = default;

std::shared_ptr<Front::Listener> Front::open(const std::string& name, const ListenerConfig& config,
                                             std::shared_ptr<const RouteTable> table) {
    auto listener = std::make_shared<Listener>();
    listener->config = config;
    listener->table = std::move(table);
    listener->gate = std::make_shared<Gate>(config, name != "admin");
    ListenerOptions options;
    options.name = name;
    options.address = config.address;
    options.limits = limitsOf(config.limits);
    options.tempDirectory = spoolFolder_;
    // The server ends before its listener does, so the handlers may borrow it.
    Listener* raw = listener.get();
    options.bodyLimit = [raw, fallback = options.limits.bodyBytes](const HttpRequest& head) {
        const auto table = std::atomic_load(&raw->table);
        const Route* route = table->find(head.method, head.path).route;
        return route != nullptr && route->bodyBytes != 0 ? route->bodyBytes : fallback;
    };
    options.warn = [log = log_.part("http"), name](const std::string& message) {
        log.warn("http.listener", {{"listener", name}, {"message", message}});
    };
    listener->server = std::make_unique<HttpServer>(
        loop_, std::move(options), [raw](HttpRequest&& request, Responder responder) {
            if (auto refusal = std::atomic_load(&raw->gate)->admit(request, monotonicNow())) {
                responder.send(std::move(*refusal));
                return;
            }
            std::atomic_load(&raw->table)->serve(std::move(request), std::move(responder));
        });
    listener->server->start();
    log_.part("http").info(
        "http.listening",
        {{"listener", name},
         {"address", hostOf(config.address) + ":" + std::to_string(listener->server->port())}});
    return listener;
}

void Front::apply(const std::map<std::string, ListenerConfig>& wanted) {
    std::map<std::string, std::shared_ptr<Listener>> before, after;
    {
        std::lock_guard lock(mutex_);
        before = listeners_;
    }
    std::map<std::string, std::shared_ptr<const RouteTable>> tables;
    std::map<std::string, std::shared_ptr<Gate>> gates;
    for (const auto& [name, config] : wanted) {
        tables[name] = std::make_shared<const RouteTable>(routesFor_(name, config));
        gates[name] = std::make_shared<Gate>(config, name != "admin");
    }
    for (const auto& [name, config] : wanted) {
        auto found = before.find(name);
        const bool same = found != before.end() && found->second->config.address == config.address;
        after[name] = same ? found->second : open(name, config, tables[name]);
    }
    for (const auto& [name, listener] : after) {
        std::atomic_store(&listener->table, tables[name]);
        if (listener->config != wanted.at(name)) std::atomic_store(&listener->gate, gates[name]);
        listener->server->setLimits(limitsOf(wanted.at(name).limits));
    }
    std::unique_lock lock(mutex_);
    for (const auto& [name, listener] : after) listener->config = wanted.at(name);
    listeners_ = after;
    lock.unlock();
    std::erase_if(leaving_, [](const Leaving& leaving) { return leaving.empty->load(); });
    for (auto& [name, listener] : before) {
        auto kept = after.find(name);
        if (kept == after.end() || kept->second != listener) leave(std::move(listener));
    }
}

void Front::leave(std::shared_ptr<Listener> listener) {
    auto empty = std::make_shared<std::atomic<bool>>(false);
    listener->server->drain(kLeaveMs, [empty](std::size_t) { *empty = true; });
    leaving_.push_back({std::move(listener), std::move(empty)});
}

void Front::drain(std::chrono::milliseconds timeout) {
    std::mutex mutex;
    std::condition_variable changed;
    std::size_t open = 0;
    {
        std::lock_guard lock(mutex_);
        open = listeners_.size();
        for (const auto& [name, listener] : listeners_) {
            listener->server->drain(timeout.count(), [&](std::size_t) {
                std::lock_guard lock(mutex);
                --open;
                changed.notify_one();
            });
        }
    }
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return open == 0; });
}

std::string Front::boundAddress(const std::string& name) const {
    std::lock_guard lock(mutex_);
    auto found = listeners_.find(name);
    if (found == listeners_.end()) return {};
    return hostOf(found->second->config.address) + ":" +
           std::to_string(found->second->server->port());
}

std::map<std::string, std::string> Front::boundAddresses() const {
    std::map<std::string, std::string> addresses;
    std::lock_guard lock(mutex_);
    for (const auto& [name, listener] : listeners_) {
        addresses[name] =
            hostOf(listener->config.address) + ":" + std::to_string(listener->server->port());
    }
    return addresses;
}

std::map<std::string, HttpStats> Front::stats() const {
    std::map<std::string, HttpStats> stats;
    std::lock_guard lock(mutex_);
    for (const auto& [name, listener] : listeners_) stats[name] = listener->server->stats();
    return stats;
}

}  // namespace totemd
