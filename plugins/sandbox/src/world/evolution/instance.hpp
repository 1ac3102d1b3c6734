#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace totem_sandbox::evolution {

class Bridge;

struct WebhookRow {
    std::string id, url;
    nlohmann::json headers = nullptr;
    bool enabled = false, byEvents = false, base64 = false;
    std::vector<std::string> events;
    std::int64_t created = 0, updated = 0;
};

/// One WhatsApp number of the played server. Guarded by the service's mutex.
struct Instance {
    std::string id, name, token, integration, number, state = "close";
    bool hasWebhook = false;
    WebhookRow webhook;
    nlohmann::json settings;
    std::deque<nlohmann::json> messages;  ///< rows as findMessages answers them, newest last
    std::map<std::string, std::string> contacts;  ///< JID to name
    std::shared_ptr<Bridge> bridge;
    nlohmann::json bridgeRow = nullptr;
    std::int64_t created = 0;

    bool baileys() const { return integration == "WHATSAPP-BAILEYS"; }
    std::string ownJid() const { return number + "@s.whatsapp.net"; }
};

/// Every name of an event that webhook/set accepts.
const std::vector<std::string>& allEvents();

/// What the server makes of the `number` of a send: see §"number to JID" of its documentation.
std::string jidOf(const std::string& number);

/// "51911122233@s.whatsapp.net" -> "51911122233"
std::string digitsOf(const std::string& jid);

/// The text that a person reads of a WhatsApp content object, or "".
std::string textOf(const nlohmann::json& message);

}  // namespace totem_sandbox::evolution
