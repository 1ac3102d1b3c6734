// The plugin in a real totemd against a double of Evolution.

#include <catch2/catch.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "e2e/daemon.hpp"
#include "evolution_double.hpp"

using nlohmann::json;
using totem_test::HttpReply;
using totem_test::TestDaemon;

namespace {

json configuration(const std::string& url, const json& changes = json::object()) {
    json config{{"base_url", url}, {"api_key", "canary-key"}, {"instances", {"ventas"}}};
    config.merge_patch(changes);
    return {{"plugins", {{"evolution", {{"enabled", true}, {"config", config}}}}}};
}

json received(const std::string& id, const std::string& words, json key = json::object()) {
    json whole{{"remoteJid", "51911111111@s.whatsapp.net"}, {"fromMe", false}, {"id", id}};
    whole.update(key);
    return {{"event", "messages.upsert"},
            {"instance", "ventas"},
            {"data",
             {{"key", whole},
              {"pushName", "Rosa"},
              {"message", {{"conversation", words}}},
              {"messageType", "conversation"},
              {"messageTimestamp", 1772359200}}},
            {"date_time", "2026-03-01T10:00:00.000Z"},
            {"sender", "51900000009@s.whatsapp.net"},
            {"apikey", "canary-token"}};
}

json eventsOf(const TestDaemon& daemon, const std::string& type) {
    return daemon.get("admin", "/api/v1/events?limit=100&type=" + type).json().at("events");
}

HttpReply send(const TestDaemon& daemon, const json& input, const std::string& key = {}) {
    std::vector<std::pair<std::string, std::string>> headers{{"Content-Type", "application/json"}};
    if (!key.empty()) headers.emplace_back("Idempotency-Key", key);
    return daemon.ask("admin", "POST", "/api/v1/actions/evolution.send_text", input.dump(),
                      headers);
}

const json kHello{{"number", "51911111111"}, {"text", "hola"}};

/// /health is written by probes of the plugin's own, so it is asked until it says so.
bool healthSays(const TestDaemon& daemon, const std::string& component, const std::string& state) {
    for (int i = 0; i < 400; ++i) {
        const json components = daemon.get("admin", "/health").json().at("components");
        if (components.contains(component) && components.at(component).value("state", "") == state)
            return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return false;
}

}  // namespace

TEST_CASE("webhooks become events once, on every address that Evolution uses") {
    EvolutionDouble evolution;
    TestDaemon daemon(configuration(evolution.url()));
    const json body = received("A1", "hola");
    for (const char* path :
         {"/webhook/evolution", "/webhook/evolution/", "/webhook/evolution/ventas",
          "/webhook/evolution/messages-upsert", "/webhook/evolution//messages-upsert",
          "/webhook/evolution/ventas/messages-upsert?x=1"}) {
        CAPTURE(path);
        CHECK(daemon.post("main", path, body).status == 200);
    }
    const json events = eventsOf(daemon, "message.received");
    REQUIRE(events.size() == 1);
    CHECK(events[0].at("subject") == "evolution/ventas/51911111111@s.whatsapp.net");
    const json whole =
        daemon
            .get("admin",
                 "/api/v1/events/" + std::to_string(events[0].at("seq").get<std::int64_t>()))
            .json();
    CHECK(whole.dump().find("hola") != std::string::npos);
    CHECK(whole.dump().find("canary") == std::string::npos);
    CHECK(daemon.log().find("canary") == std::string::npos);
}

TEST_CASE("with instances listed, the messages of another number are left alone") {
    EvolutionDouble evolution;
    TestDaemon daemon(configuration(evolution.url()));
    json body = received("A1", "hola");
    body["instance"] = "personal";
    CHECK(daemon.post("main", "/webhook/evolution", body).status == 200);
    CHECK(eventsOf(daemon, "message.received").empty());
}

TEST_CASE(
    "what Evolution or a customer can make odd is stored, and only what is no JSON is refused") {
    EvolutionDouble evolution;
    TestDaemon daemon(configuration(evolution.url()));
    CHECK(
        daemon
            .ask(
                "main", "POST", "/webhook/evolution",
                R"({"event":"messages.upsert","instance":"ventas","data":{"key":{"id":"B1","remoteJid":"51911111111@s.whatsapp.net"},"message":{"conversation":"media cara \ud83d"}}})")
            .status == 200);
    CHECK(daemon
              .ask("main", "POST", "/webhook/evolution",
                   "{\"event\":\"messages.upsert\",\"instance\":\"ventas\",\"data\":" +
                       std::string(5000, '[') + std::string(5000, ']') + "}")
              .status == 200);
    CHECK(daemon.ask("main", "POST", "/webhook/evolution", "[7]").status == 200);
    CHECK(daemon.ask("main", "POST", "/webhook/evolution", "hola").status == 400);
    CHECK(daemon.get("main", "/webhook/evolution").status == 405);
    CHECK(eventsOf(daemon, "message.received").size() == 1);
}

TEST_CASE("a body of 20 MB is taken") {
    EvolutionDouble evolution;
    TestDaemon daemon(configuration(evolution.url()));
    json body = received("C1", "foto");
    body["data"]["message"]["base64"] = std::string(20 * 1024 * 1024, 'A');
    CHECK(daemon.post("main", "/webhook/evolution", body).status == 200);
    // On a slow machine it is kept as it came and read a little later.
    CHECK(totem_test::pollUntil(std::chrono::seconds(30),
                                [&] { return eventsOf(daemon, "message.received").size() == 1; }));
}

TEST_CASE("a wrong secret stores nothing") {
    EvolutionDouble evolution;
    TestDaemon daemon(configuration(
        evolution.url(), {{"webhook_header", {{"name", "x-secret"}, {"value", "canary-secret"}}}}));
    const std::string body = received("D1", "hola").dump();
    CHECK(daemon.ask("main", "POST", "/webhook/evolution", body).status == 401);
    CHECK(daemon.ask("main", "POST", "/webhook/evolution", body, {{"x-secret", "wrong"}}).status ==
          401);
    CHECK(eventsOf(daemon, "message.received").empty());
    CHECK(daemon.ask("main", "POST", "/webhook/evolution", body, {{"X-Secret", "canary-secret"}})
              .status == 200);
    CHECK(eventsOf(daemon, "message.received").size() == 1);
    CHECK(daemon.log().find("canary-secret") == std::string::npos);
}

TEST_CASE("a LID whose phone was once told is that phone's chat, also after a restart") {
    EvolutionDouble evolution;
    TestDaemon daemon(configuration(evolution.url()));
    CHECK(daemon
              .post("main", "/webhook/evolution",
                    received("E1", "con los dos",
                             {{"remoteJid", "1998@lid"},
                              {"remoteJidAlt", "51911111111@s.whatsapp.net"}}))
              .status == 200);
    CHECK(daemon
              .post("main", "/webhook/evolution",
                    received("E2", "solo lid", {{"remoteJid", "1998@lid"}}))
              .status == 200);
    CHECK(daemon.stop() == 0);
    daemon.start();
    CHECK(daemon
              .post("main", "/webhook/evolution",
                    received("E3", "solo lid", {{"remoteJid", "1998@lid"}}))
              .status == 200);
    const json events = eventsOf(daemon, "message.received");
    REQUIRE(events.size() == 3);
    for (const json& event : events)
        CHECK(event.at("subject") == "evolution/ventas/51911111111@s.whatsapp.net");
}

TEST_CASE("a text is sent once, with the key, and its id comes back") {
    EvolutionDouble evolution;
    TestDaemon daemon(configuration(evolution.url()));
    const HttpReply reply =
        send(daemon, {{"number", "+51 911 111 111"}, {"text", "hola"}, {"quoted", "A1"}}, "key-1");
    INFO(reply.body);
    CHECK(reply.status == 200);
    CHECK(reply.json() ==
          json{{"sent", true}, {"id", "SENT1"}, {"number", "51911111111"}, {"instance", "ventas"}});
    const auto sends = evolution.sends();
    REQUIRE(sends.size() == 1);
    CHECK(sends[0].path == "/message/sendText/ventas");
    CHECK(sends[0].body ==
          json::parse(R"({"number":"51911111111","text":"hola","quoted":{"key":{"id":"A1"}}})"));
    // The same key again is the recorded result, not a second message.
    CHECK(send(daemon, {{"number", "+51 911 111 111"}, {"text", "hola"}, {"quoted", "A1"}}, "key-1")
              .json()
              .at("id") == "SENT1");
    CHECK(evolution.sends().size() == 1);
}

TEST_CASE("an instance's name is encoded in the path, and cannot leave it") {
    EvolutionDouble evolution;
    TestDaemon daemon(configuration(evolution.url(), {{"instances", {"Ventas Perú%2"}}}));
    CHECK(send(daemon, kHello).status == 200);
    CHECK(evolution.sends().at(0).path == "/message/sendText/Ventas%20Per%C3%BA%252");
    CHECK(send(daemon, {{"instance", "x?instanceName=other"}, {"number", "1"}, {"text", "a"}})
              .status == 400);
    CHECK(send(daemon, {{"instance", "../../instance/delete/x"}, {"number", "1"}, {"text", "a"}})
              .status == 400);
    CHECK(evolution.sends().size() == 1);
}

TEST_CASE("blank texts and recipients that are no chat are refused before anything is sent") {
    EvolutionDouble evolution;
    TestDaemon daemon(configuration(evolution.url()));
    CHECK(send(daemon, {{"number", "51911111111"}, {"text", " \n"}}).status == 400);
    CHECK(send(daemon, {{"number", "status@broadcast"}, {"text", "hola"}}).status == 400);
    CHECK(send(daemon, {{"number", "51911111111"}, {"text", 5}}).status == 400);
    CHECK(evolution.sends().empty());
}

TEST_CASE("each failure of a send is told as what it is") {
    EvolutionDouble evolution;
    TestDaemon daemon(configuration(evolution.url()));
    SECTION("the number is not on WhatsApp") {
        evolution.answer(
            {400,
             R"({"status":400,"error":"Bad Request","response":{"message":[{"jid":"5190@s.whatsapp.net","exists":false,"number":"5190"}]}})",
             false});
        const HttpReply reply = send(daemon, kHello);
        CHECK(reply.status == 422);
        CHECK_THAT(reply.body, Catch::Contains("5190 is not on WhatsApp"));
    }
    SECTION("the instance is not connected: certainly not sent") {
        evolution.answer(
            {500,
             R"x({"status":500,"error":"Internal Server Error","response":{"message":"Cannot read properties of undefined (reading 'onWhatsApp')"}})x",
             false});
        const HttpReply reply = send(daemon, kHello);
        CHECK(reply.status == 503);
        CHECK_THAT(reply.body, Catch::Contains("not connected to WhatsApp"));
    }
    SECTION("WhatsApp's side failed: it may have gone out") {
        evolution.answer(
            {400,
             R"({"status":400,"error":"Bad Request","response":{"message":["Error: Timed Out"]}})",
             false});
        const HttpReply reply = send(daemon, kHello);
        CHECK(reply.status == 502);
        CHECK_THAT(reply.body, Catch::Contains("may have gone out"));
    }
    SECTION("a success without a message is none") {
        evolution.answer({200, "<html>welcome</html>", false});
        CHECK(send(daemon, kHello).status == 502);
    }
    CHECK(evolution.sends().size() == 1);
}

TEST_CASE("an answer that is lost is unknown, and the text is not sent again") {
    EvolutionDouble evolution;
    evolution.answer({0, {}, true});
    TestDaemon daemon(configuration(evolution.url()));
    CHECK(send(daemon, kHello).status == 502);
    CHECK(evolution.sends().size() == 1);
    CHECK(send(daemon, kHello, "key-2").status == 502);
    CHECK(evolution.sends().size() == 2);
}

TEST_CASE("an Evolution that cannot be reached leaves the text unsent") {
    int port = 0;
    {
        EvolutionDouble gone;
        port = gone.port();
    }
    TestDaemon daemon(configuration("http://127.0.0.1:" + std::to_string(port)));
    const HttpReply reply = send(daemon, kHello);
    CHECK(reply.status == 503);
    CHECK(healthSays(daemon, "evolution.instance:ventas", "unhealthy"));
}

TEST_CASE("health follows the instance, by probe and by webhook") {
    EvolutionDouble evolution;
    TestDaemon daemon(configuration(evolution.url()));
    CHECK(healthSays(daemon, "evolution.instance:ventas", "healthy"));
    const json close{{"event", "connection.update"},
                     {"instance", "ventas"},
                     {"data", {{"instance", "ventas"}, {"state", "close"}, {"statusReason", 401}}}};
    evolution.state("close");
    CHECK(daemon.post("main", "/webhook/evolution", close).status == 200);
    CHECK(healthSays(daemon, "evolution.instance:ventas", "unhealthy"));
    CHECK(eventsOf(daemon, "evolution.connection_update").size() == 1);
    CHECK(daemon.ask("admin", "POST", "/api/v1/actions/evolution.state", "{}").json() ==
          json{{"instance", "ventas"}, {"state", "close"}});
}

TEST_CASE("stored messages are found in a window of time") {
    EvolutionDouble evolution;
    TestDaemon daemon(configuration(evolution.url()));
    const HttpReply reply =
        daemon.ask("admin", "POST", "/api/v1/actions/evolution.find_messages",
                   R"({"number":"51911111111","from":1772359000,"to":1772359300,"limit":5})");
    INFO(reply.body);
    CHECK(
        reply.json() ==
        json::parse(
            R"({"total":1,"messages":[{"id":"R1","from_me":true,"kind":"text","text":"hola","timestamp":1772359200,"status":"READ"}]})"));
    CHECK(
        evolution.lastFind().body ==
        json::parse(
            R"({"where":{"key":{"remoteJid":"51911111111@s.whatsapp.net"},"messageTimestamp":{"gte":"2026-03-01T09:56:40.000Z","lte":"2026-03-01T10:01:40.000Z"}},"page":1,"offset":5})"));
}

TEST_CASE("a wrong key is told in health, and the text stays unsent") {
    EvolutionDouble evolution;
    TestDaemon daemon(configuration(evolution.url(), {{"api_key", "another"}}));
    const HttpReply reply = send(daemon, kHello);
    CHECK(reply.status == 503);
    CHECK_THAT(reply.body, Catch::Contains("compare api_key"));
    CHECK(healthSays(daemon, "evolution.instance:ventas", "unhealthy"));
}
