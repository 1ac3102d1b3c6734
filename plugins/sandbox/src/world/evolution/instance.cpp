#include "world/evolution/instance.hpp"

#include <algorithm>

namespace totem_sandbox::evolution {

using nlohmann::json;

const std::vector<std::string>& allEvents() {
    static const std::vector<std::string> kEvents = {
        "APPLICATION_STARTUP", "QRCODE_UPDATED",
        "MESSAGES_SET",        "MESSAGES_UPSERT",
        "MESSAGES_EDITED",     "MESSAGES_UPDATE",
        "MESSAGES_DELETE",     "SEND_MESSAGE",
        "SEND_MESSAGE_UPDATE", "CONTACTS_SET",
        "CONTACTS_UPSERT",     "CONTACTS_UPDATE",
        "PRESENCE_UPDATE",     "CHATS_SET",
        "CHATS_UPSERT",        "CHATS_UPDATE",
        "CHATS_DELETE",        "GROUPS_UPSERT",
        "GROUP_UPDATE",        "GROUP_PARTICIPANTS_UPDATE",
        "CONNECTION_UPDATE",   "LABELS_EDIT",
        "LABELS_ASSOCIATION",  "CALL",
        "TYPEBOT_START",       "TYPEBOT_CHANGE_STATUS",
        "REMOVE_INSTANCE",     "LOGOUT_INSTANCE",
        "INSTANCE_CREATE",     "INSTANCE_DELETE",
        "STATUS_INSTANCE"};
    return kEvents;
}

std::string digitsOf(const std::string& jid) {
    return jid.substr(0, jid.find_first_of(":@"));
}

std::string jidOf(const std::string& number) {
    std::string text = number;
    if (const std::size_t device = text.find(':'); device != std::string::npos) {
        const std::size_t at = text.find('@', device);
        text.erase(device, at == std::string::npos ? std::string::npos : at - device);
    }
    for (const char* suffix : {"@g.us", "@s.whatsapp.net", "@lid", "@broadcast"})
        if (text.find(suffix) != std::string::npos) return text;
    const bool dashed = text.find('-') != std::string::npos && text.size() >= 24;
    const auto keep = [dashed](char c) { return (c >= '0' && c <= '9') || (dashed && c == '-'); };
    std::string digits;
    std::copy_if(text.begin(), text.end(), std::back_inserter(digits), keep);
    if (dashed || digits.size() >= 18) return digits + "@g.us";
    const auto country = [&](const char* code) { return digits.rfind(code, 0) == 0; };
    if ((country("52") || country("54")) && digits.size() == 13) digits.erase(2, 1);
    // Brazil: 55, area code, nine digits; the ninth goes where the area is 31 or above.
    if (country("55") && digits.size() == 13 && std::stoi(digits.substr(2, 2)) >= 31 &&
        digits[5] >= '7')
        digits.erase(4, 1);
    return digits + "@s.whatsapp.net";
}

std::string textOf(const json& message) {
    if (!message.is_object()) return {};
    const auto text = [](const json& from, const char* name) {
        return from.is_object() && from.contains(name) && from[name].is_string()
                   ? from[name].get<std::string>()
                   : std::string();
    };
    if (auto plain = text(message, "conversation"); !plain.empty()) return plain;
    if (message.contains("extendedTextMessage"))
        return text(message["extendedTextMessage"], "text");
    for (const char* kind : {"imageMessage", "videoMessage", "documentMessage"})
        if (message.contains(kind)) return text(message[kind], "caption");
    return text(message, "mediaUrl");
}

}  // namespace totem_sandbox::evolution
