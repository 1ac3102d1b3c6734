#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace totem_sandbox {

struct WebhookSettings {
    std::string url, secret;
    std::vector<std::string> subscriptions;  ///< empty: Chatwoot's default list
};

struct ChatwootSettings {
    bool enabled = false;
    std::string address, userToken, botToken, botUrl, botSecret;
    int accountId = 1;
    std::vector<WebhookSettings> webhooks;
    std::string inboxName, inboxWebhookUrl, inboxSecret;
    bool lockToSingleConversation = false;
    int webhookTimeoutMs = 5000;
    int messagesPerMinute = 0;  ///< 0: no limit
    bool keepPendingOnBotFailure = false;
};

struct EvolutionSettings {
    bool enabled = false;
    std::string address, apiKey, instance, instanceToken, number, integration;
    std::string webhookUrl;
    nlohmann::json webhookHeaders = nlohmann::json::object();
    std::vector<std::string> webhookEvents;
    bool byEvents = false, base64 = false, bridge = false, exposeToken = false;
    std::vector<std::string> notOnWhatsApp;
    int retryAttempts = 10;
    double retryInitialSeconds = 5, retryMaxSeconds = 300;
};

struct FnbSettings {
    bool enabled = false;
    std::string address, username, password;
    nlohmann::json people;
    int latencyMs = 0, maxLookups = 80, sessionTtl = 3600, allyId = 4471;
    bool expiryInToken = true;
};

struct GasoSettings {
    bool enabled = false;
    std::string address, resourceKey;
    nlohmann::json people;
    nlohmann::json visualIds = nlohmann::json::object();
    std::string datasetId, reportId;
    int modelId = 0;  ///< 0 and "": any is taken
    int latencyMs = 0;
};

struct Settings {
    ChatwootSettings chatwoot;
    EvolutionSettings evolution;
    FnbSettings fnb;
    GasoSettings gaso;
    bool page = false;
    std::string pageAddress;
    double timeScale = 1.0;  ///< factor on back-offs and on the bridge's pauses
    std::size_t logEntries = 2000, logBodyBytes = 2048;

    /// Throws std::invalid_argument that names the setting.
    static Settings parse(const nlohmann::json& config);
};

}  // namespace totem_sandbox
