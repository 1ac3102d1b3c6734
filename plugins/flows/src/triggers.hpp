#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <totem/json.hpp>

#include "workflow.hpp"

namespace totem::flows {

/// A Webhook node that serves a path.
struct WebhookTrigger {
    WorkflowPtr workflow;
    std::string node, path, method;
    int output = 0;  ///< which of the node's outputs, when it serves several methods
    std::shared_ptr<const Json> parameters;
    std::map<std::string, std::string> params;  ///< values of `:name` segments, filled by a match
};

/// A node that starts with an event of the journal.
struct EventTrigger {
    WorkflowPtr workflow;
    std::string node;
};

/// What starts which workflow. Rebuilt when workflows change; threads: any.
class Triggers {
public:
    /// Two active workflows on one path: the first by id serves it, the rest is reported.
    std::vector<std::string> rebuild(const std::vector<WorkflowPtr>& workflows);

    /// A request to /webhook/<path> (only active workflows) or /webhook-test/<path> (all).
    std::optional<WebhookTrigger> webhook(std::string_view method, std::string_view path,
                                          bool test) const;
    /// Active workflows with a Webhook node on a connector's path: they get what it accepted.
    std::vector<WebhookTrigger> connectorWebhooks(std::string_view path) const;
    std::vector<EventTrigger> event(const Json& event) const;

private:
    struct EventRule {
        EventTrigger trigger;
        std::vector<std::string> types;
        Json filters;
        bool onlyCustomers = true;
    };
    struct Path {
        std::vector<std::string> segments;  ///< ":name" takes any
        WebhookTrigger trigger;
        bool active = false;
    };

    void addWebhook(const WorkflowPtr& workflow, const Trigger& trigger,
                    std::vector<std::string>& problems);
    void addEventRule(const WorkflowPtr& workflow, const Trigger& trigger);

    mutable std::mutex mutex_;
    std::vector<Path> paths_;        // guarded by mutex_
    std::vector<EventRule> events_;  // guarded by mutex_
};

}  // namespace totem::flows
