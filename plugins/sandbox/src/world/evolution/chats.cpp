#include "world/base/clock.hpp"
#include "world/base/stop_signal.hpp"
#include "world/evolution/service.hpp"

#include <algorithm>

namespace totem_sandbox::evolution {
namespace {

using nlohmann::json;

const json& member(const json& value, const char* name) {
    static const json kNull;
    return value.is_object() && value.contains(name) ? value[name] : kNull;
}

/// Does a stored row fit the filter? Each member that is given must be equal; `fromMe` counts
/// only when it is true.
bool fits(const json& row, const json& where, std::int64_t from, std::int64_t to) {
    const json& key = member(where, "key");
    for (const char* name : {"id", "remoteJid", "participant"})
        if (!member(key, name).is_null() && member(key, name) != member(row["key"], name))
            return false;
    if (member(key, "fromMe") == true && member(row["key"], "fromMe") != true) return false;
    for (const char* name : {"messageType", "source", "id"})
        if (!member(where, name).is_null() && member(where, name) != member(row, name))
            return false;
    const std::int64_t at = row["messageTimestamp"].get<std::int64_t>() * 1000;
    return from < 0 || (at >= from && at <= to);
}

std::int64_t timeOf(const json& value) {
    return value.is_string() ? parseIsoTime(value.get<std::string>()) : -1;
}

}  // namespace

Reply EvolutionService::findMessages(const Instance& instance, const json& body) {
    const json& where = member(body, "where");
    const json& time = member(where, "messageTimestamp");
    std::int64_t from = timeOf(member(time, "gte"));
    const std::int64_t to = timeOf(member(time, "lte"));
    if (from < 0 || to < 0) from = -1;  // one bound alone filters nothing
    const json& size = member(body, "offset");
    const json& number = member(body, "page");
    const std::size_t perPage =
        size.is_number_unsigned() && size > 0 ? size.get<std::size_t>() : 50;
    const std::size_t page =
        number.is_number_unsigned() && number > 0 ? number.get<std::size_t>() : 1;
    std::lock_guard lock(mutex_);
    std::vector<const json*> rows;
    for (auto it = instance.messages.rbegin(); it != instance.messages.rend(); ++it)
        if (fits(*it, where, from, to)) rows.push_back(&*it);
    std::stable_sort(rows.begin(), rows.end(), [](const json* a, const json* b) {
        return (*a)["messageTimestamp"] > (*b)["messageTimestamp"];
    });
    json records = json::array();
    for (std::size_t i = (page - 1) * perPage; i < rows.size() && records.size() < perPage; ++i)
        records.push_back(*rows[i]);
    return Reply::json(200, {{"messages",
                              {{"total", rows.size()},
                               {"pages", (rows.size() + perPage - 1) / perPage},
                               {"currentPage", page},
                               {"records", records}}}});
}

Reply EvolutionService::chat(Instance& instance, const std::string& kind, const Request& request) {
    const json body = parseBody(request.body);
    if (kind == "findMessages") return findMessages(instance, body);
    if (kind == "findContacts") {
        std::lock_guard lock(mutex_);
        json list = json::array();
        const json& wanted = member(member(body, "where"), "remoteJid");
        for (const auto& [jid, name] : instance.contacts)
            if (wanted.is_null() || wanted == jid)
                list.push_back({{"remoteJid", jid},
                                {"pushName", name},
                                {"profilePicUrl", nullptr},
                                {"instanceId", instance.id},
                                {"isGroup", false},
                                {"isSaved", true},
                                {"type", "contact"}});
        return Reply::json(200, list);
    }
    static const std::vector<std::string> kOthers = {"whatsappNumbers", "markMessageAsRead",
                                                     "sendPresence", "getBase64FromMediaMessage"};
    if (std::find(kOthers.begin(), kOthers.end(), kind) == kOthers.end())
        return refusal(404, {"Cannot POST " + request.path});
    if (!instance.baileys()) {
        const json why = {"Method not available on Evolution Channel"};
        if (kind != "whatsappNumbers") return refusal(400, why);
        return Reply::json(400, {{"status", 400}, {"error", "Bad Request"}, {"message", why}});
    }
    if (kind == "whatsappNumbers") {
        json list = json::array();
        for (const json& number : member(body, "numbers"))
            if (number.is_string()) {
                const std::string jid = jidOf(number);
                list.push_back({{"jid", jid}, {"exists", onWhatsApp(jid)}, {"number", number}});
            }
        return Reply::json(200, list);
    }
    if (kind == "markMessageAsRead")
        return Reply::json(201, {{"message", "Read messages"}, {"read", "success"}});
    if (kind == "getBase64FromMediaMessage") return refusal(400, {"Message not found"});
    const json& delay = member(body, "delay");
    if (!delay.is_number_integer() || !member(body, "presence").is_string() ||
        !member(body, "number").is_string())
        return refusal(400, {{"instance requires property \"delay\""}});
    stop_.pause(std::chrono::milliseconds(delay.get<int>()));
    return Reply::json(201, {{"presence", body["presence"]}});
}

/// No key guards this route; it answers the same whether the message could be sent or not.
Reply EvolutionService::fromChatwoot(const std::string& name, const Request& request) {
    const Shared instance = need(name);
    std::shared_ptr<Bridge> bridge;
    {
        std::lock_guard lock(mutex_);
        bridge = instance->bridge;
    }
    const json body = parseBody(request.body);
    if (!bridge || body.is_discarded()) return Reply::json(200, {{"message", "bot"}});
    bridge->outbound(
        body, [&](const std::string& jid, const std::string& text, const Bridge::File* file) {
            std::string state;
            {
                std::lock_guard lock(mutex_);
                state = instance->state;
            }
            if (instance->baileys() && (state != "open" || !onWhatsApp(jidOf(jid)))) return false;
            const std::string to = instance->baileys() ? jidOf(jid) : jid;
            if (file != nullptr) {
                sendFile(instance, to, text, *file);
            } else {
                sent(instance, to, {{"conversation", text}}, "conversation", json());
            }
            return true;
        });
    return Reply::json(200, {{"message", "bot"}});
}

}  // namespace totem_sandbox::evolution
