#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <totem/json.hpp>

namespace totem::flows {

/// A trigger node of a workflow, with its parameters' defaults filled in by the interpreter.
struct Trigger {
    std::string node, type, webhookId;
    double version = 1;
    std::shared_ptr<const Json> parameters;
};

/// One version of a workflow; immutable once shared, used by its runs to their end.
struct Workflow {
    std::string id, name;
    std::string hash;  ///< of the text: names this version
    std::string text;  ///< the workflow's JSON
    std::string file;  ///< where it was read; empty: it came in a message or from the store
    std::uint64_t reading = 0;  ///< counts up: of two that one file held, the newer has the greater
    bool active = false;
    bool durable = true;  ///< settings.durable: runs are journalled
    int errorStatus =
        200;  ///< settings.errorStatus: the answer when a run ends before its Respond node
    std::string errorWorkflow;
    bool usesStaticData = false;  ///< $getWorkflowStaticData stands in it somewhere
    std::vector<Trigger> triggers;
    std::vector<std::string> problems;  ///< lines of the import report
    bool runnable = false;
};

using WorkflowPtr = std::shared_ptr<const Workflow>;

/// Reads id, name, active and settings. Throws Failure (kInvalid) when it is no workflow.
Workflow parseWorkflow(std::string text);

/// Takes over what the interpreter said about it (the header of a `loaded` answer).
void applyReport(Workflow& workflow, std::string_view loadedHeader);

}  // namespace totem::flows
