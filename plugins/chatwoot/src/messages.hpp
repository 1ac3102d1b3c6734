#pragma once

#include <string>

#include <totem/clock.hpp>
#include <totem/draft/task.hpp>
#include <totem/json.hpp>

#include "chatwoot_client.hpp"

namespace totem::chatwoot {

/// Sends messages, and finds out afterwards whether one was created: Chatwoot deduplicates nothing,
/// so each message carries a marker of ours in `content_attributes` (kept from 4.9.0 on) and, on
/// API inboxes, in `source_id` (on any other channel a `source_id` would keep it from being sent).
class Messages {
public:
    Messages(const totem_host* host, const Settings& settings)
        : host_(host), settings_(settings), clock_(host), http_(host), client_(host, settings) {}

    /// The action chatwoot.send_message: {"sent", "id"} or {"sent": false, "reason"}.
    Task<std::string> send(Call& call, std::string_view input) const;
    /// Its reconcile: looks for the marker back to five minutes before the intent.
    Task<std::string> reconcile(Call& call, std::string_view question) const;

    /// The marker of an idempotency key.
    static std::string markerOf(std::string_view key);
    const ChatwootClient& client() const { return client_; }
    /// The account that an action's input names. Throws Failure (kInvalid).
    const Account& accountFor(const Json& input) const;

private:
    /// Looks for the marker: the answer of a reconcile.
    Task<Json> find(const Account& account, std::int64_t conversation, std::string marker,
                    std::int64_t sinceUnixS, Call& call) const;

    const totem_host* host_;
    const Settings& settings_;
    const Clock clock_;
    const HttpClient http_;  // for attachments
    const ChatwootClient client_;
};

}  // namespace totem::chatwoot
