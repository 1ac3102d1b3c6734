#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <totem/json.hpp>

#include "address.hpp"

namespace totem::evolution {

/// A webhook before it is classified: what happened, on which instance, and what travels along for
/// flows that have a Webhook node on our path.
struct Webhook {
    std::string event;     ///< "messages.upsert"; "unknown" when nothing says
    std::string instance;  ///< "unknown" when nothing says
    Json headers = Json::object(), query = Json::object();
    Json body;
};

/// `path` is the request's, and `eventType`, `instanceName` its headers X-Event-Type and
/// X-Instance-Name: they help out when the body does not say. Secrets are taken out of the body.
Webhook webhookOf(Json body, std::string_view path, std::string_view eventType,
                  std::string_view instanceName);

/// Phone and LID of one person, as far as the post tells both.
std::vector<Identity> pairsIn(const Webhook& webhook);

/// The LID of the chat when the post does not tell its phone; empty otherwise.
std::string unknownLid(const Webhook& webhook);

/// The journal's events (README.md has the table); never empty and never throws, whatever the body
/// is. `phone` is what is known of unknownLid(): a JID, or empty.
std::vector<Json> eventsOf(Webhook webhook, const std::string& phone);

}  // namespace totem::evolution
