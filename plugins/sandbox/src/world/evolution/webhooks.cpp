#include "world/evolution/webhooks.hpp"

#include "world/base/clock.hpp"
#include "world/base/event_log.hpp"
#include "world/base/faults.hpp"
#include "world/base/http_caller.hpp"
#include "world/base/http_types.hpp"
#include "world/base/journeys.hpp"
#include "world/base/random.hpp"
#include "world/base/signatures.hpp"

#include <algorithm>

namespace totem_sandbox::evolution {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr double kJitter = 0.2;
constexpr int kTimeoutMs = 30000;
constexpr int kTokenSeconds = 600;

bool retryable(int status) {
    static const int kFinal[] = {400, 401, 403, 404, 422};
    return std::find(std::begin(kFinal), std::end(kFinal), status) == std::end(kFinal);
}

/// "messages.upsert" -> "MESSAGES_UPSERT", the name it is subscribed with.
std::string subscriptionName(const std::string& event) {
    std::string name = event;
    for (char& c : name)
        c = c == '.' || c == '-' ? '_'
                                 : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return name;
}

std::string suffixOf(const std::string& event) {
    std::string suffix = event;
    for (char& c : suffix)
        if (c == '.' || c == '_') c = '-';
    return "/" + suffix;
}

}  // namespace

void Webhooks::emit(const Instance& instance, const std::string& event, const json& data,
                    const std::string& trace) {
    const WebhookRow& hook = instance.webhook;
    if (!instance.hasWebhook || !hook.enabled || hook.url.rfind("http", 0) != 0) return;
    const std::string name = subscriptionName(event);
    if (std::find(hook.events.begin(), hook.events.end(), name) == hook.events.end()) return;

    json envelope = {{"event", event},
                     {"instance", instance.name},
                     {"data", data},
                     {"destination", hook.url},
                     {"date_time", isoTime(unixMs())},
                     {"server_url", serverUrl_},
                     {"apikey", context_.settings.exposeToken ? json(instance.token) : json()}};
    if (instance.baileys()) envelope["sender"] = instance.ownJid();

    Post post;
    post.url = hook.url + (hook.byEvents ? suffixOf(event) : "");
    post.body = dump(envelope);
    post.event = event;
    post.trace = trace;
    post.headers = {{"accept", "application/json, text/plain, */*"},
                    {"user-agent", "axios/1.13.2"}};
    if (hook.headers.is_object())
        for (const auto& [key, value] : hook.headers.items()) {
            const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
            if (key != "jwt_key") {
                post.headers.emplace_back(key, text);
                continue;
            }
            const std::int64_t now = unixMs() / 1000;
            const json claims = {{"iat", now},
                                 {"exp", now + kTokenSeconds},
                                 {"app", "evolution"},
                                 {"action", "webhook"}};
            post.headers.emplace_back("Authorization", "Bearer " + signJwt(text, claims.dump()));
        }
    const Fault fault = context_.faults.takeWebhook("evolution");
    for (int i = 0; i < fault.repeatWebhooks; ++i) pool_.post([this, post] { deliver(post); });
    const bool held = fault.outOfOrder && parity_++ % 2 == 0;
    pool_.postAfter(held ? 150ms : 0ms, [this, post = std::move(post)] { deliver(post); });
}

double Webhooks::pauseAfter(int attempt) const {
    const EvolutionSettings& s = context_.settings;
    double pause = s.retryInitialSeconds;
    for (int i = 1; i < attempt && pause < s.retryMaxSeconds; ++i) pause *= 2;
    pause = std::min(pause, s.retryMaxSeconds) * (1.0 + kJitter * (2 * chance() - 1));
    return std::max(pause, s.retryInitialSeconds);
}

void Webhooks::deliver(Post post) {
    Call call;
    call.url = post.url;
    call.headers = post.headers;
    call.body = post.body;
    call.timeout = std::chrono::milliseconds(kTimeoutMs);
    call.redirectAsGet = true;
    const bool customers = post.event == "messages.upsert";
    if (customers) context_.journeys.hop(post.trace, "webhook_sent", "evolution");
    LogEntry entry;
    entry.monoUs = monoUs();
    entry.unixMs = unixMs();
    const CallResult result = context_.caller.call(call);
    if (customers)
        context_.journeys.hop(post.trace, "webhook_answered",
                              result.status ? std::to_string(result.status) : result.error);
    entry.service = "evolution";
    entry.kind = "webhook";
    entry.method = "POST";
    entry.target = post.url;
    entry.status = result.status;
    entry.tookUs = monoUs() - entry.monoUs;
    entry.trace = post.trace;
    entry.detail = post.event + ", try " + std::to_string(post.attempt) +
                   (result.error.empty() ? "" : ": " + result.error);
    entry.body = post.body;
    context_.log.add(std::move(entry));
    if (result.ok() || !retryable(result.status) || post.attempt >= context_.settings.retryAttempts)
        return;
    const auto pause = std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::duration<double>(pauseAfter(post.attempt) * context_.timeScale));
    ++post.attempt;
    pool_.postAfter(pause, [this, post = std::move(post)] { deliver(post); });
}

}  // namespace totem_sandbox::evolution
