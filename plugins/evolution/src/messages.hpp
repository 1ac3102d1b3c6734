#pragma once

#include <string>

#include <totem/clock.hpp>
#include <totem/draft/task.hpp>

#include "evolution_client.hpp"

namespace totem::evolution {

/// The actions: one text out, the state of an instance, messages that Evolution has stored.
class Messages {
public:
    Messages(const totem_host* host, const Settings& settings)
        : settings_(settings), http_(host), client_(host, settings), clock_(host) {}

    /// evolution.send_text: {"sent", "id", "number", "instance"}. Attachments are messages of their
    /// own on WhatsApp; the text is the caption of the first. Fails with kUnknown when it cannot be
    /// told whether the message went out, or all of it: Evolution has no key against repetition.
    Task<std::string> sendText(Call& call, std::string_view input) const;
    /// evolution.state: {"instance", "state"}.
    Task<std::string> state(Call& call, std::string_view input) const;
    /// evolution.find_messages: {"messages": [{id, from_me, kind, text, timestamp, status}],
    /// "total"}, newest first.
    Task<std::string> findMessages(Call& call, std::string_view input) const;

    const EvolutionClient& client() const { return client_; }

private:
    const Settings& settings_;
    const HttpClient http_;  // for attachments
    const EvolutionClient client_;
    const Clock clock_;
};

/// A number or address as Evolution takes it. Throws Failure (kInvalid): blanks, and lists that
/// reach more people than one chat.
std::string recipientOf(const std::string& number);

}  // namespace totem::evolution
