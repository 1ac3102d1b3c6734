#include "world/base/clock.hpp"
#include "world/base/random.hpp"
#include "world/base/stop_signal.hpp"
#include "world/evolution/service.hpp"

#include <algorithm>

namespace totem_sandbox::evolution {
namespace {

using nlohmann::json;

/// The shortest PNG: nobody scans it.
constexpr const char* kQrPicture =
    "data:image/png;base64,"
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg==";

json defaultSettings() {
    return {{"rejectCall", false},      {"msgCall", ""},         {"groupsIgnore", false},
            {"alwaysOnline", false},    {"readMessages", false}, {"readStatus", false},
            {"syncFullHistory", false}, {"wavoipToken", ""}};
}

json webhookJson(const Instance& instance) {
    const WebhookRow& hook = instance.webhook;
    return {{"id", hook.id},
            {"url", hook.url},
            {"headers", hook.headers},
            {"enabled", hook.enabled},
            {"events", hook.events},
            {"webhookByEvents", hook.byEvents},
            {"webhookBase64", hook.base64},
            {"createdAt", isoTime(hook.created)},
            {"updatedAt", isoTime(hook.updated)},
            {"instanceId", instance.id}};
}

json qrCode() {
    return {
        {"pairingCode", nullptr}, {"code", "2@" + token(60)}, {"base64", kQrPicture}, {"count", 1}};
}

std::string textMember(const json& body, const char* name) {
    return body.contains(name) && body[name].is_string() ? body[name].get<std::string>() : "";
}

}  // namespace

void EvolutionService::seed() {
    const EvolutionSettings& s = context_.settings;
    auto instance = std::make_shared<Instance>();
    instance->id = uuid();
    instance->name = s.instance;
    instance->token = s.instanceToken;
    instance->integration = s.integration;
    instance->number = s.number;
    instance->state = "open";
    instance->settings = defaultSettings();
    instance->created = unixMs();
    if (!s.webhookUrl.empty()) {
        instance->hasWebhook = true;
        WebhookRow& hook = instance->webhook;
        hook.id = "c" + lowerHex(24);
        hook.url = s.webhookUrl;
        hook.headers = s.webhookHeaders;
        hook.enabled = true;
        hook.byEvents = s.byEvents;
        hook.base64 = s.base64;
        hook.events = s.webhookEvents.empty() ? allEvents() : s.webhookEvents;
        hook.created = hook.updated = unixMs();
    }
    instances_[instance->name] = std::move(instance);
}

/// Without `events` the real code reads the length of nothing.
void EvolutionService::applyWebhook(Instance& instance, const json& hook, bool creating) {
    if (!hook.contains("events") || !hook["events"].is_array())
        throw Refused{
            refusal(creating ? 400 : 500,
                    creating ? json({"Cannot read properties of undefined (reading 'length')"})
                             : json("Cannot read properties of undefined (reading 'length')"))};
    WebhookRow& row = instance.webhook;
    if (!instance.hasWebhook) {
        row.id = "c" + lowerHex(24);
        row.created = unixMs();
    }
    instance.hasWebhook = true;
    row.enabled = creating || hook.value("enabled", true);
    row.url = textMember(hook, "url");
    row.events = hook["events"].get<std::vector<std::string>>();
    if (row.events.empty()) row.events = allEvents();
    if (!row.enabled) row.events.clear();
    if (hook.contains("headers")) row.headers = hook["headers"];
    if (hook.contains("byEvents")) row.byEvents = hook["byEvents"] == true;
    if (hook.contains("base64")) row.base64 = hook["base64"] == true;
    row.updated = unixMs();
}

Reply EvolutionService::create(const Request& request) {
    if (!globalKey(request)) return refusal(401, "Unauthorized");
    const json body = parseBody(request.body);
    const std::string name = body.is_object() ? textMember(body, "instanceName") : "";
    if (name.empty()) return refusal(400, {{"instance requires property \"instanceName\""}});
    std::lock_guard lock(mutex_);
    if (instances_.count(name))
        return refusal(403, {"This name \"" + name + "\" is already in use."});
    const std::string integration = textMember(body, "integration");
    if (integration != "EVOLUTION" && integration != "WHATSAPP-BAILEYS")
        return refusal(400, {"Invalid integration"});
    auto instance = std::make_shared<Instance>();
    instance->id = uuid();
    instance->name = name;
    instance->integration = integration;
    instance->token = textMember(body, "token");
    if (instance->token.empty()) instance->token = upperHex(32);
    instance->number = textMember(body, "number");
    instance->state = instance->baileys() ? "close" : "open";
    instance->settings = defaultSettings();
    instance->created = unixMs();
    for (const auto& [key, value] : instance->settings.items())
        if (body.contains(key)) instance->settings[key] = body[key];
    if (body.contains("webhook")) applyWebhook(*instance, body["webhook"], true);
    instances_[name] = instance;
    webhooks_.emit(*instance, "instance.create",
                   {{"instanceName", name}, {"instanceId", instance->id}});
    json answer = {{"instance",
                    {{"instanceName", name},
                     {"instanceId", instance->id},
                     {"integration", integration},
                     {"webhookWaBusiness", nullptr},
                     {"accessTokenWaBusiness", ""},
                     {"status", instance->state}}},
                   {"hash", instance->token},
                   {"webhook", json::object()},
                   {"websocket", json::object()},
                   {"rabbitmq", json::object()},
                   {"nats", json::object()},
                   {"sqs", json::object()},
                   {"settings", instance->settings}};
    if (instance->hasWebhook)
        answer["webhook"] = {{"webhookUrl", instance->webhook.url},
                             {"webhookHeaders", instance->webhook.headers},
                             {"webhookByEvents", instance->webhook.byEvents},
                             {"webhookBase64", instance->webhook.base64}};
    if (body.value("qrcode", json()) == true && instance->baileys()) answer["qrcode"] = qrCode();
    return Reply::json(201, answer);
}

Reply EvolutionService::fetch(const Request& request) {
    std::lock_guard lock(mutex_);
    const bool global = globalKey(request);
    const std::string key = request.header("apikey");
    json list = json::array();
    bool known = global;
    for (const auto& [name, i] : instances_) {
        known = known || i->token == key;
        if (!global && i->token != key) continue;
        if (request.hasParam("instanceName") && request.param("instanceName") != name) continue;
        if (request.hasParam("instanceId") && request.param("instanceId") != i->id) continue;
        if (request.hasParam("number") && request.param("number") != i->number) continue;
        list.push_back({{"id", i->id},
                        {"name", name},
                        {"connectionStatus", i->state},
                        {"ownerJid", i->baileys() ? json(i->ownJid()) : json()},
                        {"profileName", i->baileys() ? json("Totem") : json()},
                        {"profilePicUrl", nullptr},
                        {"integration", i->integration},
                        {"number", i->number},
                        {"businessId", nullptr},
                        {"token", i->token},
                        {"clientName", "evolution_sandbox"},
                        {"disconnectionReasonCode", nullptr},
                        {"disconnectionObject", nullptr},
                        {"disconnectionAt", nullptr},
                        {"createdAt", isoTime(i->created)},
                        {"updatedAt", isoTime(i->created)},
                        {"Chatwoot", i->bridgeRow},
                        {"Proxy", nullptr},
                        {"Rabbitmq", nullptr},
                        {"Nats", nullptr},
                        {"Sqs", nullptr},
                        {"Websocket", nullptr},
                        {"Setting", i->settings},
                        {"_count",
                         {{"Message", i->messages.size()},
                          {"Contact", i->contacts.size()},
                          {"Chat", i->contacts.size()}}}});
    }
    if (!known) return refusal(401, "Unauthorized");
    if (list.empty() && request.hasParam("instanceName"))
        return refusal(404, {"Instance \"" + request.param("instanceName") + "\" not found"});
    return Reply::json(200, list);
}

void EvolutionService::changeState(Instance& instance, const std::string& state, int reason) {
    instance.state = state;
    json data = {{"instance", instance.name}, {"state", state}, {"statusReason", reason}};
    if (state == "open" || state == "refused") {
        data["wuid"] = instance.ownJid();
        data["profileName"] = "Totem";
        data["profilePictureUrl"] = nullptr;
    }
    if (state == "close") {
        webhooks_.emit(instance, "status.instance",
                       {{"instance", instance.name},
                        {"status", "closed"},
                        {"disconnectionAt", isoTime(unixMs())},
                        {"disconnectionReasonCode", reason},
                        {"disconnectionObject", "{}"}});
        webhooks_.emit(instance, "logout.instance", nullptr);
    }
    webhooks_.emit(instance, "connection.update", data);
}

Reply EvolutionService::connect(Instance& instance, const Request& request) {
    std::lock_guard lock(mutex_);
    if (instance.state == "open")
        return Reply::json(200,
                           {{"instance", {{"instanceName", instance.name}, {"state", "open"}}}});
    // Logged out, the EVOLUTION channel cannot come back before a restart of the server.
    if (!instance.baileys())
        return Reply::json(200, {{"error", true}, {"message", "[object Object]"}});
    changeState(instance, "connecting", 200);
    json code = qrCode();
    if (request.hasParam("number")) code["pairingCode"] = upperHex(8);
    webhooks_.emit(instance, "qrcode.updated",
                   {{"qrcode",
                     {{"instance", instance.name},
                      {"pairingCode", code["pairingCode"]},
                      {"code", code["code"]},
                      {"base64", code["base64"]}}}});
    return Reply::json(200, code);
}

Reply EvolutionService::restart(Instance& instance) {
    std::lock_guard lock(mutex_);
    if (instance.state == "close")
        return Reply::json(200, {{"error", true}, {"message", "[object Object]"}});
    changeState(instance, "connecting", 200);
    changeState(instance, "open", 200);
    return Reply::json(
        200, {{"instance", {{"instanceName", instance.name}, {"state", instance.state}}}});
}

Reply EvolutionService::logOut(Instance& instance) {
    std::lock_guard lock(mutex_);
    if (instance.state == "close")
        return refusal(400, {"The \"" + instance.name + "\" instance is not connected"});
    changeState(instance, "close", 401);
    return Reply::json(200, {{"status", "SUCCESS"},
                             {"error", false},
                             {"response", {{"message", "Instance logged out"}}}});
}

Reply EvolutionService::remove(Instance& instance) {
    std::lock_guard lock(mutex_);
    webhooks_.emit(instance, "remove.instance", nullptr);
    const std::string name = instance.name;
    instances_.erase(name);
    return Reply::json(
        200,
        {{"status", "SUCCESS"}, {"error", false}, {"response", {{"message", "Instance deleted"}}}});
}

Reply EvolutionService::setWebhook(Instance& instance, const json& body) {
    if (!body.is_object() || !body.contains("webhook") || !body["webhook"].is_object())
        return refusal(400, {{"instance requires property \"webhook\""}});
    const json& hook = body["webhook"];
    if (!hook.contains("enabled") || !hook["enabled"].is_boolean())
        return refusal(400, {{"webhook requires property \"enabled\""}});
    if (!hook.contains("url") || !hook["url"].is_string())
        return refusal(400, {{"webhook requires property \"url\""}});
    if (hook.contains("events") && hook["events"].is_array())
        for (const json& event : hook["events"])
            if (!event.is_string() ||
                std::find(allEvents().begin(), allEvents().end(), event) == allEvents().end())
                return refusal(400, {{"webhook.events is not one of enum values"}});
    std::lock_guard lock(mutex_);
    applyWebhook(instance, hook, false);
    return Reply::json(201, webhookJson(instance));
}

Reply EvolutionService::findWebhook(const Instance& instance) {
    std::lock_guard lock(mutex_);
    return Reply::json(200, instance.hasWebhook ? webhookJson(instance) : json());
}

Reply EvolutionService::setSettings(Instance& instance, const json& body) {
    json missing = json::array();
    for (const char* name : {"rejectCall", "groupsIgnore", "alwaysOnline", "readMessages",
                             "readStatus", "syncFullHistory"})
        if (!body.is_object() || !body.contains(name))
            missing.push_back(std::string("instance requires property \"") + name + "\"");
    if (!missing.empty()) return refusal(400, json::array({missing}));
    std::lock_guard lock(mutex_);
    instance.settings.update(body);
    return Reply::json(
        201, {{"settings", {{"instanceName", instance.name}, {"settings", instance.settings}}}});
}

Reply EvolutionService::setBridge(const Shared& instance, const json& body) {
    json missing = json::array();
    for (const char* name : {"enabled", "accountId", "token", "url", "signMsg",
                             "reopenConversation", "conversationPending"})
        if (!body.is_object() || !body.contains(name))
            missing.push_back(std::string("instance requires property \"") + name + "\"");
    if (!missing.empty()) return refusal(400, json::array({missing}));
    std::string inbox = textMember(body, "nameInbox");
    if (inbox.empty()) inbox = instance->name;
    std::shared_ptr<Bridge> made;
    if (body["enabled"] == true)
        made = std::make_shared<Bridge>(
            BridgeSettings{textMember(body, "url"), textMember(body, "accountId"),
                           textMember(body, "token"), inbox},
            context_.caller, context_.journeys, stop_, context_.timeScale);
    std::lock_guard lock(mutex_);
    instance->bridge = std::move(made);
    instance->bridgeRow = body;
    instance->bridgeRow["webhook_url"] =
        webhooks_.serverUrl() + "/chatwoot/webhook/" + instance->name;
    return Reply::json(201, instance->bridgeRow);
}

}  // namespace totem_sandbox::evolution
