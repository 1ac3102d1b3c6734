#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "classify.hpp"

/// Webhooks as Evolution writes them, composed for these tests.
namespace payloads {

using Json = nlohmann::json;

inline Json post(const std::string& event, Json data) {
    return {{"event", event},
            {"instance", "ventas"},
            {"data", std::move(data)},
            {"destination", "http://totem/webhook/evolution"},
            {"date_time", "2026-03-01T10:00:00.000Z"},
            {"sender", "51900000009@s.whatsapp.net"},
            {"server_url", "http://evolution"},
            {"apikey", "canary-token"}};
}

inline Json item(Json message, const std::string& type, Json key = Json::object()) {
    Json whole{{"remoteJid", "51911111111@s.whatsapp.net"}, {"fromMe", false}, {"id", "AAAA0001"}};
    whole.update(key);
    return {{"key", std::move(whole)},  {"pushName", "Rosa"},
            {"status", "DELIVERY_ACK"}, {"message", std::move(message)},
            {"messageType", type},      {"messageTimestamp", 1772359200},
            {"instanceId", "0b1c"},     {"source", "android"}};
}

inline Json text(const std::string& words, Json key = Json::object()) {
    return item({{"conversation", words}}, "conversation", std::move(key));
}

inline std::vector<Json> events(const Json& body, const std::string& phone = {}) {
    return totem::evolution::eventsOf(
        totem::evolution::webhookOf(body, "/webhook/evolution", {}, {}), phone);
}

/// The one event of a post.
inline Json event(const std::string& name, Json data, const std::string& phone = {}) {
    return events(post(name, std::move(data)), phone).at(0);
}

inline Json upsert(Json data, const std::string& phone = {}) {
    return event("messages.upsert", std::move(data), phone);
}

}  // namespace payloads
