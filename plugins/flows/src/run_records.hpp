#pragma once

#include <string>

#include <totem/clock.hpp>
#include <totem/draft/task.hpp>
#include <totem/json.hpp>
#include <totem/store.hpp>

#include "flow_run.hpp"
#include "settings.hpp"

namespace totem::flows {

/// Ended runs, kept for people as the configuration says. Threads: any.
class RunRecords {
public:
    RunRecords(const totem_host* host, const Settings& settings)
        : store_(host), clock_(host), settings_(settings) {}

    /// Removes the checkpoint of an ended run and keeps its record, if wanted. Answers are not
    /// awaited.
    void keep(const FlowRun& run, const FlowEnd& end, bool hadCheckpoint) const;
    /// Removes what is kept of it for a next attempt.
    void forget(const FlowRun& run) const;
    /// {"runs": [{run, flow, ended, ok, error}]}, newest first; with `run` given, that one with
    /// nodes.
    Task<std::string> list(int limit, std::string run) const;

private:
    const Store store_;
    const Clock clock_;
    const Settings& settings_;
};

}  // namespace totem::flows
