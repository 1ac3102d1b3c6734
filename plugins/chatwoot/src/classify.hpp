#pragma once

#include <string>

#include <totem/json.hpp>

namespace totem::chatwoot {

/// What a webhook says, as an event of the journal (README.md has the table). Nothing is dropped:
/// our own echoes, notes and activities are events too, marked as what they are.
/// `headers` and `query` travel along for flows that have a Webhook node on our path.
/// Throws Failure (kInvalid) when the body is no webhook of Chatwoot.
Json eventOf(const Json& body, std::string_view rawBody, const Json& headers,
             std::int64_t fallbackAccount);

/// "customer", "agent", "bot", "ai", "rule", "campaign", "app", "system" or "unknown".
std::string authorOf(const Json& message);

}  // namespace totem::chatwoot
