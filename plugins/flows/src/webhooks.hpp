#pragma once

#include <optional>
#include <string>

#include <totem/http.hpp>
#include <totem/json.hpp>

#include "flow_run.hpp"
#include "settings.hpp"
#include "triggers.hpp"

namespace totem::flows {

/// What a request to a Webhook node becomes, and how the node's mode answers it.

/// The item that the node gives, as JSON text: headers, params, query, body, webhookUrl,
/// executionMode. A response instead when the body cannot be read as its type says.
struct WebhookItem {
    std::string item;
    std::optional<Response> refusal;
};
WebhookItem webhookItem(const Request& request, const WebhookTrigger& trigger, bool test);

/// Whether the caller may use /webhook-test/, which runs flows that are not active.
bool mayTest(const Request& request, const Settings& settings);

/// Checks the node's authentication and options (ipWhitelist, ignoreBots); a response when refused.
std::optional<Response> refuseWebhook(const Request& request, const WebhookTrigger& trigger,
                                      const Settings& settings);

/// The answer for a path that nobody serves, as n8n gives it.
Response unknownWebhook(std::string_view method, std::string_view path);
/// The answer to a browser's question before it posts (CORS).
Response preflightAnswer();
/// "onReceived": the answer before anything runs.
Response immediateAnswer(const Json& parameters, double version);
/// The answer at the end of a run, when none was given before. `end.output` holds what `answerFor`
/// asked.
Response finalAnswer(const FlowRun& run, const FlowEnd& end, const Json& parameters);
/// Which items the interpreter must hand back for the node's mode: none, first, all.
std::string answerFor(const Json& parameters);

}  // namespace totem::flows
