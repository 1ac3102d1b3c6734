#include "address.hpp"

#include <catch2/catch.hpp>

using namespace totem::evolution;
using totem::Json;

TEST_CASE("an address has one spelling") {
    CHECK(plainJid("51911111111:12@s.whatsapp.net") == "51911111111@s.whatsapp.net");
    CHECK(plainJid("51911111111@c.us") == "51911111111@s.whatsapp.net");
    CHECK(plainJid("51911111111") == "51911111111@s.whatsapp.net");
    CHECK(plainJid("120363025246125244") == "120363025246125244@g.us");
    CHECK(plainJid("120363025246125244@g.us") == "120363025246125244@g.us");
    CHECK(plainJid("1998:3@lid") == "1998@lid");
}

TEST_CASE("what can be no address is none") {
    for (const std::string& text :
         {std::string(), std::string("@lid"), std::string("a b@lid"), std::string("hola"),
          std::string(":1@lid"), std::string("x\n@lid"), std::string(500, '1')}) {
        CAPTURE(text);
        CHECK(plainJid(text).empty());
    }
}

TEST_CASE("chats are told apart by their address") {
    CHECK(chatKindOf("51911111111@s.whatsapp.net") == ChatKind::kPrivate);
    CHECK(chatKindOf("1998@lid") == ChatKind::kPrivate);
    CHECK(chatKindOf("1203@g.us") == ChatKind::kGroup);
    CHECK(chatKindOf("status@broadcast") == ChatKind::kBroadcast);
    CHECK(chatKindOf("1203@newsletter") == ChatKind::kNewsletter);
}

TEST_CASE("phone and LID are found in the members of every version, and the phone names the chat") {
    const std::string phone = "51911111111@s.whatsapp.net", lid = "1998@lid";
    for (const Json& key : {Json{{"remoteJid", phone}, {"remoteJidAlt", lid}},
                            Json{{"remoteJid", lid}, {"remoteJidAlt", phone}},
                            Json{{"remoteJid", phone}, {"previousRemoteJid", lid}},
                            Json{{"remoteJid", lid}, {"senderPn", "51911111111:3@s.whatsapp.net"}},
                            Json{{"remoteJid", phone}, {"senderLid", lid}}}) {
        CAPTURE(key.dump());
        const Identity who = chatOf(key, false, {});
        CHECK(who.chat == phone);
        CHECK(who.phone == phone);
        CHECK(who.lid == lid);
    }
}

TEST_CASE("a LID's digits are never taken for a phone") {
    const Identity who = chatOf({{"remoteJid", "199887766554433@lid"}}, false, {});
    CHECK(who.chat == "199887766554433@lid");
    CHECK(who.phone.empty());
}

TEST_CASE("our own address in a message of ours is not the customer's") {
    const std::string own = "51900000009@s.whatsapp.net";
    const Json key{{"remoteJid", "1998@lid"}, {"remoteJidAlt", own}, {"senderPn", own}};
    CHECK(chatOf(key, true, own).chat == "1998@lid");
    // While our own number is not known, no alternate is believed.
    CHECK(chatOf(key, true, {}).chat == "1998@lid");
    const Json good{{"remoteJid", "1998@lid"}, {"remoteJidAlt", "51911111111@s.whatsapp.net"}};
    CHECK(chatOf(good, true, own).chat == "51911111111@s.whatsapp.net");
}

TEST_CASE("a group's author has both addresses") {
    const Identity who = authorOf({{"remoteJid", "1203@g.us"},
                                   {"participant", "1998:2@lid"},
                                   {"participantAlt", "51911111111@s.whatsapp.net"}});
    CHECK(who.chat == "51911111111@s.whatsapp.net");
    CHECK(who.pair());
}

TEST_CASE("keys of odd types name nobody") {
    for (const Json& key : {Json(), Json(5), Json("x"), Json::array(), Json{{"remoteJid", 5}},
                            Json{{"remoteJid", {{"a", 1}}}}}) {
        CHECK(chatOf(key, false, {}).chat.empty());
        CHECK(authorOf(key).chat.empty());
    }
}
