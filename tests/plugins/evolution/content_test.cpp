#include "content.hpp"

#include <catch2/catch.hpp>

#include "reading.hpp"

using namespace totem::evolution;
using totem::Json;

namespace {
struct Row {
    const char* message;
    const char* type;
    const char* kind;
    const char* text;
};
}  // namespace

TEST_CASE("every kind of message is named, and says its text") {
    const Row rows[] = {
        {R"({"conversation":"hola"})", "conversation", "text", "hola"},
        {R"({"conversation":""})", "conversation", "text", ""},
        {R"({"extendedTextMessage":{"text":"mira"}})", "extendedTextMessage", "text", "mira"},
        {R"({"imageMessage":{"caption":"foto","mimetype":"image/jpeg"}})", "imageMessage", "image",
         "foto"},
        {R"({"imageMessage":{}})", "imageMessage", "image", ""},
        {R"({"videoMessage":{"caption":"v"}})", "videoMessage", "video", "v"},
        {R"({"ptvMessage":{}})", "ptvMessage", "video", ""},
        {R"({"audioMessage":{"ptt":true},"speechToText":"quiero mi saldo"})", "audioMessage",
         "audio", "quiero mi saldo"},
        {R"({"documentMessage":{"fileName":"DNI.pdf","caption":"mi dni"}})", "documentMessage",
         "document", "mi dni"},
        {R"({"documentWithCaptionMessage":{"message":{"documentMessage":{"caption":"d"}}}})",
         "documentMessage", "document", "d"},
        {R"({"stickerMessage":{}})", "stickerMessage", "sticker", ""},
        {R"({"locationMessage":{"degreesLatitude":-12.5,"degreesLongitude":-77,"name":"Sede","address":"Lima"}})",
         "locationMessage", "location", "Sede, Lima, -12.500000, -77.000000"},
        {R"({"liveLocationMessage":{"degreesLatitude":-12.5,"degreesLongitude":-77,"caption":"voy"}})",
         "liveLocationMessage", "location", "voy, -12.500000, -77.000000"},
        {R"({"contactMessage":{"displayName":"Luis","vcard":"FN:Luis\nitem1.TEL;waid=51922:+51 922\nEND:VCARD"}})",
         "contactMessage", "contact", "Luis +51 922"},
        {R"({"contactsArrayMessage":{"contacts":[{"displayName":"Luis"},7,{"displayName":"Eva"}]}})",
         "contactsArrayMessage", "contact", "Luis, Eva"},
        {R"({"buttonsResponseMessage":{"selectedButtonId":"a","selectedDisplayText":"Sí"}})",
         "buttonsResponseMessage", "button_reply", "Sí"},
        {R"({"templateButtonReplyMessage":{"selectedId":"a","selectedDisplayText":"Sí"}})",
         "templateButtonReplyMessage", "button_reply", "Sí"},
        {R"({"listResponseMessage":{"title":"Fila","singleSelectReply":{"selectedRowId":"r"}}})",
         "listResponseMessage", "list_reply", "Fila"},
        {R"({"listResponseMessage":{"singleSelectReply":{"selectedRowId":"r"}}})",
         "listResponseMessage", "list_reply", "r"},
        {R"({"interactiveResponseMessage":{"body":{"text":"Sí"},"nativeFlowResponseMessage":{"paramsJson":"{\"id\":\"a\"}"}}})",
         "interactiveResponseMessage", "button_reply", "Sí"},
        {R"({"interactiveResponseMessage":{"nativeFlowResponseMessage":{"paramsJson":"{\"id\":\"a\"}"}}})",
         "interactiveResponseMessage", "button_reply", "a"},
        {R"({"interactiveResponseMessage":{"nativeFlowResponseMessage":{"paramsJson":"{nope"}}})",
         "interactiveResponseMessage", "button_reply", ""},
        {R"({"reactionMessage":{"key":{"id":"X"},"text":"👍"}})", "reactionMessage", "reaction",
         "👍"},
        {R"({"pollCreationMessageV3":{"name":"¿Turno?"}})", "pollCreationMessageV3", "poll",
         "¿Turno?"},
        {R"({"pollUpdateMessage":{}})", "pollUpdateMessage", "poll_vote", ""},
        {R"({"orderMessage":{"message":"un pedido"}})", "orderMessage", "orderMessage",
         "un pedido"},
        {R"({"templateMessage":{"hydratedTemplate":{"hydratedContentText":"oferta"}}})",
         "templateMessage", "templateMessage", "oferta"},
        {R"({"productMessage":{"product":{"title":"Cocina"}}})", "productMessage", "productMessage",
         "Cocina"},
        {R"({"mediaUrl":"https://example.com/b.pdf"})", "documentMessage", "document", ""},
        {R"({"someNewMessage":{"text":"nuevo"}})", "unknown", "other", "nuevo"},
        {R"({})", "", "none", ""},
        {R"({"messageContextInfo":{},"senderKeyDistributionMessage":{}})", "", "none", ""},
        {R"({"placeholderMessage":{}})", "placeholderMessage", "none", ""},
        {R"(null)", "conversation", "none", ""},
        {R"("hola")", "conversation", "none", ""},
    };
    for (const Row& row : rows) {
        CAPTURE(row.message);
        const Json message = Json::parse(row.message);
        const Content content = contentOf(message, row.type);
        CHECK(content.kind == row.kind);
        CHECK(content.text == row.text);
        CHECK(content.node != nullptr);
    }
}

TEST_CASE("wrappers come off, however they are stacked, up to a bound") {
    Json message{{"conversation", "dentro"}};
    for (const char* wrapper : {"viewOnceMessageV2", "ephemeralMessage", "deviceSentMessage"}) {
        message = {{wrapper, {{"message", message}}}};
    }
    CHECK(contentOf(message, "ephemeralMessage").text == "dentro");
    for (int i = 0; i < 40; ++i) message = {{"ephemeralMessage", {{"message", message}}}};
    CHECK(contentOf(message, "ephemeralMessage").kind == "ephemeralMessage");
}

TEST_CASE("an attachment says what it is and where it can be had") {
    const Json message{
        {"documentMessage",
         {{"mimetype", "application/pdf"}, {"fileName", "a.pdf"}, {"url", "https://encrypted"}}},
        {"mediaUrl", "https://example.com/a.pdf"}};
    CHECK(contentOf(message, "documentMessage").attachment ==
          Json{{"kind", "document"},
               {"mimetype", "application/pdf"},
               {"file_name", "a.pdf"},
               {"url", "https://example.com/a.pdf"}});
    CHECK(
        contentOf({{"audioMessage", {{"seconds", 7}}}}, "audioMessage").attachment.at("seconds") ==
        7);
}

TEST_CASE("a choice carries the id that was chosen") {
    const Json list{{"listResponseMessage",
                     {{"title", "Fila"}, {"singleSelectReply", {{"selectedRowId", "r1"}}}}}};
    CHECK(contentOf(list, "listResponseMessage").choice == "r1");
}

TEST_CASE("the context of a quote is found where the version puts it") {
    const Json lifted{{"contextInfo", {{"stanzaId", "Q1"}}}, {"message", {{"conversation", "x"}}}};
    CHECK(textAt(contextOf(lifted, contentOf(lifted["message"], "")), "stanzaId") == "Q1");
    const Json inside{
        {"contextInfo", nullptr},
        {"message",
         {{"extendedTextMessage", {{"text", "x"}, {"contextInfo", {{"stanzaId", "Q2"}}}}}}}};
    CHECK(textAt(contextOf(inside, contentOf(inside["message"], "")), "stanzaId") == "Q2");
}
