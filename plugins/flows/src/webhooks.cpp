#include "webhooks.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/HTTPBasicCredentials.h>
#include <Poco/Net/NameValueCollection.h>
#include <Poco/String.h>
#include <Poco/URI.h>

#include <algorithm>
#include <sstream>
#include <totem/base64.hpp>
#include <totem/caller.hpp>

#include "json_text.hpp"
#include "multipart.hpp"

namespace totem::flows {
namespace {

/// Repeated names become arrays.
void addValue(Json& object, const std::string& name, std::string value) {
    auto found = object.find(name);
    if (found == object.end())
        object[name] = std::move(value);
    else if (found->is_array())
        found->push_back(std::move(value));
    else
        *found = Json::array({*found, std::move(value)});
}

Json pairsOf(std::string_view encoded) {
    Json object = Json::object();
    try {
        Poco::URI uri;
        uri.setRawQuery(std::string(encoded));
        for (const auto& [name, value] : uri.getQueryParameters()) addValue(object, name, value);
    } catch (const Poco::Exception&) {
        // A query that is not percent-encoded properly: the flow sees none of it.
    }
    return object;
}

/// Repeated fields are joined.
std::string headersText(const Request& request) {
    std::vector<std::pair<std::string, std::string>> headers;
    for (std::uint32_t i = 0; i < request.headerCount(); ++i) {
        const auto [name, value] = request.headerAt(i);
        std::string key = Poco::toLower(std::string(name));
        auto known = std::find_if(headers.begin(), headers.end(),
                                  [&](const auto& header) { return header.first == key; });
        if (known == headers.end())
            headers.emplace_back(std::move(key), value);
        else
            known->second.append(", ").append(value);
    }
    std::string text = "{";
    for (const auto& [name, value] : headers) {
        if (text.size() > 1) text += ',';
        appendJsonText(text, name);
        text += ':';
        appendJsonText(text, value);
    }
    return text + "}";
}

/// Checked, but not parsed: the text is what the flow gets. Throws Failure as parseJson does.
std::string checkedJson(std::string_view content) {
    if (content.substr(0, 3) == "\xEF\xBB\xBF") content.remove_prefix(3);
    if (nestsTooDeep(content) || !Json::accept(content)) static_cast<void>(parseJson(content));
    return std::string(content);
}

Response parseRefusal(const std::string& why) {
    const Json body{{"code", 422}, {"message", "Failed to parse request body"}, {"hint", why}};
    return Response::json(dumpJson(body), 422);
}

Json options(const Json& parameters) {
    const Json found = parameters.value("options", Json::object());
    return found.is_object() ? found : Json::object();
}

const Credential* credentialOf(const WebhookTrigger& trigger, const Settings& settings) {
    const Json workflow = Json::parse(trigger.workflow->text);
    for (const Json& node : workflow.at("nodes")) {
        if (node.value("name", "") != trigger.node || !node.contains("credentials")) continue;
        for (const auto& [type, reference] : node.at("credentials").items()) {
            for (const char* member : {"id", "name"}) {
                const Json key = reference.value(member, Json());
                auto found = key.is_string() ? settings.credentials.find(key.get<std::string>())
                                             : settings.credentials.end();
                if (found != settings.credentials.end()) return &found->second;
            }
        }
    }
    return nullptr;
}

bool authenticated(const Request& request, const Credential& credential) {
    switch (credential.kind) {
        case Credential::Kind::kHeader:
            return sameSecret(request.header(credential.name), credential.value);
        case Credential::Kind::kBearer:
            return sameSecret(request.header("Authorization"), "Bearer " + credential.value);
        case Credential::Kind::kBasic:
            return sameSecret(request.header("Authorization"),
                              "Basic " + encodeBase64(credential.user + ":" + credential.password));
        case Credential::Kind::kQuery:
            return false;
    }
    return false;
}

int codeOf(const Json& parameters) {
    const Json option = options(parameters).value("responseCode", Json());
    if (option.is_object() && option.contains("values")) {
        const Json values = option.at("values");
        const Json code = values.value("responseCode", Json(200));
        if (code.is_number_integer() && code.get<int>() != 0) return code.get<int>();
        const Json custom = values.value("customCode", Json(200));
        if (custom.is_number_integer()) return custom.get<int>();
    }
    if (option.is_number_integer()) return option.get<int>();
    const Json plain = parameters.value("responseCode", Json(200));
    return plain.is_number_integer() ? plain.get<int>() : 200;
}

Response withRun(Response response, const FlowRun& run) {
    response.header("X-Totem-Run", run.id);
    return response;
}

Response withOptions(Response response, const Json& parameters) {
    const Json headers = options(parameters).value("responseHeaders", Json::object());
    if (!headers.is_object()) return response;
    for (const Json& entry : headers.value("entries", Json::array())) {
        if (entry.value("name", "") != "")
            response.header(entry.value("name", ""), entry.value("value", ""));
    }
    return response;
}

}  // namespace

WebhookItem webhookItem(const Request& request, const WebhookTrigger& trigger, bool test) {
    WebhookItem result;
    std::string body = "{}";
    Json binary = Json::object();
    const std::string_view contentType = request.header("Content-Type");
    const std::string type =
        Poco::toLower(std::string(contentType.substr(0, contentType.find(';'))));
    const std::string content = request.content();
    if (content.empty()) {
        // `{}`, as n8n gives it
    } else if (type.find("json") != std::string::npos) {
        try {
            body = checkedJson(content);
        } catch (const Failure& failure) {
            result.refusal =
                parseRefusal(std::string("The body says that it is JSON: ") + failure.what());
            return result;
        }
    } else if (type == "application/x-www-form-urlencoded") {
        body = dumpJson(pairsOf(content));
    } else if (type == "multipart/form-data") {
        Json fields = Json::object();
        if (!readMultipart(request.header("Content-Type"), content, fields, binary)) {
            result.refusal =
                parseRefusal("The body says that it is multipart/form-data, but it is not.");
            return result;
        }
        body = dumpJson(fields);
    } else if (type.rfind("text/", 0) == 0 || type.find("xml") != std::string::npos) {
        body = jsonText(content);
    } else {
        binary["data"] = {{"data", encodeBase64(content)},
                          {"mimeType", type.empty() ? "application/octet-stream" : type}};
    }
    if (options(*trigger.parameters).value("rawBody", false)) {
        binary["data"] = {{"data", encodeBase64(content)},
                          {"mimeType", type.empty() ? "application/octet-stream" : type}};
    }
    const std::string url = "http://" + std::string(request.header("Host")) +
                            (test ? "/webhook-test/" : "/webhook/") + trigger.path;
    std::string& item = result.item;
    item = "{\"json\":{\"headers\":" + headersText(request);
    item += ",\"params\":" + dumpJson(trigger.params) +
            ",\"query\":" + dumpJson(pairsOf(request.query()));
    item += ",\"body\":" + body + ",\"webhookUrl\":" + jsonText(url);
    item += test ? ",\"executionMode\":\"test\"}" : ",\"executionMode\":\"production\"}";
    if (!binary.empty()) item += ",\"binary\":" + dumpJson(binary);
    item += '}';
    return result;
}

bool mayTest(const Request& request, const Settings& settings) {
    return request.loopback() || std::any_of(settings.testFrom.begin(), settings.testFrom.end(),
                                             [&](const std::string& network) {
                                                 return inNetwork(request.peer(), network);
                                             });
}

std::optional<Response> refuseWebhook(const Request& request, const WebhookTrigger& trigger,
                                      const Settings& settings) {
    const Json nodeOptions = options(*trigger.parameters);
    const std::string allowed = nodeOptions.value("ipWhitelist", "");
    if (!allowed.empty()) {
        bool found = false;
        std::istringstream list(allowed);
        for (std::string entry; std::getline(list, entry, ',');) {
            entry.erase(std::remove(entry.begin(), entry.end(), ' '), entry.end());
            found = found || entry == request.peer();
        }
        if (!found) return Response::problem(403, "this address may not call the webhook");
    }
    if (trigger.parameters->value("authentication", "none") == "none") return std::nullopt;
    const Credential* credential = credentialOf(trigger, settings);
    if (credential == nullptr)
        return Response::problem(
            500, "the webhook's credential has no entry in plugins.flows.config.credentials");
    if (authenticated(request, *credential)) return std::nullopt;
    Response refused = Response::problem(credential->kind == Credential::Kind::kBasic ? 401 : 403,
                                         "Authorization data is wrong!");
    if (credential->kind == Credential::Kind::kBasic)
        refused.header("WWW-Authenticate", "Basic realm=\"Webhook\"");
    return refused;
}

Response unknownWebhook(std::string_view method, std::string_view path) {
    const Json body{{"code", 404},
                    {"message", "The requested webhook \"" + std::string(method) + " " +
                                    std::string(path) + "\" is not registered."},
                    {"hint", "No active flow has a Webhook node with this path and method."}};
    return Response::json(dumpJson(body), 404);
}

Response preflightAnswer() {
    Response answer = Response::empty(204);
    answer.header("Access-Control-Allow-Origin", "*");
    answer.header("Access-Control-Allow-Methods", "OPTIONS, GET, POST, PUT, PATCH, DELETE");
    answer.header("Access-Control-Allow-Headers", "content-type");
    return answer;
}

Response immediateAnswer(const Json& parameters, double version) {
    const int code = codeOf(parameters);
    const Json nodeOptions = options(parameters);
    if (nodeOptions.value("noResponseBody", false))
        return withOptions(Response::empty(code), parameters);
    const Json data =
        version < 2 && parameters.contains("responseData") && !nodeOptions.contains("responseData")
            ? Json()
            : nodeOptions.value("responseData", Json());
    if (data.is_string() && !data.get<std::string>().empty())
        return withOptions(Response::html(data.get<std::string>(), code), parameters);
    return withOptions(Response::json(R"({"message":"Workflow was started"})", code), parameters);
}

namespace {

/// A member of a value by a path such as "a.b[0].c"; null when there is none.
const Json* valueAt(const Json& value, const std::string& path) {
    const Json* place = &value;
    std::string name;
    const auto step = [&] {
        if (name.empty()) return true;
        const Json* next = nullptr;
        if (place->is_object() && place->contains(name)) next = &place->at(name);
        if (place->is_array() && name.find_first_not_of("0123456789") == std::string::npos &&
            name.size() < 9) {
            const std::size_t index = std::stoul(name);
            if (index < place->size()) next = &place->at(index);
        }
        name.clear();
        if (next != nullptr) place = next;
        return next != nullptr;
    };
    for (const char c : path) {
        if (c != '.' && c != '[' && c != ']')
            name += c;
        else if (!step())
            return nullptr;
    }
    return step() ? place : nullptr;
}

Response failedAnswer(const std::string& message) {
    const Json body{{"code", 0}, {"message", message}};
    return Response::json(dumpJson(body), 500);
}

/// The first item's json, or the part that `responsePropertyName` names, as `responseContentType`
/// says.
Response jsonAnswer(const Json& item, const Json& parameters) {
    const int code = codeOf(parameters);
    const Json nodeOptions = options(parameters);
    const Json json = item.value("json", Json::object());
    const Json property = nodeOptions.value("responsePropertyName", Json());
    const Json* value = &json;
    if (property.is_string() && !property.get<std::string>().empty())
        value = valueAt(json, property.get<std::string>());
    const Json type = nodeOptions.value("responseContentType", Json());
    const bool typed = type.is_string() && !type.get<std::string>().empty();
    if (value == nullptr)
        return typed ? Response(code, {}, type.get<std::string>()) : Response::empty(code);
    if (!typed) return Response::json(dumpJson(*value), code);
    return Response(code, value->is_string() ? value->get<std::string>() : dumpJson(*value),
                    type.get<std::string>());
}

Response binaryAnswer(const Json& item, const Json& parameters) {
    if (!item.contains("binary")) return failedAnswer("No binary data was found to return");
    const Json given = parameters.value("responseBinaryPropertyName", Json("data"));
    const std::string name = given.is_string() ? given.get<std::string>() : std::string();
    if (name.empty()) return failedAnswer("No 'responseBinaryPropertyName' is set");
    if (!item.at("binary").contains(name)) {
        return failedAnswer("The binary property '" + name +
                            "' which should be returned does not exist");
    }
    const Json& file = item.at("binary").at(name);
    return Response(codeOf(parameters), decodeBase64(file.value("data", "")).value_or(""),
                    file.value("mimeType", "application/octet-stream"));
}

}  // namespace

std::string answerFor(const Json& parameters) {
    if (parameters.value("responseMode", "onReceived") != "lastNode") return "none";
    const std::string data = parameters.value("responseData", "firstEntryJson");
    if (data == "noData") return "none";
    return data == "allEntries" ? "all" : "first";
}

Response finalAnswer(const FlowRun& run, const FlowEnd& end, const Json& parameters) {
    if (parameters.value("responseMode", "onReceived") == "responseNode") {
        return withRun(Response::empty(end.ok ? 200 : run.workflow->errorStatus), run);
    }
    if (!end.ok) return withRun(Response::json(R"({"message":"Error in workflow"})", 500), run);
    const std::string data = parameters.value("responseData", "firstEntryJson");
    if (data == "noData") return withOptions(Response::empty(codeOf(parameters)), parameters);
    const Json items = end.output.empty() ? Json::array() : Json::parse(end.output, nullptr, false);
    if (data == "allEntries" && items.is_array()) {
        Json all = Json::array();
        for (const Json& item : items) all.push_back(item.value("json", Json::object()));
        return withOptions(Response::json(dumpJson(all), codeOf(parameters)), parameters);
    }
    if (!items.is_array() || items.empty()) return failedAnswer("No item to return was found");
    const Json& first = items.front();
    return withOptions(data == "firstEntryBinary" ? binaryAnswer(first, parameters)
                                                  : jsonAnswer(first, parameters),
                       parameters);
}

}  // namespace totem::flows
