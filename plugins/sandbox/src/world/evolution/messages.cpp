#include "world/base/clock.hpp"
#include "world/base/journeys.hpp"
#include "world/base/multipart.hpp"
#include "world/base/phones.hpp"
#include "world/base/random.hpp"
#include "world/base/stop_signal.hpp"
#include "world/evolution/schema.hpp"
#include "world/evolution/service.hpp"

#include <Poco/Base64Decoder.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <sstream>

namespace totem_sandbox::evolution {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxStored = 5000;

std::string text(const json& body, const char* name) {
    return body.contains(name) && body[name].is_string() ? body[name].get<std::string>() : "";
}

bool isUrl(const std::string& media) {
    return media.rfind("http://", 0) == 0 || media.rfind("https://", 0) == 0;
}

bool isBase64(const std::string& media) {
    return !media.empty() && media.find_first_not_of(
                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
                                 "\r\n") == std::string::npos;
}

void checkMedia(const json& body) {
    const std::string media = text(body, "media");
    if (!isUrl(media) && !isBase64(media))
        throw Refused{refusal(400, {"Owned media must be a url or base64"})};
    if (body["mediatype"] == "document" && !isUrl(media) && text(body, "fileName").empty())
        throw Refused{refusal(400, {"For base64 the file name must be informed."})};
}

json byteObject(int size) {
    json bytes = json::object();
    for (int i = 0; i < size; ++i) bytes[std::to_string(i)] = i;
    return bytes;
}

json long64(std::int64_t value) {
    return {{"low", static_cast<std::int32_t>(value)},
            {"high", static_cast<std::int32_t>(value >> 32)},
            {"unsigned", true}};
}

json mediaMessage(const std::string& type, const std::string& mimetype, const std::string& caption,
                  std::size_t bytes) {
    return {{type,
             {{"url", "https://mmg.whatsapp.net/v/sandbox"},
              {"mimetype", mimetype},
              {"caption", caption},
              {"fileLength", long64(static_cast<std::int64_t>(bytes))},
              {"mediaKey", byteObject(32)}}}};
}

}  // namespace

Reply EvolutionService::send(const Shared& instance, const std::string& kind,
                             const Request& request) {
    json body = isMultipart(request) ? parseMultipart(request).fields : parseBody(request.body);
    const json errors = checkSend(kind, body);
    if (errors.is_null()) return refusal(404, {"Cannot POST " + request.path});
    if (!errors.empty()) return refusal(400, json::array({errors}));
    if (kind == "sendMedia" && !isMultipart(request)) checkMedia(body);
    Reply reply = instance->baileys() ? sendBaileys(instance, kind, body)
                                      : sendEvolution(instance, kind, request, body);
    reply.trace = context_.journeys.byPhone(digitsOf(text(body, "number")));
    return reply;
}

Reply EvolutionService::sendEvolution(const Shared& instance, const std::string& kind,
                                      const Request& request, const json& body) {
    static const std::set<std::string> kPlayed = {"sendText", "sendMedia", "sendButtons",
                                                  "sendWhatsAppAudio"};
    if (!kPlayed.count(kind)) return refusal(400, {"Method not available on Evolution Channel"});
    if (kind == "sendWhatsAppAudio" && !isMultipart(request))
        return refusal(500, "File or buffer is undefined.");
    if (body.contains("delay")) stop_.pause(std::chrono::milliseconds(body["delay"].get<int>()));
    json message;
    std::string type = "conversation";
    if (kind == "sendText") {
        message = {{"conversation", body["text"]}};
    } else if (kind == "sendMedia") {
        // A caption is dropped, and so is content that is not a URL.
        message = {{"mediaUrl", isUrl(text(body, "media")) ? body["media"] : json()}};
        type = text(body, "mediatype") + "Message";
    } else if (kind == "sendButtons") {
        for (const char* name : {"title", "description", "footer", "buttons"})
            if (body.contains(name)) message[name] = body[name];
        type = "buttonMessage";
    } else {
        message = {{"mediaUrl", nullptr}};
        type = "audioMessage";
    }
    if (body.contains("quoted") && body["quoted"].is_object())
        message["quoted"] = {{"id", body["quoted"]["key"]["id"]}};
    return Reply::json(201, sent(instance, text(body, "number"), message, type, json()));
}

bool EvolutionService::onWhatsApp(const std::string& jid) const {
    if (jid.find("@s.whatsapp.net") == std::string::npos) return true;
    const std::string digits = digitsOf(jid);
    const auto& missing = context_.settings.notOnWhatsApp;
    // A national number without its country code is nobody's address.
    return digits.size() >= 10 &&
           std::find(missing.begin(), missing.end(), digits) == missing.end();
}

Reply EvolutionService::sendBaileys(const Shared& instance, const std::string& kind,
                                    const json& body) {
    std::string state;
    {
        std::lock_guard lock(mutex_);
        state = instance->state;
    }
    if (state != "open")
        return refusal(500, "Cannot read properties of undefined (reading 'onWhatsApp')");
    const std::string jid = jidOf(text(body, "number"));
    if (!onWhatsApp(jid))
        return refusal(
            400, json::array({{{"jid", jid}, {"exists", false}, {"number", body["number"]}}}));
    if (kind == "sendText" && text(body, "text").find_first_not_of(" \t\r\n") == std::string::npos)
        return refusal(400, {"Text is required"});
    if (body.contains("delay")) stop_.pause(std::chrono::milliseconds(body["delay"].get<int>()));
    json message;
    std::string type;
    std::optional<Media> media;
    if (kind == "sendText") {
        type = "conversation";
        message = {{type, body["text"]}};
    } else if (kind == "sendMedia") {
        type = text(body, "mediatype") + "Message";
        const std::string content = text(body, "media");
        if (!isUrl(content)) {
            std::istringstream in(content);
            Poco::Base64Decoder decoder(in);
            media = Media{text(body, "fileName"), text(body, "mimetype"),
                          std::string(std::istreambuf_iterator<char>(decoder), {})};
        }
        message = mediaMessage(type, text(body, "mimetype"), text(body, "caption"),
                               media ? media->bytes.size() : 0);
    } else {
        type = std::string(1, static_cast<char>(kind[4] | 0x20)) + kind.substr(5) + "Message";
        message = {{type, body}};
    }
    json info = {{"mentionedJid", json::array()}, {"groupMentions", json::array()}};
    if (body.contains("quoted") && body["quoted"].is_object()) {
        info["stanzaId"] = body["quoted"]["key"]["id"];
        info["participant"] = jid;
    }
    return Reply::json(201, sent(instance, jid, message, type, info, std::move(media)));
}

/// What the bridge brings from Chatwoot.
void EvolutionService::sendFile(const Shared& instance, const std::string& jid,
                                const std::string& caption, const Bridge::File& file) {
    const std::string kind = file.media.type.substr(0, file.media.type.find('/'));
    const bool shown = kind == "image" || kind == "video" || kind == "audio";
    const std::string type = (shown ? kind : "document") + "Message";
    if (!instance->baileys()) {
        sent(instance, jid, {{"mediaUrl", file.url}}, type, json(), file.media);
        return;
    }
    sent(instance, jid, mediaMessage(type, file.media.type, caption, file.media.bytes.size()), type,
         json(), file.media);
}

json EvolutionService::sent(const Shared& instance, const std::string& remoteJid,
                            const json& message, const std::string& type, const json& contextInfo,
                            std::optional<Media> media) {
    const bool baileys = instance->baileys();
    const std::string id = baileys ? "3EB0" + upperHex(18) : uuid();
    json data = {{"key", {{"fromMe", true}, {"id", id}, {"remoteJid", remoteJid}}},
                 {"message", message},
                 {"messageType", type},
                 {"messageTimestamp", unixMs() / 1000},
                 {"source", baileys ? "web" : "unknown"},
                 {"instanceId", instance->id}};
    if (baileys) {
        data["pushName"] = "Você";
        data["status"] = "PENDING";
        data["contextInfo"] = contextInfo;
    }
    const std::string digits = digitsOf(jidOf(remoteJid));
    const std::string trace = context_.journeys.byPhone(digits);
    {
        std::lock_guard lock(mutex_);
        store(*instance, data);
        webhooks_.emit(*instance, "send.message", data, trace);
    }
    const std::string shown = textOf(message);
    context_.journeys.hop(trace, "phone_received", shown);
    phones_.received(digits, shown, id, std::move(media));
    if (baileys)
        receipts_.post([this, instance, id, remoteJid] {
            std::lock_guard lock(mutex_);
            for (const char* status : {"SERVER_ACK", "DELIVERY_ACK"})
                webhooks_.emit(*instance, "messages.update",
                               {{"keyId", id},
                                {"remoteJid", remoteJid},
                                {"fromMe", true},
                                {"status", status},
                                {"instanceId", instance->id},
                                {"messageId", "c" + lowerHex(24)}});
        });
    return data;
}

void EvolutionService::store(Instance& instance, const json& data) {
    json row = {{"id", "c" + lowerHex(24)},
                {"key", data["key"]},
                {"pushName", data.value("pushName", json())},
                {"messageType", data["messageType"]},
                {"message", data["message"]},
                {"messageTimestamp", data["messageTimestamp"]},
                {"instanceId", data["instanceId"]},
                {"source", data["source"]},
                {"contextInfo", data.value("contextInfo", json())},
                {"MessageUpdate", json::array()}};
    instance.messages.push_back(std::move(row));
    if (instance.messages.size() > kMaxStored) instance.messages.pop_front();
}

/// A message came in: stored at once, then first the bridge, then the webhook, as the real
/// server's message loop does it.
void EvolutionService::receive(const Shared& instance, json key, const std::string& pushName,
                               const json& message, const std::string& type) {
    const bool baileys = instance->baileys();
    if (!key.contains("id") || !key["id"].is_string()) key["id"] = uuid();
    json data = {{"key", key},
                 {"pushName", pushName},
                 {"message", message},
                 {"messageType", type},
                 {"messageTimestamp", unixMs() / 1000},
                 {"source", baileys ? "android" : "unknown"},
                 {"instanceId", instance->id}};
    if (baileys) {
        data["status"] = "DELIVERY_ACK";
        data["message"]["messageContextInfo"] = {
            {"deviceListMetadata",
             {{"senderKeyHash", byteObject(10)}, {"senderTimestamp", long64(unixMs() / 1000)}}},
            {"deviceListMetadataVersion", 2},
            {"messageSecret", byteObject(32)}};
    }
    const std::string id = key["id"];
    const std::string jid = text(key, "remoteJid");
    const std::string trace = context_.journeys.byKey(id);
    context_.journeys.hop(trace, "evolution", type);
    laneOf(jid).post([this, instance, data, jid, pushName, id, trace] {
        std::shared_ptr<Bridge> bridge;
        {
            std::lock_guard lock(mutex_);
            store(*instance, data);
            bridge = instance->bridge;
        }
        if (bridge)
            bridge->inbound(jid, pushName, textOf(data["message"]), id,
                            data["key"].value("fromMe", json()) == true);
        std::lock_guard lock(mutex_);
        webhooks_.emit(*instance, "messages.upsert", data, trace);
        const json contact = {{"remoteJid", jid},
                              {"pushName", pushName},
                              {"profilePicUrl", nullptr},
                              {"instanceId", instance->id}};
        const bool known = !instance->contacts.emplace(jid, pushName).second;
        webhooks_.emit(*instance, known ? "contacts.update" : "contacts.upsert", contact);
        if (!known)
            webhooks_.emit(*instance, "chats.upsert",
                           {{"remoteJid", jid}, {"instanceId", instance->id}});
    });
}

Reply EvolutionService::inbound(const Request& request) {
    const json body = parseBody(request.body);
    const bool usable = body.is_object() && body.contains("numberId") && body.contains("key") &&
                        body["key"].is_object() && body.contains("message");
    Shared instance;
    if (usable) {
        std::lock_guard lock(mutex_);
        for (const auto& [name, candidate] : instances_)
            if (!candidate->baileys() && candidate->number == text(body, "numberId"))
                instance = candidate;
    }
    if (!instance) return Reply::empty(200);
    const json& key = body["key"];
    const std::string digits = digitsOf(text(key, "remoteJid"));
    json withId = key;
    if (!withId.contains("id")) withId["id"] = uuid();
    const std::string shown = textOf(body["message"]);
    if (key.value("fromMe", json()) != true && withId["id"].is_string()) {
        const std::string id = withId["id"];
        const std::string trace = context_.journeys.begin(digits, shown, id);
        phones_.sent(digits, text(body, "pushName"), shown, id);
        context_.journeys.hop(trace, "phone", shown);
    }
    if (body.contains("profilePicUrl")) withId["profilePicUrl"] = body["profilePicUrl"];
    receive(instance, withId, text(body, "pushName"), body["message"], text(body, "messageType"));
    return Reply::json(200, {{"status", "success"}});
}

}  // namespace totem_sandbox::evolution
