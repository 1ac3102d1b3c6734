#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include <totem/call.hpp>

#include "workflow.hpp"

namespace totem::flows {

constexpr std::int64_t kMs = 1'000'000;  ///< in nanoseconds

class WebhookAnswer;

/// One execution of a workflow as the daemon's side knows it. What ran lies in `records`, which is
/// at once the record for people and the checkpoint from which another worker continues.
struct FlowRun {
    std::string
        id;  ///< the same for each attempt at the same cause, so that effects keep their keys
    WorkflowPtr workflow;
    std::string node;   ///< trigger
    std::string items;  ///< its items, JSON array
    std::string mode = "production";
    std::string answer = "none";  ///< which items the end carries: none, first, all
    std::string subject;
    int depth = 0;                           ///< of sub-workflows
    std::shared_ptr<WebhookAnswer> webhook;  ///< null when nobody waits over HTTP
    Call* cause = nullptr;                   ///< gives trace and cancellation; outlives the run

    std::int64_t deadlineNs = 0;  ///< when it has taken too long; 0 until it begins
    /// So early before its cause's own deadline that it can still end visibly, and not only come
    /// again. Max when it would have more time then, or when nobody waits.
    std::int64_t causeEndNs = std::numeric_limits<std::int64_t>::max();
    std::int64_t endNs() const { return std::min(deadlineNs, causeEndNs); }

    std::string records;
    int trip = 0;
    std::int32_t worker = 0;
    std::int64_t waitUntilMs = 0;  ///< a wait that was begun in an earlier life
    int waitTrip = 0;
};

/// How a run ended.
struct FlowEnd {
    bool ok = false;
    std::string lastNode;
    std::string error;   ///< JSON object, empty when ok
    std::string output;  ///< items of the last node, JSON array, if asked for
};

}  // namespace totem::flows
