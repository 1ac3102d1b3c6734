#pragma once

#include <string>
#include <string_view>

#include <totem/json.hpp>

namespace totem::evolution {

/// WhatsApp addresses (JIDs): <digits>@s.whatsapp.net is a phone number, <id>@lid the same person
/// under a number that tells nothing, <id>@g.us a group.
enum class ChatKind { kPrivate, kGroup, kBroadcast, kNewsletter };

/// Without the device (`:7`) and in one spelling: bare digits, as the channel EVOLUTION gives them,
/// become a phone's address. Empty when it can be none.
std::string plainJid(std::string_view jid);
ChatKind chatKindOf(std::string_view jid);
bool isPhone(std::string_view jid);
bool isLid(std::string_view jid);
/// The digits before the @.
std::string digitsOf(std::string_view jid);

/// One person's (or group's) addresses; each may be empty.
struct Identity {
    std::string chat;        ///< the one to order and to answer by: the phone when it is known
    std::string phone, lid;  ///< whole JIDs
    bool pair() const { return !phone.empty() && !lid.empty(); }
};

/// The other side of a message. `key` is what Evolution calls so; which members hold which address
/// changed with nearly each version. In our own messages the alternates may be our own addresses,
/// so there only what is certainly not `ownJid` counts.
Identity chatOf(const Json& key, bool fromMe, const std::string& ownJid);
/// Who wrote in a group.
Identity authorOf(const Json& key);

}  // namespace totem::evolution
