#include "world/evolution/service.hpp"

#include "world/base/clock.hpp"
#include "world/base/journeys.hpp"
#include "world/base/phones.hpp"
#include "world/base/random.hpp"
#include "world/base/stop_signal.hpp"

namespace totem_sandbox::evolution {
namespace {
using nlohmann::json;
}

Reply refusal(int status, const json& message) {
    static const std::map<int, const char*> kNames = {{400, "Bad Request"},
                                                      {401, "Unauthorized"},
                                                      {403, "Forbidden"},
                                                      {404, "Not Found"},
                                                      {500, "Internal Server Error"}};
    return Reply::json(
        status,
        {{"status", status}, {"error", kNames.at(status)}, {"response", {{"message", message}}}});
}

EvolutionService::EvolutionService(const Context& context, Phones& phones, StopSignal& stop)
    : context_(context), phones_(phones), stop_(stop), webhooks_(context) {
    seed();
}

void EvolutionService::shutDown() {
    for (TaskPool& lane : lanes_) lane.stop();
    receipts_.stop();
    webhooks_.stop();
}

TaskPool& EvolutionService::laneOf(const std::string& jid) {
    return lanes_[std::hash<std::string>()(jid) % lanes_.size()];
}

bool EvolutionService::globalKey(const Request& request) const {
    return request.header("apikey") == context_.settings.apiKey;
}

EvolutionService::Shared EvolutionService::need(const std::string& name) {
    std::lock_guard lock(mutex_);
    const auto found = instances_.find(name);
    if (found == instances_.end())
        throw Refused{refusal(404, {"The \"" + name + "\" instance does not exist"})};
    return found->second;
}

/// The instance of a route: first whether it exists, then whether the key opens it. A query
/// parameter replaces the name only afterwards, which is how one key reaches other instances.
EvolutionService::Shared EvolutionService::authorised(const Request& request,
                                                      const std::string& name) {
    const Shared instance = need(name);
    if (!globalKey(request) && request.header("apikey") != instance->token)
        throw Refused{refusal(401, "Unauthorized")};
    return request.hasParam("instanceName") ? need(request.param("instanceName")) : instance;
}

Reply EvolutionService::handle(const Request& request) {
    try {
        return route(request);
    } catch (const Refused& refused) {
        return refused.reply;
    } catch (const json::exception& e) {
        return refusal(500, e.what());
    }
}

Reply EvolutionService::route(const Request& request) {
    const auto& p = request.parts;
    const std::string& verb = request.method;
    if (p.empty())
        return Reply::json(200, {{"status", 200},
                                 {"message", "Welcome to the Evolution API, it is working!"},
                                 {"version", "2.3.7"},
                                 {"clientName", "evolution_sandbox"},
                                 {"whatsappWebVersion", "2.3000.1028450369"}});
    if (verb == "POST" && pathIs(p, 0, "webhook/evolution")) return inbound(request);
    if (verb == "POST" && pathIs(p, 0, "chatwoot/webhook/*")) return fromChatwoot(p[2], request);
    if (verb == "POST" && pathIs(p, 0, "instance/create")) return create(request);
    if (verb == "GET" && pathIs(p, 0, "instance/fetchInstances")) return fetch(request);
    if (p.size() == 3) {
        const std::string call = p[0] + "/" + p[1];
        const bool get = verb == "GET", post = verb == "POST", del = verb == "DELETE";
        const json body = parseBody(request.body);
        if (get && call == "instance/connectionState") {
            const Shared i = authorised(request, p[2]);
            std::lock_guard lock(mutex_);
            return Reply::json(200,
                               {{"instance", {{"instanceName", i->name}, {"state", i->state}}}});
        }
        if (get && call == "instance/connect") return connect(*authorised(request, p[2]), request);
        if (post && call == "instance/restart") return restart(*authorised(request, p[2]));
        if (del && call == "instance/logout") return logOut(*authorised(request, p[2]));
        if (del && call == "instance/delete") return remove(*authorised(request, p[2]));
        if (post && call == "webhook/set") return setWebhook(*authorised(request, p[2]), body);
        if (get && call == "webhook/find") return findWebhook(*authorised(request, p[2]));
        if (post && call == "settings/set") return setSettings(*authorised(request, p[2]), body);
        if (get && call == "settings/find")
            return Reply::json(200, authorised(request, p[2])->settings);
        if (post && call == "chatwoot/set") return setBridge(authorised(request, p[2]), body);
        if (get && call == "chatwoot/find")
            return Reply::json(200, authorised(request, p[2])->bridgeRow);
        if (post && p[0] == "message") return send(authorised(request, p[2]), p[1], request);
        if (post && p[0] == "chat") return chat(*authorised(request, p[2]), p[1], request);
    }
    return refusal(404, {"Cannot " + verb + " " + request.path});
}

std::string EvolutionService::say(const std::string& digits, const std::string& name,
                                  const std::string& text) {
    const Shared instance = need(context_.settings.instance);
    const bool baileys = instance->baileys();
    const std::string id = baileys ? "3A" + upperHex(18) : "EVO-" + upperHex(12);
    const std::string trace = context_.journeys.begin(digits, text, id);
    phones_.sent(digits, name, text, id);
    context_.journeys.hop(trace, "phone", text);
    json key = {{"id", id}, {"remoteJid", digits + "@s.whatsapp.net"}, {"fromMe", false}};
    if (baileys)
        key["addressingMode"] = "pn";
    else
        key["profilePicUrl"] = nullptr;
    receive(instance, key, name, {{"conversation", text}}, "conversation");
    return id;
}

void EvolutionService::connection(const std::string& state, int reason) {
    const Shared instance = need(context_.settings.instance);
    std::lock_guard lock(mutex_);
    changeState(*instance, state, reason);
}

void EvolutionService::bridge(const BridgeSettings& settings) {
    const Shared instance = need(context_.settings.instance);
    auto made = std::make_shared<Bridge>(settings, context_.caller, context_.journeys, stop_,
                                         context_.timeScale);
    std::lock_guard lock(mutex_);
    instance->bridge = std::move(made);
    instance->bridgeRow = {
        {"enabled", true},
        {"accountId", settings.accountId},
        {"token", settings.token},
        {"url", settings.url},
        {"nameInbox", settings.inboxName},
        {"signMsg", false},
        {"reopenConversation", true},
        {"conversationPending", false},
        {"webhook_url", webhooks_.serverUrl() + "/chatwoot/webhook/" + instance->name}};
}

void EvolutionService::reset() {
    std::lock_guard lock(mutex_);
    const auto found = instances_.find(context_.settings.instance);
    const Shared old = found == instances_.end() ? nullptr : found->second;
    instances_.clear();
    seed();
    if (!old || !old->bridge) return;
    old->bridge->reset();
    Instance& fresh = *instances_.at(context_.settings.instance);
    fresh.bridge = old->bridge;
    fresh.bridgeRow = old->bridgeRow;
}

}  // namespace totem_sandbox::evolution
