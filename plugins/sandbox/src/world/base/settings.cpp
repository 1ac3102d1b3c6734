#include "world/base/settings.hpp"

#include <set>
#include <stdexcept>

namespace totem_sandbox {
namespace {

using nlohmann::json;

constexpr const char* kAnyPort = "127.0.0.1:0";

/// One section of the configuration: typed access, and unknown members are errors.
class Section {
public:
    Section(const json& parent, const std::string& name, std::set<std::string> members)
        : name_(name) {
        if (!parent.contains(name) || parent[name].is_null()) return;
        value_ = parent[name];
        if (!value_.is_object()) throw std::invalid_argument(name + ": expected an object");
        present_ = true;
        for (const auto& [key, v] : value_.items())
            if (!members.count(key)) throw std::invalid_argument(name + "." + key + ": unknown");
    }
    bool present() const { return present_; }
    const json& value() const { return value_; }

    template <class T>
    T get(const char* key, T fallback) const {
        if (!value_.contains(key)) return fallback;
        try {
            return value_[key].get<T>();
        } catch (const json::exception&) {
            throw std::invalid_argument(name_ + "." + key + ": has the wrong type");
        }
    }
    std::string text(const char* key, const char* fallback = "") const {
        return get<std::string>(key, fallback);
    }

private:
    std::string name_;
    json value_ = json::object();
    bool present_ = false;
};

void parseChatwoot(const json& config, ChatwootSettings& out) {
    const Section s(
        config, "chatwoot",
        {"address", "account_id", "user_token", "bot_token", "agent_bot", "webhooks", "inbox",
         "webhook_timeout_ms", "messages_per_minute", "keep_pending_on_bot_failure"});
    out.enabled = s.present();
    out.address = s.text("address", kAnyPort);
    out.accountId = s.get("account_id", 1);
    out.userToken = s.text("user_token", "sandbox-user-token");
    out.botToken = s.text("bot_token", "sandbox-bot-token");
    out.webhookTimeoutMs = s.get("webhook_timeout_ms", 5000);
    out.messagesPerMinute = s.get("messages_per_minute", 0);
    out.keepPendingOnBotFailure = s.get("keep_pending_on_bot_failure", false);
    const Section bot(s.value(), "agent_bot", {"outgoing_url", "secret"});
    out.botUrl = bot.text("outgoing_url");
    out.botSecret = bot.text("secret");
    for (const json& hook : s.get("webhooks", json::array())) {
        const Section h(json{{"webhooks", hook}}, "webhooks", {"url", "secret", "subscriptions"});
        out.webhooks.push_back(
            {h.text("url"), h.text("secret"), h.get("subscriptions", std::vector<std::string>{})});
    }
    const Section inbox(s.value(), "inbox",
                        {"kind", "name", "webhook_url", "secret", "lock_to_single_conversation"});
    if (inbox.text("kind", "api") != "api")
        throw std::invalid_argument("chatwoot.inbox.kind: only \"api\" is played here");
    out.inboxName = inbox.text("name", "WhatsApp");
    out.inboxWebhookUrl = inbox.text("webhook_url");
    out.inboxSecret = inbox.text("secret");
    out.lockToSingleConversation = inbox.get("lock_to_single_conversation", false);
}

void parseEvolution(const json& config, EvolutionSettings& out) {
    const Section s(config, "evolution",
                    {"address", "api_key", "instance", "instance_token", "number", "integration",
                     "webhook", "bridge", "not_on_whatsapp", "retry", "expose_token"});
    out.enabled = s.present();
    out.address = s.text("address", kAnyPort);
    out.apiKey = s.text("api_key", "sandbox-evolution-key");
    out.instance = s.text("instance", "totem");
    out.instanceToken = s.text("instance_token", "sandbox-instance-token");
    out.number = s.text("number", "51900000001");
    out.integration = s.text("integration", "EVOLUTION");
    out.bridge = s.get("bridge", false);
    out.exposeToken = s.get("expose_token", false);
    out.notOnWhatsApp = s.get("not_on_whatsapp", std::vector<std::string>{"51900000000"});
    const Section hook(s.value(), "webhook", {"url", "headers", "by_events", "base64", "events"});
    out.webhookUrl = hook.text("url");
    out.webhookHeaders = hook.get("headers", json::object());
    out.byEvents = hook.get("by_events", false);
    out.base64 = hook.get("base64", false);
    out.webhookEvents = hook.get("events", std::vector<std::string>{});
    const Section retry(s.value(), "retry",
                        {"max_attempts", "initial_delay_seconds", "max_delay_seconds"});
    out.retryAttempts = retry.get("max_attempts", 10);
    out.retryInitialSeconds = retry.get("initial_delay_seconds", 5.0);
    out.retryMaxSeconds = retry.get("max_delay_seconds", 300.0);
}

void parsePortals(const json& config, Settings& out) {
    const Section f(
        config, "fnb",
        {"address", "username", "password", "people", "latency_ms", "session", "ally_id"});
    out.fnb.enabled = f.present();
    out.fnb.address = f.text("address", kAnyPort);
    out.fnb.username = f.text("username", "sandbox");
    out.fnb.password = f.text("password", "sandbox-password");
    out.fnb.latencyMs = f.get("latency_ms", 0);
    out.fnb.allyId = f.get("ally_id", 4471);
    out.fnb.people = f.get("people", json::array({{{"dni", "08408122"},
                                                   {"name", "MARIA ELENA QUISPE ROJAS"},
                                                   {"credit_line", 5000.0},
                                                   {"has_line", true}},
                                                  {{"dni", "45678912"},
                                                   {"name", "JORGE LUIS PAREDES SOTO"},
                                                   {"credit_line", 0.0},
                                                   {"has_line", false}}}));
    const Section session(f.value(), "session", {"max_lookups", "ttl_s", "exp"});
    out.fnb.maxLookups = session.get("max_lookups", 80);
    out.fnb.sessionTtl = session.get("ttl_s", 3600);
    out.fnb.expiryInToken = session.get("exp", true);

    const Section g(config, "gaso",
                    {"address", "resource_key", "people", "visual_ids", "dataset_id", "report_id",
                     "model_id", "latency_ms"});
    out.gaso.enabled = g.present();
    out.gaso.address = g.text("address", kAnyPort);
    out.gaso.resourceKey = g.text("resource_key", "sandbox-resource-key");
    out.gaso.latencyMs = g.get("latency_ms", 0);
    out.gaso.visualIds = g.get("visual_ids", json::object());
    out.gaso.datasetId = g.text("dataset_id");
    out.gaso.reportId = g.text("report_id");
    out.gaso.modelId = g.get("model_id", 0);
    out.gaso.people = g.get("people", json::array({{{"dni", "10203040"},
                                                    {"name", "ROSA HUAMAN CCORI"},
                                                    {"estado", "APLICA"},
                                                    {"saldo", "S/ 1.234,56"},
                                                    {"cuenta", "7001234"},
                                                    {"direccion", "JR. LOS PINOS 123"},
                                                    {"distrito", "COMAS"}},
                                                   {{"dni", "40506070"},
                                                    {"name", "PEDRO SALAS VEGA"},
                                                    {"estado", "NO APLICA"},
                                                    {"saldo", "S/ 0.00"},
                                                    {"cuenta", "7005678"},
                                                    {"direccion", "AV. GRAU 456"},
                                                    {"distrito", "RIMAC"}}}));
}

}  // namespace

Settings Settings::parse(const json& config) {
    static const std::set<std::string> kSections = {"chatwoot", "evolution", "fnb",       "gaso",
                                                    "page",     "log",       "time_scale"};
    if (!config.is_object()) throw std::invalid_argument("sandbox: expected an object");
    for (const auto& [key, value] : config.items())
        if (!kSections.count(key)) throw std::invalid_argument(key + ": unknown section");
    Settings out;
    parseChatwoot(config, out.chatwoot);
    parseEvolution(config, out.evolution);
    parsePortals(config, out);
    const Section page(config, "page", {"address"});
    out.page = page.present();
    out.pageAddress = page.text("address", kAnyPort);
    const Section log(config, "log", {"entries", "body_bytes"});
    out.logEntries = log.get("entries", std::size_t{2000});
    out.logBodyBytes = log.get("body_bytes", std::size_t{2048});
    if (config.contains("time_scale")) {
        if (!config["time_scale"].is_number())
            throw std::invalid_argument("time_scale: expected a number");
        out.timeScale = config["time_scale"];
    }
    if (out.evolution.bridge && !out.chatwoot.enabled)
        throw std::invalid_argument("evolution.bridge: needs the section chatwoot");
    return out;
}

}  // namespace totem_sandbox
