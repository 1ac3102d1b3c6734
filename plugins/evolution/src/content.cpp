#include "content.hpp"

#include <array>
#include <cstdio>
#include <initializer_list>
#include <vector>

#include "reading.hpp"

namespace totem::evolution {
namespace {

constexpr int kMaxWrappers = 16;
constexpr std::size_t kMaxContacts = 50;

constexpr std::array kWrappers{"ephemeralMessage",           "viewOnceMessage",
                               "viewOnceMessageV2",          "viewOnceMessageV2Extension",
                               "documentWithCaptionMessage", "editedMessage",
                               "deviceSentMessage",          "groupMentionedMessage",
                               "botInvokeMessage",           "lottieStickerMessage",
                               "associatedChildMessage",     "templateMessage",
                               "interactiveMessage"};

const Json& unwrapped(const Json& message) {
    const Json* inner = &message;
    for (int level = 0; level < kMaxWrappers; ++level) {
        const Json* next = nullptr;
        for (const char* name : kWrappers) {
            const Json& content = at(at(*inner, name), "message");
            if (content.is_object()) next = &content;
        }
        if (next == nullptr) break;
        inner = next;
    }
    return *inner;
}

std::string firstText(const Json& object, std::initializer_list<const char*> names) {
    for (const char* name : names) {
        std::string text = textAt(object, name);
        if (!text.empty()) return text;
    }
    return {};
}

std::string joined(const std::vector<std::string>& parts, const char* separator) {
    std::string out;
    for (const std::string& part : parts) {
        if (part.empty()) continue;
        if (!out.empty()) out += separator;
        out += part;
    }
    return out;
}

Json attachmentOf(const char* kind, const Json& media, const Json& message) {
    Json attachment{{"kind", kind}};
    if (const auto type = textAt(media, "mimetype"); !type.empty()) attachment["mimetype"] = type;
    if (const auto name = firstText(media, {"fileName", "title"}); !name.empty()) {
        attachment["file_name"] = name;
    }
    if (const auto seconds = wholeNumber(at(media, "seconds")); seconds > 0) {
        attachment["seconds"] = seconds;
    }
    // The media's own url leads to an encrypted file that nobody else can read.
    if (const auto url = textAt(message, "mediaUrl"); !url.empty()) attachment["url"] = url;
    return attachment;
}

std::string placeOf(const Json& location) {
    std::string point;
    if (at(location, "degreesLatitude").is_number() &&
        at(location, "degreesLongitude").is_number()) {
        char text[64];
        std::snprintf(text, sizeof text, "%.6f, %.6f",
                      at(location, "degreesLatitude").get<double>(),
                      at(location, "degreesLongitude").get<double>());
        point = text;
    }
    return joined(
        {firstText(location, {"name", "caption", "comment"}), textAt(location, "address"), point},
        ", ");
}

/// The name and the first number of a visiting card.
std::string contactText(const Json& contact) {
    const std::string card = textAt(contact, "vcard");
    std::string number;
    if (const auto tel = card.find("TEL"); tel != std::string::npos) {
        const auto colon = card.find(':', tel);
        const auto end = card.find_first_of("\r\n", tel);
        if (colon < end)
            number = card.substr(colon + 1, end == std::string::npos ? end : end - colon - 1);
    }
    return joined({textAt(contact, "displayName"), number}, " ");
}

std::string contactsText(const Json& array) {
    std::vector<std::string> parts;
    const Json& contacts = at(array, "contacts");
    if (contacts.is_array()) {
        for (const Json& contact : contacts) {
            if (parts.size() < kMaxContacts) parts.push_back(contactText(contact));
        }
    }
    return joined(parts, ", ");
}

/// A choice in a native flow: the parameters are JSON in a string.
Json flowParameters(const Json& response) {
    const std::string text = textAt(at(response, "nativeFlowResponseMessage"), "paramsJson");
    return nestsTooDeep(text) ? Json() : Json::parse(text, nullptr, false);
}

/// The text that a business message shows, whatever its make.
std::string businessText(const Json& node) {
    for (const char* name : {"hydratedTemplate", "hydratedFourRowTemplate", "body", "header"}) {
        const std::string text =
            firstText(at(node, name), {"hydratedContentText", "text", "title"});
        if (!text.empty()) return text;
    }
    return firstText(node,
                     {"contentText", "text", "description", "title", "name", "caption", "message"});
}

bool readText(const Json& message, Content& content) {
    std::string text = textAt(message, "conversation");
    const Json& extended = at(message, "extendedTextMessage");
    if (text.empty()) text = textAt(extended, "text");
    if (text.empty() && !extended.is_object() && !at(message, "conversation").is_string())
        return false;
    content.kind = "text";
    content.text = std::move(text);
    content.node = extended.is_object() ? &extended : &message;
    return true;
}

bool readMedia(const Json& message, Content& content) {
    static constexpr std::array<std::pair<const char*, const char*>, 6> kMedia{
        {{"imageMessage", "image"},
         {"videoMessage", "video"},
         {"ptvMessage", "video"},
         {"audioMessage", "audio"},
         {"documentMessage", "document"},
         {"stickerMessage", "sticker"}}};
    for (const auto& [name, kind] : kMedia) {
        const Json& media = at(message, name);
        if (!media.is_object()) continue;
        content.kind = kind;
        // Evolution may write down what was spoken.
        content.text = firstText(media, {"caption"});
        if (content.text.empty()) content.text = textAt(message, "speechToText");
        content.attachment = attachmentOf(kind, media, message);
        content.node = &media;
        return true;
    }
    return false;
}

bool readPlaces(const Json& message, Content& content) {
    for (const char* name : {"locationMessage", "liveLocationMessage"}) {
        if (!at(message, name).is_object()) continue;
        content.kind = "location";
        content.node = &at(message, name);
        content.text = placeOf(*content.node);
        return true;
    }
    const Json& one = at(message, "contactMessage");
    const Json& several = at(message, "contactsArrayMessage");
    if (!one.is_object() && !several.is_object()) return false;
    content.kind = "contact";
    content.node = one.is_object() ? &one : &several;
    content.text = one.is_object() ? contactText(one) : contactsText(several);
    return true;
}

bool readReplies(const Json& message, Content& content) {
    for (const char* name : {"buttonsResponseMessage", "templateButtonReplyMessage"}) {
        const Json& reply = at(message, name);
        if (!reply.is_object()) continue;
        content.kind = "button_reply";
        content.node = &reply;
        content.choice = firstText(reply, {"selectedButtonId", "selectedId"});
        content.text = firstText(reply, {"selectedDisplayText", "selectedButtonId", "selectedId"});
        return true;
    }
    if (const Json& reply = at(message, "listResponseMessage"); reply.is_object()) {
        content.kind = "list_reply";
        content.node = &reply;
        content.choice = textAt(at(reply, "singleSelectReply"), "selectedRowId");
        content.text = firstText(reply, {"title"});
        if (content.text.empty()) content.text = content.choice;
        return true;
    }
    if (const Json& reply = at(message, "interactiveResponseMessage"); reply.is_object()) {
        const Json parameters = flowParameters(reply);
        content.kind = "button_reply";
        content.node = &reply;
        content.choice = textAt(parameters, "id");
        content.text = firstText(at(reply, "body"), {"text"});
        if (content.text.empty())
            content.text = firstText(parameters, {"display_text", "title", "id"});
        return true;
    }
    return false;
}

bool readSigns(const Json& message, Content& content) {
    static constexpr std::array<std::pair<const char*, const char*>, 10> kSigns{
        {{"reactionMessage", "reaction"},
         {"encReactionMessage", "reaction"},
         {"pollUpdateMessage", "poll_vote"},
         {"protocolMessage", "protocol"},
         {"keepInChatMessage", "protocol"},
         {"pinInChatMessage", "protocol"},
         {"call", "call"},
         {"callLogMesssage", "call"},
         {"callLogMessage", "call"},
         {"placeholderMessage", "none"}}};
    for (const auto& [name, kind] : kSigns) {
        const Json& sign = at(message, name);
        if (!sign.is_object()) continue;
        content.kind = kind;
        content.text = textAt(sign, "text");
        content.node = &sign;
        return true;
    }
    for (const char* name :
         {"pollCreationMessage", "pollCreationMessageV2", "pollCreationMessageV3"}) {
        if (!at(message, name).is_object()) continue;
        content.kind = "poll";
        content.node = &at(message, name);
        content.text = textAt(*content.node, "name");
        return true;
    }
    return false;
}

/// Anything else: WhatsApp's name for it, and whatever text it shows.
void readOther(const Json& message, const std::string& type, Content& content) {
    if (!message.is_object()) return;
    for (const auto& [name, value] : message.items()) {
        if (name == "messageContextInfo" || name == "senderKeyDistributionMessage") continue;
        content.kind = type.empty() || type == "unknown" ? "other" : type;
        if (!value.is_object()) continue;
        content.node = &value;
        content.text =
            name == "productMessage" ? businessText(at(value, "product")) : businessText(value);
        break;
    }
    if (content.kind == "none") return;
    if (content.text.empty()) content.text = businessText(message);
    // The channel EVOLUTION says no more of media than their type and address.
    for (const char* kind : {"image", "video", "audio", "document", "sticker"}) {
        if (content.kind != std::string(kind) + "Message") continue;
        content.kind = kind;
        content.attachment = attachmentOf(kind, Json(), message);
        break;
    }
}

}  // namespace

Content contentOf(const Json& message, const std::string& type) {
    const Json& inner = unwrapped(message);
    Content content;
    content.node = &inner;
    // Signs first: what comes beside a reaction or an edit is not a text of the customer.
    if (!readSigns(inner, content) && !readText(inner, content) && !readMedia(inner, content) &&
        !readPlaces(inner, content) && !readReplies(inner, content)) {
        readOther(inner, type, content);
    }
    return content;
}

const Json& contextOf(const Json& item, const Content& content) {
    const Json& lifted = at(item, "contextInfo");
    return lifted.is_object() ? lifted : at(*content.node, "contextInfo");
}

}  // namespace totem::evolution
