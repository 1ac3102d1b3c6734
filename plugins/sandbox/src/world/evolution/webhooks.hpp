#pragma once

#include "world/base/settings.hpp"
#include "world/base/task_pool.hpp"
#include "world/evolution/instance.hpp"

#include <atomic>
#include <string>

namespace totem_sandbox {
class EventLog;
class Faults;
class HttpCaller;
class Journeys;
}  // namespace totem_sandbox

namespace totem_sandbox::evolution {

struct Context {
    HttpCaller& caller;
    Faults& faults;
    EventLog& log;
    Journeys& journeys;
    const EvolutionSettings& settings;
    double timeScale;
};

/// Posts events to an instance's webhook: envelope, headers, JWT, back-off. Each event is its own
/// chain of attempts; nothing orders them. Calls never wait; threads of its own do.
class Webhooks {
public:
    explicit Webhooks(const Context& context) : context_(context) {}
    ~Webhooks() { pool_.stop(); }

    /// `event` as in the envelope, "messages.upsert". `trace` may be "".
    void emit(const Instance& instance, const std::string& event, const nlohmann::json& data,
              const std::string& trace = "");
    void setServerUrl(std::string url) { serverUrl_ = std::move(url); }
    const std::string& serverUrl() const { return serverUrl_; }
    void stop() { pool_.stop(); }

private:
    struct Post {
        std::string url, body, event, trace;
        std::vector<std::pair<std::string, std::string>> headers;
        int attempt = 1;
    };
    void deliver(Post post);
    double pauseAfter(int attempt) const;

    Context context_;
    std::string serverUrl_;
    std::atomic<unsigned> parity_{0};
    TaskPool pool_{64};
};

}  // namespace totem_sandbox::evolution
