#include "address.hpp"

#include <algorithm>
#include <initializer_list>

#include "reading.hpp"

namespace totem::evolution {
namespace {

constexpr std::size_t kMaxJid = 120;
constexpr std::string_view kPhone = "@s.whatsapp.net", kOldPhone = "@c.us", kLid = "@lid",
                           kGroup = "@g.us";
/// More digits than a phone number has are a group's.
constexpr std::size_t kGroupDigits = 18;

bool endsWith(std::string_view text, std::string_view end) {
    return text.size() > end.size() && text.substr(text.size() - end.size()) == end;
}

bool allDigits(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

void take(Identity& who, const std::string& jid) {
    if (isPhone(jid) && who.phone.empty()) who.phone = jid;
    if (isLid(jid) && who.lid.empty()) who.lid = jid;
}

std::string jidAt(const Json& key, const char* name) {
    return plainJid(textAt(key, name));
}

}  // namespace

std::string plainJid(std::string_view jid) {
    if (jid.empty() || jid.size() > kMaxJid) return {};
    for (const char c : jid) {
        if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f) return {};
    }
    const auto host = jid.find('@');
    if (host == std::string_view::npos) {
        if (!allDigits(jid)) return {};
        return std::string(jid) + std::string(jid.size() >= kGroupDigits ? kGroup : kPhone);
    }
    const std::string user(jid.substr(0, std::min(host, jid.find(':'))));
    if (user.empty()) return {};
    const std::string_view rest = jid.substr(host);
    return user + std::string(rest == kOldPhone ? kPhone : rest);
}

ChatKind chatKindOf(std::string_view jid) {
    if (endsWith(jid, kGroup)) return ChatKind::kGroup;
    if (endsWith(jid, "@broadcast")) return ChatKind::kBroadcast;
    if (endsWith(jid, "@newsletter")) return ChatKind::kNewsletter;
    return ChatKind::kPrivate;
}

bool isPhone(std::string_view jid) {
    return endsWith(jid, kPhone) && allDigits(jid.substr(0, jid.size() - kPhone.size()));
}

bool isLid(std::string_view jid) {
    return endsWith(jid, kLid);
}

std::string digitsOf(std::string_view jid) {
    return std::string(jid.substr(0, jid.find('@')));
}

Identity chatOf(const Json& key, bool fromMe, const std::string& ownJid) {
    Identity who;
    const std::string remote = jidAt(key, "remoteJid");
    who.chat = remote;
    if (remote.empty() || chatKindOf(remote) != ChatKind::kPrivate) return who;
    take(who, remote);
    for (const char* name : {"remoteJidAlt", "previousRemoteJid", "senderPn", "senderLid"}) {
        const std::string other = jidAt(key, name);
        const bool sender = name[0] == 's';
        if (fromMe && (sender || ownJid.empty() || other == ownJid)) continue;
        take(who, other);
    }
    if (!who.phone.empty()) who.chat = who.phone;
    return who;
}

Identity authorOf(const Json& key) {
    Identity who;
    who.chat = jidAt(key, "participant");
    for (const char* name : {"participant", "participantAlt", "participantPn", "participantLid"}) {
        take(who, jidAt(key, name));
    }
    if (!who.phone.empty()) who.chat = who.phone;
    return who;
}

}  // namespace totem::evolution
