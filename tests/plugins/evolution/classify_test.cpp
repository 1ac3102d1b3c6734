#include "classify.hpp"

#include <catch2/catch.hpp>
#include <functional>

#include "payloads.hpp"
#include "reading.hpp"

using namespace payloads;
using namespace totem::evolution;

TEST_CASE("a customer's text becomes message.received with everything a flow needs") {
    const Json event = upsert(text("hola"));
    CHECK(event.at("type") == "message.received");
    CHECK(event.at("id") == "messages.upsert:ventas:AAAA0001");
    CHECK(event.at("source") == "evolution/ventas");
    CHECK(event.at("subject") == "evolution/ventas/51911111111@s.whatsapp.net");
    CHECK(event.at("time") == "2026-03-01T10:00:00Z");
    CHECK(
        event.at("reply") ==
        Json::parse(
            R"({"action":"evolution.send_text","arguments":{"instance":"ventas","number":"51911111111@s.whatsapp.net"}})"));
    const Json& data = event.at("data");
    CHECK(data.at("channel") == "evolution");
    CHECK(data.at("instance") == "ventas");
    CHECK(data.at("chat") == "51911111111@s.whatsapp.net");
    CHECK(data.at("phone") == "51911111111");
    CHECK(data.at("name") == "Rosa");
    CHECK(data.at("message") == "AAAA0001");
    CHECK(data.at("text") == "hola");
    CHECK(data.at("kind") == "text");
    CHECK(data.at("from_me") == false);
    CHECK(data.at("timestamp") == 1772359200);
    CHECK(data.at("status") == "DELIVERY_ACK");
    CHECK(data.at("webhook").at("path") == "evolution");
    CHECK(data.at("webhook").at("body").at("data").at("message").at("conversation") == "hola");
}

TEST_CASE("the keys that Evolution puts into its posts are not kept") {
    Json body = post("messages.upsert", text("hola"));
    body["api_key"] = "canary-global";
    const std::string kept = Json(events(body)).dump();
    CHECK(kept.find("canary") == std::string::npos);
}

TEST_CASE("both tellings of our own message are one event, apart from the customer's") {
    const Json key{{"fromMe", true}};
    const Json sent = event("send.message", text("respuesta", key));
    const Json phone = upsert(text("respuesta", key));
    CHECK(sent.at("type") == "message.sent");
    CHECK(sent.at("id") == phone.at("id"));
    CHECK(phone.at("type") == "message.sent");
    CHECK(sent.at("id") != upsert(text("respuesta")).at("id"));
    CHECK_FALSE(sent.at("data").contains("name"));
    CHECK(event("send.message", text("x", {{"remoteJid", "51911111111"}, {"fromMe", nullptr}}))
              .at("id") == sent.at("id"));
}

TEST_CASE("a message told once by LID and once by phone is one event") {
    const Json byLid = upsert(text("hola", {{"remoteJid", "199887766554433@lid"}}));
    const Json byPhone = upsert(text("hola"));
    CHECK(byLid.at("subject") != byPhone.at("subject"));
    CHECK(byLid.at("id") == byPhone.at("id"));
}

TEST_CASE("in a group a message's id is its own only within the chat") {
    const Json here = upsert(text("hola", {{"remoteJid", "120363025246125244@g.us"}}));
    const Json there = upsert(text("hola", {{"remoteJid", "120363025246125255@g.us"}}));
    CHECK(here.at("id") != there.at("id"));
    CHECK(here.at("id") != upsert(text("hola")).at("id"));
}

TEST_CASE("the owner's name is never a customer's") {
    Json message = text("hola");
    for (const char* name : {"Você", "", "51911111111@s.whatsapp.net"}) {
        message["pushName"] = name;
        CHECK_FALSE(upsert(message).at("data").contains("name"));
    }
}

TEST_CASE("a chat is ordered by its phone, told or known from before") {
    const Json told = upsert(
        text("a", {{"remoteJid", "1998@lid"}, {"remoteJidAlt", "51911111111@s.whatsapp.net"}}));
    CHECK(told.at("subject") == "evolution/ventas/51911111111@s.whatsapp.net");
    CHECK(told.at("data").at("lid") == "1998@lid");
    CHECK(told.at("id") == upsert(text("a")).at("id"));

    const Json message = text("a", {{"remoteJid", "1998@lid"}});
    const Json known = upsert(message, "51911111111@s.whatsapp.net");
    CHECK(known.at("id") == told.at("id"));
    CHECK(known.at("data").at("phone") == "51911111111");
    CHECK(known.at("reply").at("arguments").at("number") == "51911111111@s.whatsapp.net");

    const Json unknown = upsert(message);
    CHECK(unknown.at("subject") == "evolution/ventas/1998@lid");
    CHECK_FALSE(unknown.at("data").contains("phone"));
    CHECK(unknown.at("reply").at("arguments").at("number") == "1998@lid");
}

TEST_CASE("which LID to look up, and which pairs to learn, is read from the post") {
    const auto webhook = [](const Json& item, const std::string& event = "messages.upsert") {
        return webhookOf(post(event, item), "/webhook/evolution", {}, {});
    };
    CHECK(unknownLid(webhook(text("a", {{"remoteJid", "1998@lid"}}))) == "1998@lid");
    CHECK(unknownLid(webhook(text("a"))).empty());
    CHECK(unknownLid(webhook({{"keyId", "A"}, {"remoteJid", "1998@lid"}, {"status", "READ"}},
                             "messages.update")) == "1998@lid");
    const auto pairs = pairsIn(webhook(
        text("a", {{"remoteJid", "1998@lid"}, {"remoteJidAlt", "51911111111@s.whatsapp.net"}})));
    REQUIRE(pairs.size() == 1);
    CHECK(pairs[0].lid == "1998@lid");
    CHECK(pairs[0].phone == "51911111111@s.whatsapp.net");
    // Our own messages may name our own addresses.
    CHECK(pairsIn(webhook(text("a", {{"fromMe", true},
                                     {"remoteJid", "1998@lid"},
                                     {"remoteJidAlt", "51911111111@s.whatsapp.net"}})))
              .empty());
}

TEST_CASE("groups, status and newsletters are events, but no customers") {
    const Json author{{"participant", "1998@lid"},
                      {"participantAlt", "51911111111@s.whatsapp.net"}};
    Json group = author;
    group["remoteJid"] = "1203@g.us";
    const Json event = upsert(text("hola grupo", group));
    CHECK(event.at("type") == "evolution.group_message");
    CHECK(event.at("subject") == "evolution/ventas/1203@g.us");
    CHECK(event.at("data").at("author") ==
          Json{{"jid", "51911111111@s.whatsapp.net"}, {"phone", "51911111111"}});
    CHECK_FALSE(event.contains("reply"));
    CHECK(upsert(text("x", {{"remoteJid", "status@broadcast"}})).at("type") ==
          "evolution.status_broadcast");
    CHECK(upsert(text("x", {{"remoteJid", "12@newsletter"}})).at("type") ==
          "evolution.newsletter_message");
    CHECK(payloads::event("messages.update",
                          {{"keyId", "A"}, {"remoteJid", "1203@g.us"}, {"status", "READ"}})
              .at("type") == "evolution.messages_update");
}

TEST_CASE("reactions, votes, calls and placeholders are no messages") {
    const Json reaction = upsert(
        item({{"reactionMessage", {{"key", {{"id", "BBBB"}}}, {"text", "👍"}}}}, "reactionMessage"));
    CHECK(reaction.at("type") == "evolution.reaction");
    CHECK(reaction.at("data").at("target") == "BBBB");
    CHECK(reaction.at("data").at("text") == "👍");
    CHECK(upsert(item({{"pollUpdateMessage", Json::object()}}, "pollUpdateMessage")).at("type") ==
          "evolution.poll_vote");
    CHECK(upsert(item(nullptr, "unknown")).at("type") == "evolution.messages_upsert");
    CHECK_FALSE(upsert(item(nullptr, "unknown")).contains("reply"));
}

TEST_CASE("the answers to buttons and lists are messages with text and choice") {
    const Json event = upsert(item({{"buttonsResponseMessage",
                                     {{"selectedButtonId", "mba"},
                                      {"selectedDisplayText", "MBA"},
                                      {"contextInfo", {{"stanzaId", "Q"}}}}}},
                                   "buttonsResponseMessage"));
    CHECK(event.at("type") == "message.received");
    CHECK(event.at("data").at("text") == "MBA");
    CHECK(event.at("data").at("choice") == "mba");
    CHECK(event.at("data").at("quoted").at("message") == "Q");
}

TEST_CASE("a quote carries what was quoted") {
    Json message = text("¿y el costo?");
    message["contextInfo"] = {{"stanzaId", "Q1"},
                              {"quotedMessage", {{"imageMessage", {{"caption", "el plan"}}}}}};
    CHECK(upsert(message).at("data").at("quoted") == Json{{"message", "Q1"}, {"text", "el plan"}});
}

TEST_CASE("a status that is told again is the same event") {
    Json update{{"keyId", "AAAA0001"},
                {"remoteJid", "51911111111@s.whatsapp.net"},
                {"fromMe", true},
                {"status", "READ"},
                {"messageId", "row"}};
    const Json first = event("messages.update", update);
    Json again = post("messages.update", update);
    again["date_time"] = "2026-03-01T10:00:01.000Z";
    CHECK(first.at("type") == "message.updated");
    CHECK(first.at("data").at("status") == "READ");
    CHECK(first.at("data").at("message") == "AAAA0001");
    CHECK(events(again).at(0).at("id") == first.at("id"));
    update["status"] = "PLAYED";
    CHECK(event("messages.update", update).at("id") != first.at("id"));
}

TEST_CASE(
    "edits and deletions are updates of the message that they name, in every version's shape") {
    const Json key{
        {"remoteJid", "51911111111@s.whatsapp.net"}, {"fromMe", false}, {"id", "AAAA0001"}};
    const Json edit{{"key", key},
                    {"type", "MESSAGE_EDIT"},
                    {"editedMessage", {{"extendedTextMessage", {{"text", "¿y el precio?"}}}}},
                    {"timestampMs", "1772359300000"}};
    const Json edited = event("messages.edited", edit);
    CHECK(edited.at("type") == "message.updated");
    CHECK(edited.at("data").at("status") == "EDITED");
    CHECK(edited.at("data").at("text") == "¿y el precio?");
    CHECK(edited.at("data").at("message") == "AAAA0001");

    const Json asStatus =
        event("messages.update",
              {{"keyId", "AAAA0001"},
               {"remoteJid", "51911111111@s.whatsapp.net"},
               {"fromMe", false},
               {"status", "SERVER_ACK"},
               {"message", {{"editedMessage", {{"message", {{"conversation", "editado"}}}}}}}});
    CHECK(asStatus.at("data").at("status") == "EDITED");
    CHECK(asStatus.at("data").at("text") == "editado");

    const Json inUpsert = upsert(item({{"editedMessage",
                                        {{"message",
                                          {{"protocolMessage",
                                            {{"key", key},
                                             {"type", 14},
                                             {"editedMessage", {{"conversation", "otro"}}},
                                             {"timestampMs", {{"low", 5}, {"high", 0}}}}}}}}}},
                                      "editedMessage", {{"id", "CCCC"}}));
    CHECK(inUpsert.at("type") == "message.updated");
    CHECK(inUpsert.at("data").at("message") == "AAAA0001");
    CHECK(inUpsert.at("data").at("text") == "otro");

    const Json revoked = event("messages.edited", {{"key", key}, {"type", "REVOKE"}});
    CHECK(revoked.at("type") == "message.updated");
    CHECK(revoked.at("data").at("status") == "DELETED");
    CHECK(event("messages.delete", key).at("id") == revoked.at("id"));
    CHECK(
        event("messages.delete", {{"id", "row-1"}, {"key", key}, {"status", "DELETED"}}).at("id") ==
        revoked.at("id"));
    CHECK(event("messages.edited", {{"key", key}, {"type", "EPHEMERAL_SETTING"}}).at("type") ==
          "evolution.messages_edited");
}

TEST_CASE("history is one event and no news") {
    const auto all = events(post("messages.set", Json::array({text("ayer"), text("antes")})));
    REQUIRE(all.size() == 1);
    CHECK(all[0].at("type") == "evolution.messages_set");
    CHECK_FALSE(all[0].contains("reply"));
}

TEST_CASE("a list of messages is an event for each") {
    const auto all = events(
        post("messages.upsert", Json::array({text("a"), 7, text("b", {{"id", "AAAA0002"}})})));
    REQUIRE(all.size() == 3);
    CHECK(all[0].at("data").at("text") == "a");
    CHECK(all[1].at("type") == "evolution.messages_upsert");
    CHECK(all[2].at("data").at("webhook").at("body").at("data").at("message").at("conversation") ==
          "b");
}

TEST_CASE("what happens to an instance is in order on the instance") {
    const Json event = payloads::event(
        "connection.update", {{"instance", "ventas"}, {"state", "close"}, {"statusReason", 401}});
    CHECK(event.at("type") == "evolution.connection_update");
    CHECK(event.at("subject") == "evolution/ventas");
    CHECK(event.at("data").at("state") == "close");
    CHECK(event.at("data").at("reason") == 401);
    CHECK(payloads::event("group-participants.update", {{"id", "1203@g.us"}, {"action", "add"}})
              .at("subject") == "evolution/ventas/1203@g.us");
}

TEST_CASE("the same post again is the same event, the same content at another moment is not") {
    Json body = post("contacts.update", {{"remoteJid", "51911111111@s.whatsapp.net"}});
    const Json first = events(body).at(0).at("id");
    CHECK(events(body).at(0).at("id") == first);
    body["date_time"] = "2026-03-01T10:00:05.000Z";
    CHECK(events(body).at(0).at("id") != first);
}

TEST_CASE("event and instance are found in the path and the headers when the body does not say") {
    Json body = post("x", text("hola"));
    body.erase("event");
    body.erase("instance");
    const Webhook path = webhookOf(body, "/webhook/evolution//tienda 2/messages-upsert", {}, {});
    CHECK(path.event == "messages.upsert");
    CHECK(path.instance == "tienda 2");
    CHECK(webhookOf(body, "/webhook/evolution/group-participants-update", {}, {}).event ==
          "group-participants.update");
    const Webhook header = webhookOf(body, "/webhook/evolution", "send.message", "caja");
    CHECK(header.event == "send.message");
    CHECK(header.instance == "caja");
    const Webhook nothing = webhookOf(body, "/webhook/evolution", {}, {});
    CHECK(nothing.event == "unknown");
    CHECK(nothing.instance == "unknown");
    body["event"] = "Weird Event/..";
    CHECK(webhookOf(body, "/webhook/evolution", {}, {}).event == "unknown");
}

TEST_CASE("a message without an id, or with an endless one, still has one of its own") {
    const std::string first = upsert(text("a", {{"id", nullptr}})).at("id"),
                      second = upsert(text("b", {{"id", nullptr}})).at("id");
    CHECK(first != second);
    CHECK(upsert(text("a", {{"id", nullptr}})).at("id") == first);
    CHECK(
        upsert(text("a", {{"id", std::string(100'000, 'A')}})).at("id").get<std::string>().size() <
        200);
}

namespace {

/// Calls `check` with the document once for each member and each JSON type in its place.
void mutate(Json& root, Json& node, const std::function<void(const Json&)>& check) {
    static const std::vector<Json> kReplacements{nullptr,
                                                 true,
                                                 7,
                                                 -1.5,
                                                 "text",
                                                 "",
                                                 Json::array(),
                                                 Json::array({nullptr}),
                                                 Json::object(),
                                                 Json{{"low", 1}, {"high", -1}}};
    if (!node.is_structured()) return;
    for (auto& child : node) {
        const Json original = child;
        for (const Json& replacement : kReplacements) {
            child = replacement;
            check(root);
        }
        child = original;
        mutate(root, child, check);
    }
}

}  // namespace

TEST_CASE("any member of any type is an event that the journal takes") {
    std::vector<Json> posts{
        post("messages.upsert",
             text("hola", {{"remoteJidAlt", "1998@lid"}, {"participant", "1998@lid"}})),
        post("messages.upsert",
             item({{"ephemeralMessage",
                    {{"message",
                      {{"imageMessage",
                        {{"caption", "c"},
                         {"contextInfo",
                          {{"stanzaId", "Q"}, {"quotedMessage", {{"conversation", "x"}}}}}}}}}}}},
                  "imageMessage")),
        post("messages.upsert",
             item({{"contactsArrayMessage",
                    {{"contacts", {{{"displayName", "L"}, {"vcard", "TEL:1"}}}}}}},
                  "contactsArrayMessage")),
        post("messages.upsert",
             item({{"locationMessage", {{"degreesLatitude", 1.5}, {"degreesLongitude", 2}}}},
                  "locationMessage")),
        post("messages.upsert", item({{"interactiveResponseMessage",
                                       {{"body", {{"text", ""}}},
                                        {"nativeFlowResponseMessage", {{"paramsJson", "{}"}}}}}},
                                     "x")),
        post("messages.upsert", item({{"protocolMessage",
                                       {{"key", {{"id", "A"}}},
                                        {"type", 0},
                                        {"editedMessage", {{"conversation", "x"}}}}}},
                                     "protocolMessage")),
        post("messages.upsert", item({{"reactionMessage", {{"key", {{"id", "A"}}}, {"text", "x"}}}},
                                     "reactionMessage", {{"remoteJid", "1203@g.us"}})),
        post("messages.update", {{"keyId", "A"},
                                 {"remoteJid", "1998@lid"},
                                 {"fromMe", true},
                                 {"status", "READ"},
                                 {"message", {{"conversation", "x"}}}}),
        post("messages.edited", {{"key", {{"remoteJid", "1998@lid"}, {"id", "A"}}},
                                 {"type", "MESSAGE_EDIT"},
                                 {"editedMessage", {{"conversation", "x"}}},
                                 {"timestampMs", "5"}}),
        post("connection.update", {{"state", "open"}, {"statusReason", 200}}),
        post("messages.upsert", Json::array({text("a")})),
    };
    for (Json& original : posts) {
        mutate(original, original, [](const Json& body) {
            Webhook webhook = webhookOf(body, "/webhook/evolution", {}, {});
            static_cast<void>(pairsIn(webhook));
            static_cast<void>(unknownLid(webhook));
            for (const Json& event : eventsOf(std::move(webhook), {})) {
                const bool whole =
                    event.at("id").is_string() &&
                    event.at("source").get<std::string>().rfind("evolution/", 0) == 0 &&
                    event.at("subject").is_string();
                const std::string type = event.at("type");
                const bool declared =
                    type.rfind("message.", 0) == 0 || type.rfind("evolution.", 0) == 0;
                if (!whole || !declared) FAIL(body.dump());
            }
        });
    }
    for (const char* odd : {"null", "5", "\"x\"", "[]", "[1]", "{}"})
        CHECK(events(Json::parse(odd)).at(0).at("type") == "evolution.unknown");
}
