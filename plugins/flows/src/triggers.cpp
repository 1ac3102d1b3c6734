#include "triggers.hpp"

#include <Poco/Exception.h>
#include <Poco/URI.h>

#include <algorithm>

namespace totem::flows {
namespace {

std::vector<std::string> segmentsOf(std::string_view path) {
    std::vector<std::string> segments;
    while (!path.empty()) {
        const auto slash = path.find('/');
        const std::string_view raw = path.substr(0, slash);
        std::string segment;
        try {
            Poco::URI::decode(std::string(raw), segment);
        } catch (const Poco::Exception&) {
            segment = raw;
        }
        if (!segment.empty()) segments.push_back(std::move(segment));
        if (slash == std::string_view::npos) break;
        path.remove_prefix(slash + 1);
    }
    return segments;
}

bool matches(const std::vector<std::string>& pattern, const std::vector<std::string>& path,
             std::map<std::string, std::string>& params) {
    if (pattern.size() != path.size()) return false;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i].size() > 1 && pattern[i][0] == ':')
            params[pattern[i].substr(1)] = path[i];
        else if (pattern[i] != path[i])
            return false;
    }
    return true;
}

bool isEventTrigger(const std::string& type) {
    return type == "totem.trigger" || type == "totemTrigger";
}

bool coversType(const std::vector<std::string>& patterns, const std::string& type) {
    return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
        if (pattern == "*" || pattern == type) return true;
        return pattern.size() > 1 && pattern.back() == '*' &&
               type.compare(0, pattern.size() - 1, pattern, 0, pattern.size() - 1) == 0;
    });
}

/// {"data.inbox.id": 5}: each path of the event must hold that value.
bool passes(const Json& filters, const Json& event) {
    if (!filters.is_object()) return true;
    for (const auto& [path, wanted] : filters.items()) {
        const Json* place = &event;
        std::string_view rest = path;
        while (place != nullptr && !rest.empty()) {
            const auto dot = rest.find('.');
            const std::string name(rest.substr(0, dot));
            place = place->is_object() && place->contains(name) ? &place->at(name) : nullptr;
            rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
        }
        if (place == nullptr || *place != wanted) return false;
    }
    return true;
}

}  // namespace

void Triggers::addWebhook(const WorkflowPtr& workflow, const Trigger& trigger,
                          std::vector<std::string>& problems) {
    const Json& parameters = *trigger.parameters;
    std::string path = parameters.value("path", "");
    if (path.empty()) path = trigger.webhookId;
    if (path.find(':') != std::string::npos && !trigger.webhookId.empty())
        path = trigger.webhookId + "/" + path;
    const Json methods = parameters.value("httpMethod", Json("GET"));
    const std::vector<std::string> list =
        methods.is_array() ? methods.get<std::vector<std::string>>()
                           : std::vector<std::string>{methods.get<std::string>()};
    for (std::size_t i = 0; i < list.size(); ++i) {
        Path entry;
        entry.segments = segmentsOf(path);
        entry.active = workflow->active;
        entry.trigger = {workflow,
                         trigger.node,
                         parameters.value("path", path),
                         list[i],
                         parameters.value("multipleMethods", false) ? static_cast<int>(i) : 0,
                         trigger.parameters,
                         {}};
        const bool taken = std::any_of(paths_.begin(), paths_.end(), [&](const Path& other) {
            return other.active && entry.active && other.segments == entry.segments &&
                   other.trigger.method == entry.trigger.method;
        });
        if (taken) {
            problems.push_back("flow \"" + workflow->name + "\": " + list[i] + " /webhook/" + path +
                               " is served by another active flow already");
        } else {
            paths_.push_back(std::move(entry));
        }
    }
}

void Triggers::addEventRule(const WorkflowPtr& workflow, const Trigger& trigger) {
    const Json& parameters = *trigger.parameters;
    EventRule rule;
    rule.trigger = {workflow, trigger.node};
    const Json types = parameters.value("types", Json::array({"message.received"}));
    rule.types = types.is_array() ? types.get<std::vector<std::string>>()
                                  : std::vector<std::string>{types.get<std::string>()};
    rule.filters = parameters.value("filters", Json::object());
    rule.onlyCustomers = parameters.value("onlyCustomers", true);
    events_.push_back(std::move(rule));
}

std::vector<std::string> Triggers::rebuild(const std::vector<WorkflowPtr>& workflows) {
    std::vector<std::string> problems;
    std::lock_guard<std::mutex> lock(mutex_);
    paths_.clear();
    events_.clear();
    for (const WorkflowPtr& workflow : workflows) {
        if (!workflow->runnable) continue;
        for (const Trigger& trigger : workflow->triggers) {
            if (trigger.type == "n8n-nodes-base.webhook") addWebhook(workflow, trigger, problems);
            if (isEventTrigger(trigger.type) && workflow->active) addEventRule(workflow, trigger);
        }
    }
    return problems;
}

std::optional<WebhookTrigger> Triggers::webhook(std::string_view method, std::string_view path,
                                                bool test) const {
    const auto segments = segmentsOf(path);
    std::lock_guard<std::mutex> lock(mutex_);
    for (const bool literal : {true, false}) {
        for (const Path& entry : paths_) {
            std::map<std::string, std::string> params;
            if ((!entry.active && !test) || entry.trigger.method != method ||
                !matches(entry.segments, segments, params))
                continue;
            if (literal != params.empty()) continue;
            WebhookTrigger found = entry.trigger;
            found.params = std::move(params);
            return found;
        }
    }
    return std::nullopt;
}

std::vector<WebhookTrigger> Triggers::connectorWebhooks(std::string_view path) const {
    const auto segments = segmentsOf(path);
    std::vector<WebhookTrigger> found;
    std::lock_guard<std::mutex> lock(mutex_);
    for (const Path& entry : paths_) {
        if (entry.active && entry.segments == segments && entry.trigger.method == "POST")
            found.push_back(entry.trigger);
    }
    return found;
}

std::vector<EventTrigger> Triggers::event(const Json& event) const {
    const std::string type = event.value("type", "");
    std::vector<EventTrigger> found;
    std::lock_guard<std::mutex> lock(mutex_);
    for (const EventRule& rule : events_) {
        if (!coversType(rule.types, type) || !passes(rule.filters, event)) continue;
        // message.received is a customer's message by definition; the rest only when asked for.
        if (rule.onlyCustomers && type.rfind("message.", 0) == 0 && type != "message.received")
            continue;
        found.push_back(rule.trigger);
    }
    return found;
}

}  // namespace totem::flows
