#pragma once

#include <string>

#include <totem/draft/task.hpp>
#include <totem/http_client.hpp>
#include <totem/log.hpp>

#include "account_gate.hpp"
#include "health_board.hpp"
#include "outcome.hpp"
#include "session_keeper.hpp"
#include "settings.hpp"

namespace fnb {

/// Look-ups at the FNB portal. Threads: any.
class Portal {
public:
    Portal(const totem_host* host, const Settings& settings, HealthBoard& health);

    /// Never throws for what the portal does; ends within `timeout_s` and a login's time.
    totem::Task<Outcome> lookUp(std::string dni);

    void start() { sessions_.start(); }
    void drain() { sessions_.drain(); }
    /// Those who wait for a place give up.
    void close() { gate_.close(); }

private:
    totem::Task<totem::Answer> ask(const Session& session, const std::string& dni,
                                   std::int64_t deadlineNs);
    Outcome judge(const totem::Answer& answer);
    Outcome throttled(const totem::Answer& answer);
    Outcome failed(const char* error, const char* forOperator);

    const Settings& settings_;
    HealthBoard& health_;
    const totem::HttpClient http_;
    const totem::Clock clock_;
    const totem::Log log_;
    SessionKeeper sessions_;
    AccountGate gate_;
    const std::string lookUpUrl_, referer_;
};

}  // namespace fnb
