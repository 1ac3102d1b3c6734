#include "plugins/sandbox/harness.hpp"
#include "world/world.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace sandbox_test;
using totem_sandbox::World;

namespace {

/// A world with Evolution and the page, and the calls that most tests make.
struct Evolution {
    explicit Evolution(json evolution = json::object(), json more = json::object()) {
        more["evolution"] = std::move(evolution);
        more["page"] = json::object();
        world = std::make_unique<World>(more);
        world->start();
        port = world->ports().evolution;
    }
    Answer call(const std::string& method, const std::string& path, const json& body = nullptr,
                const std::string& key = "sandbox-evolution-key") const {
        return request(port, method, path, {{"apikey", key}}, body);
    }
    json say(const std::string& text) const {
        return request(world->ports().page, "POST", "/phone/say", {},
                       {{"from", "51911122233"}, {"name", "Ana"}, {"text", text}})
            .value();
    }
    json stored(const json& where, int page = 1, int size = 50) const {
        return call("POST", "/chat/findMessages/totem",
                    {{"where", where}, {"page", page}, {"offset", size}})
            .value()["messages"];
    }
    std::unique_ptr<World> world;
    int port = 0;
};

json hook(const Receiver& receiver, json more = json::object()) {
    more["url"] = receiver.url();
    return {{"webhook", more}};
}

auto named(const std::string& name) {
    return [name](const Received& r) { return r.value().value("event", "") == name; };
}

const json kAnyone = json::object();

}  // namespace

TEST_CASE("Evolution checks the instance before the key") {
    Evolution e;
    CHECK(e.call("GET", "/instance/connectionState/nope", nullptr, "").status == 404);
    CHECK(e.call("GET", "/instance/connectionState/nope").value()["response"]["message"][0] ==
          "The \"nope\" instance does not exist");
    CHECK(e.call("GET", "/instance/connectionState/totem", nullptr, "wrong").value() ==
          json{{"status", 401},
               {"error", "Unauthorized"},
               {"response", {{"message", "Unauthorized"}}}});
    CHECK(e.call("GET", "/instance/connectionState/totem", nullptr, "sandbox-instance-token")
              .value()["instance"] == json{{"instanceName", "totem"}, {"state", "open"}});
    CHECK(e.call("POST", "/foo/bar", json::object()).value()["response"]["message"][0] ==
          "Cannot POST /foo/bar");
    CHECK(request(e.port, "GET", "/").value()["version"] == "2.3.7");
}

TEST_CASE("instances are created, listed and removed by the rules") {
    Evolution e;
    const json body = {
        {"instanceName", "wa1"}, {"integration", "WHATSAPP-BAILEYS"}, {"token", "t"}};
    const Answer made = e.call("POST", "/instance/create", body);
    CHECK(made.status == 201);
    CHECK(made.value()["hash"] == "t");
    CHECK(made.value()["instance"]["status"] == "close");
    CHECK(e.call("POST", "/instance/create", body).status == 403);
    CHECK(e.call("POST", "/instance/create", body, "t").status == 401);
    CHECK(e.call("POST", "/instance/create", {{"instanceName", "x"}})
              .value()["response"]["message"][0] == "Invalid integration");
    CHECK(e.call("POST", "/instance/create",
                 {{"instanceName", "y"},
                  {"integration", "EVOLUTION"},
                  {"webhook", {{"url", "http://x"}}}})
              .status == 400);
    CHECK(e.call("GET", "/instance/connectionState/y").status == 404);
    CHECK(e.call("GET", "/instance/fetchInstances").value().size() == 2);
    const json own = e.call("GET", "/instance/fetchInstances", nullptr, "t").value();
    CHECK(own.size() == 1);
    CHECK(own[0]["token"] == "t");
    CHECK(e.call("GET", "/instance/fetchInstances?instanceName=none").status == 404);
    CHECK(e.call("POST", "/message/sendText/wa1", {{"number", "51911122233"}, {"text", "x"}})
              .value()["response"]["message"] ==
          "Cannot read properties of undefined (reading 'onWhatsApp')");
    CHECK(e.call("POST", "/instance/restart/wa1").value()["error"] == true);
    CHECK(e.call("DELETE", "/instance/logout/wa1").status == 400);
    CHECK(e.call("DELETE", "/instance/delete/wa1").value()["status"] == "SUCCESS");
}

TEST_CASE("webhook settings have the server's quirks") {
    Evolution e;
    const auto set = [&](const json& body) { return e.call("POST", "/webhook/set/totem", body); };
    CHECK(e.call("GET", "/webhook/find/totem").body == "null");
    CHECK(set({{"enabled", true}, {"url", "http://x"}}).value()["response"]["message"][0][0] ==
          "instance requires property \"webhook\"");
    CHECK(set({{"webhook", {{"enabled", true}, {"url", "http://x"}}}})
              .value()["response"]["message"] ==
          "Cannot read properties of undefined (reading 'length')");
    const Answer good = set({{"webhook",
                              {{"enabled", true},
                               {"url", "http://x"},
                               {"events", json::array()},
                               {"headers", {{"x-secret", "s"}}}}}});
    CHECK(good.status == 201);
    CHECK(good.value()["events"].size() == 31);
    set({{"webhook", {{"enabled", true}, {"url", "http://y"}, {"events", {"MESSAGES_UPSERT"}}}}});
    const json found = e.call("GET", "/webhook/find/totem").value();
    CHECK(found["headers"]["x-secret"] == "s");
    CHECK(found["webhookByEvents"] == false);
    CHECK(found["events"] == json{"MESSAGES_UPSERT"});
    set({{"webhook", {{"enabled", false}, {"url", "http://y"}, {"events", {"MESSAGES_UPSERT"}}}}});
    CHECK(e.call("GET", "/webhook/find/totem").value()["events"].empty());
}

TEST_CASE("an inbound message becomes an envelope with the static header") {
    Receiver receiver;
    Evolution e(hook(receiver, {{"headers", {{"x-secret", "s3"}}}}));
    e.say("hola");
    const Received r = receiver.event("messages.upsert");
    CHECK(r.header("x-secret") == "s3");
    CHECK(r.header("authorization").empty());
    const json m = r.value();
    CHECK(m["instance"] == "totem");
    CHECK(m["apikey"].is_null());
    CHECK_FALSE(m.contains("sender"));
    CHECK(m["destination"] == receiver.url());
    CHECK(m["data"]["key"]["remoteJid"] == "51911122233@s.whatsapp.net");
    CHECK(m["data"]["key"]["fromMe"] == false);
    CHECK(m["data"]["pushName"] == "Ana");
    CHECK(m["data"]["message"] == json{{"conversation", "hola"}});
    CHECK(m["data"]["messageTimestamp"].is_number_integer());
    CHECK_FALSE(m["data"].contains("status"));
    receiver.event("contacts.upsert");
    e.say("otra");
    receiver.event("contacts.update");
}

TEST_CASE("the phone channel sends its own shape and names the instance as sender") {
    Receiver receiver;
    json settings = hook(receiver);
    settings["integration"] = "WHATSAPP-BAILEYS";
    Evolution e(settings);
    e.say("hola");
    const json m = receiver.event("messages.upsert").value();
    CHECK(m["sender"] == "51900000001@s.whatsapp.net");
    CHECK(m["data"]["status"] == "DELIVERY_ACK");
    CHECK(m["data"]["key"]["addressingMode"] == "pn");
    CHECK(m["data"]["message"]["messageContextInfo"]["messageSecret"]["31"] == 31);
    const json sent =
        e.call("POST", "/message/sendText/totem", {{"number", "+51 911 122 233"}, {"text", "x"}})
            .value();
    CHECK(sent["key"]["remoteJid"] == "51911122233@s.whatsapp.net");
    CHECK(sent["status"] == "PENDING");
    CHECK(sent["pushName"] == "Você");
    CHECK(receiver.wait(2, named("messages.update")).size() == 2);
}

TEST_CASE("jwt_key becomes a signed bearer token and is not sent itself") {
    Receiver receiver;
    Evolution e(hook(receiver, {{"headers", {{"jwt_key", "k1"}}}}));
    e.say("hola");
    const Received r = receiver.event("messages.upsert");
    CHECK(r.header("jwt_key").empty());
    const std::string bearer = r.header("authorization");
    REQUIRE(bearer.rfind("Bearer ", 0) == 0);
    const std::string token = bearer.substr(7);
    CHECK(token.rfind("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.", 0) == 0);
    CHECK(token.size() - token.rfind('.') == 44);  // 32 bytes in base64 without padding
}

TEST_CASE("by_events puts the event into the address but not into destination") {
    Receiver receiver;
    Evolution e(hook(receiver, {{"by_events", true}}));
    e.say("hola");
    const Received r = receiver.event("messages.upsert");
    CHECK(r.path == "/hook/messages-upsert");
    CHECK(r.value()["destination"] == receiver.url());
}

TEST_CASE("a webhook is tried again on 503 and 429, and given up on 401") {
    int left = 2;
    Receiver receiver([&left](const Received& r) {
        if (!named("messages.upsert")(r)) return 401;
        return left-- > 1 ? 503 : left == 0 ? 429 : 200;
    });
    Evolution e(hook(receiver), {{"time_scale", 0.0001}});
    e.say("hola");
    const auto tries = receiver.wait(3, named("messages.upsert"));
    CHECK(tries.size() == 3);
    CHECK(tries[0].body == tries[2].body);
    CHECK(receiver.wait(1, named("contacts.upsert")).size() == 1);
}

TEST_CASE("sendText on the loopback channel answers 201 and is the outgoing wire") {
    Receiver receiver;
    Evolution e(hook(receiver));
    const Answer sent =
        e.call("POST", "/message/sendText/totem",
               {{"number", "51911122233"}, {"text", "Hola"}, {"quoted", {{"key", {{"id", "Q"}}}}}});
    CHECK(sent.status == 201);
    const json m = sent.value();
    CHECK(m["key"]["remoteJid"] == "51911122233");
    CHECK(m["key"]["fromMe"] == true);
    CHECK(m["message"] == json{{"conversation", "Hola"}, {"quoted", {{"id", "Q"}}}});
    CHECK_FALSE(m.contains("status"));
    CHECK(receiver.event("send.message").value()["data"] == m);
    const json shown = request(e.world->ports().page, "GET", "/phone/messages?from=51911122233")
                           .value()["messages"];
    CHECK(shown[0]["text"] == "Hola");
    CHECK(shown[0]["direction"] == "received");
}

TEST_CASE("bad sends are refused with the server's nested lists") {
    Evolution e;
    struct Row {
        const char* path;
        json body;
        int status;
        json message;
    };
    const Row rows[] = {
        {"sendText",
         {{"number", "51911122233"}, {"textMessage", {{"text", "v1"}}}},
         400,
         {{"instance requires property \"text\""}}},
        {"sendText",
         {{"number", 51911122233}, {"text", 5}, {"delay", "a"}, {"mentioned", json::array()}},
         400,
         {{"Invalid format", "text is not of a type(s) string", "Enter a value in milliseconds",
           "mentioned does not meet minimum length of 1"}}},
        {"sendMedia",
         {{"number", "51911122233"}, {"mediatype", "image"}, {"media", "data:image/png;base64,iV"}},
         400,
         {"Owned media must be a url or base64"}},
        {"sendMedia",
         {{"number", "51911122233"}, {"mediatype", "document"}, {"media", "aGVsbG8="}},
         400,
         {"For base64 the file name must be informed."}},
        {"sendMedia",
         {{"number", "51911122233"}, {"mediatype", "gif"}, {"media", "aGVsbG8="}},
         400,
         {{"mediatype is not one of enum values: image,document,video,audio"}}},
        {"sendReaction",
         {{"key", {{"id", "x"}}}, {"reaction", "a"}},
         400,
         {"Method not available on Evolution Channel"}},
        {"sendWhatsAppAudio",
         {{"number", "51911122233"}, {"audio", "aGVsbG8="}},
         500,
         "File or buffer is undefined."}};
    for (const Row& row : rows) {
        const Answer answer =
            e.call("POST", std::string("/message/") + row.path + "/totem", row.body);
        INFO(row.body);
        CHECK(answer.status == row.status);
        CHECK(answer.value()["response"]["message"] == row.message);
    }
}

TEST_CASE("numbers that WhatsApp does not know are refused on the phone channel") {
    Evolution e(json{{"integration", "WHATSAPP-BAILEYS"}});
    for (const char* number : {"51900000000", "911122233"}) {
        const Answer answer =
            e.call("POST", "/message/sendText/totem", {{"number", number}, {"text", "x"}});
        CHECK(answer.status == 400);
        CHECK(answer.value()["response"]["message"][0]["exists"] == false);
        CHECK(answer.value()["response"]["message"][0]["number"] == number);
    }
    CHECK(e.call("POST", "/message/sendText/totem", {{"number", "51911122233"}, {"text", "  "}})
              .value()["response"]["message"][0] == "Text is required");
    const json numbers = e.call("POST", "/chat/whatsappNumbers/totem",
                                {{"numbers", {"5215512345678", "5531987654321", "5511987654321"}}})
                             .value();
    CHECK(numbers[0]["jid"] == "525512345678@s.whatsapp.net");
    CHECK(numbers[1]["jid"] == "553187654321@s.whatsapp.net");
    CHECK(numbers[2]["jid"] == "5511987654321@s.whatsapp.net");
}

TEST_CASE("the open inbound route takes messages of its number and nothing else") {
    Receiver receiver;
    Evolution e(hook(receiver));
    const auto post = [&](const json& body) {
        return request(e.port, "POST", "/webhook/evolution", {}, body);
    };
    const json body = {
        {"numberId", "51900000001"},
        {"pushName", "Ana"},
        {"messageType", "conversation"},
        {"key", {{"id", "EVO-1"}, {"remoteJid", "51911122233@s.whatsapp.net"}, {"fromMe", false}}},
        {"message", {{"conversation", "hola"}}}};
    CHECK(post(body).value() == json{{"status", "success"}});
    CHECK(post(body).status == 200);
    CHECK(receiver.wait(2, named("messages.upsert")).size() == 2);
    json other = body;
    other["numberId"] = "000";
    CHECK(post(other).body.empty());
    other = body;
    other["key"].erase("id");
    post(other);
    const auto all = receiver.wait(3, named("messages.upsert"));
    REQUIRE(all.size() == 3);
    CHECK(all[2].value()["data"]["key"]["id"].get<std::string>().size() == 36);
}

TEST_CASE("findMessages filters, pages newest first and ignores fromMe false") {
    Evolution e;
    for (int i = 0; i < 5; ++i)
        e.call("POST", "/message/sendText/totem",
               {{"number", "51911122233"}, {"text", std::to_string(i)}});
    e.say("hola");
    CHECK(eventually([&] { return e.stored(kAnyone)["total"] == 6; }));
    const json page = e.stored(kAnyone, 2, 4);
    CHECK(page["pages"] == 2);
    CHECK(page["currentPage"] == 2);
    CHECK(page["records"].size() == 2);
    CHECK(page["records"][1]["message"]["conversation"] == "0");
    CHECK(page["records"][0]["MessageUpdate"].empty());
    CHECK(e.stored({{"key", {{"fromMe", true}}}})["total"] == 5);
    CHECK(e.stored({{"key", {{"fromMe", false}}}})["total"] == 6);
    CHECK(e.stored({{"key", {{"remoteJid", "51911122233"}}}})["total"] == 5);
    CHECK(e.stored({{"messageTimestamp", {{"gte", "2100-01-01T00:00:00.000Z"}}}})["total"] == 6);
    CHECK(e.stored({{"messageTimestamp",
                     {{"gte", "2100-01-01T00:00:00.000Z"},
                      {"lte", "2101-01-01T00:00:00.000Z"}}}})["total"] == 0);
}

TEST_CASE("losing and regaining the connection sends the events of the real one") {
    Receiver receiver;
    Evolution e(hook(receiver));
    const int page = e.world->ports().page;
    request(page, "POST", "/connection", {}, {{"state", "close"}, {"reason", 401}});
    const json closed = receiver.event("connection.update").value()["data"];
    CHECK(closed == json{{"instance", "totem"}, {"state", "close"}, {"statusReason", 401}});
    CHECK(receiver.event("status.instance").value()["data"]["disconnectionReasonCode"] == 401);
    CHECK(receiver.event("logout.instance").value()["data"].is_null());
    CHECK(e.call("GET", "/instance/connectionState/totem").value()["instance"]["state"] == "close");
    CHECK(e.call("GET", "/instance/connect/totem").value()["error"] == true);
}
