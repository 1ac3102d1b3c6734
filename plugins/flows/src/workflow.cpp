#include "workflow.hpp"

#include <Poco/SHA1Engine.h>

#include <totem/json.hpp>

namespace totem::flows {
namespace {

std::string textOf(const Json& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string problemLine(const Json& problem) {
    std::string line = problem.value("fatal", false) ? "error: " : "note: ";
    line +=
        textOf(problem.value("node", Json(""))) + " (" + textOf(problem.value("type", Json("")));
    if (problem.contains("version")) line += " " + textOf(problem.at("version"));
    line += ")";
    if (problem.contains("parameter")) line += ", " + textOf(problem.at("parameter"));
    return line + ": " + textOf(problem.value("missing", Json("")));
}

}  // namespace

Workflow parseWorkflow(std::string text) {
    const Json json = parseJson(text);
    if (!json.is_object() || !json.contains("nodes") || !json.at("nodes").is_array()) {
        throw Failure(Status::kInvalid,
                      "not a workflow: expected an object with \"nodes\" and \"connections\"");
    }
    Workflow workflow;
    Poco::SHA1Engine sha;
    sha.update(text);
    workflow.hash = Poco::DigestEngine::digestToHex(sha.digest());
    if (json.contains("name") && json.at("name").is_string())
        workflow.name = json.at("name").get<std::string>();
    if (json.contains("id") && (json.at("id").is_string() || json.at("id").is_number()))
        workflow.id = textOf(json.at("id"));
    if (workflow.id.empty()) workflow.id = workflow.hash.substr(0, 16);
    if (workflow.name.empty()) workflow.name = workflow.id;
    workflow.active = json.value("active", Json(false)) == Json(true);
    const Json settings = json.value("settings", Json::object());
    if (settings.is_object()) {
        workflow.durable = settings.value("durable", Json(true)) != Json(false);
        const Json status = settings.value("errorStatus", Json(200));
        if (status.is_number_integer()) workflow.errorStatus = status.get<int>();
        if (settings.contains("errorWorkflow"))
            workflow.errorWorkflow = textOf(settings.at("errorWorkflow"));
    }
    workflow.usesStaticData = text.find("getWorkflowStaticData") != std::string::npos;
    workflow.text = std::move(text);
    return workflow;
}

void applyReport(Workflow& workflow, std::string_view loadedHeader) {
    const Json report = parseJson(loadedHeader);
    workflow.runnable = report.value("runnable", false);
    for (const Json& problem : report.value("problems", Json::array()))
        workflow.problems.push_back(problemLine(problem));
    for (const Json& error : report.value("errors", Json::array()))
        workflow.problems.push_back("error: " + textOf(error));
    for (const Json& entry : report.value("triggers", Json::array())) {
        Trigger trigger;
        trigger.node = textOf(entry.value("node", Json("")));
        trigger.type = textOf(entry.value("type", Json("")));
        const Json version = entry.value("version", Json(1));
        if (version.is_number()) trigger.version = version.get<double>();
        const Json webhookId = entry.value("webhookId", Json());
        if (webhookId.is_string()) trigger.webhookId = webhookId.get<std::string>();
        trigger.parameters =
            std::make_shared<const Json>(entry.value("parameters", Json::object()));
        workflow.triggers.push_back(std::move(trigger));
    }
}

}  // namespace totem::flows
