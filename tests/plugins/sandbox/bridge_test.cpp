#include "plugins/sandbox/harness.hpp"
#include "world/world.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace sandbox_test;
using totem_sandbox::World;

namespace {

struct Town {
    explicit Town(json settings = World::demo()) : world(settings) {
        world.start();
        page = world.ports().page;
    }
    json say(const std::string& text, const std::string& from = "51911122233") {
        return request(page, "POST", "/phone/say", {},
                       {{"from", from}, {"name", "Ana"}, {"text", text}})
            .value();
    }
    json waitPhone(int after = 0, const std::string& from = "51911122233") {
        return request(
                   page, "GET",
                   "/phone/messages?wait_ms=10000&from=" + from + "&after=" + std::to_string(after))
            .value()["messages"];
    }
    json view(const std::string& from = "51911122233") {
        return request(page, "GET", "/view?from=" + from).value();
    }
    Answer agent(const json& body) { return request(page, "POST", "/agent", {}, body); }

    World world;
    int page = 0;
};

std::vector<std::string> hopsOf(const json& journey) {
    std::vector<std::string> names;
    for (const json& hop : journey["hops"]) names.push_back(hop["hop"]);
    return names;
}

bool has(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

TEST_CASE("a customer's message reaches Chatwoot over the bridge and an agent's answer the phone") {
    Town town;
    town.say("hola *mundo*");
    REQUIRE(eventually([&] { return town.view()["conversation"].is_object(); }));
    REQUIRE(eventually([&] { return !town.view()["conversation"]["messages"].empty(); }));
    const json c = town.view()["conversation"];
    CHECK(c["meta"]["sender"]["phone_number"] == "+51911122233");
    CHECK(c["meta"]["sender"]["identifier"] == "51911122233@s.whatsapp.net");
    CHECK(c["messages"][0]["content"] == "hola **mundo**");
    CHECK(c["messages"][0]["message_type"] == 0);
    CHECK(c["messages"][0]["source_id"].get<std::string>().rfind("WAID:EVO-", 0) == 0);

    CHECK(town.agent({{"conversation", c["id"]}, {"action", "note"}, {"text", "secreto"}}).status ==
          200);
    CHECK(town.agent(
                  {{"conversation", c["id"]}, {"action", "reply"}, {"text", "**Buenas** *tardes*"}})
              .status == 200);
    const json phone = town.waitPhone();
    REQUIRE(phone.size() == 2);
    CHECK(phone[0]["direction"] == "sent");
    CHECK(phone[1]["text"] == "*Buenas* _tardes_");

    const json journey = town.view()["journeys"].back();
    const auto hops = hopsOf(journey);
    for (const char* hop : {"phone", "evolution", "bridge_in", "chatwoot", "message_created",
                            "bridge_out", "phone_received"}) {
        INFO(hop);
        CHECK(has(hops, hop));
    }
    CHECK(journey["hops"][0]["after_us"] == 0);
}

TEST_CASE("the second message of a customer goes into the same conversation, in order") {
    Town town;
    for (int i = 0; i < 10; ++i) town.say(std::to_string(i));
    const auto messages = [&] {
        const json c = town.view()["conversation"];
        return c.is_object() ? c["messages"] : json::array();
    };
    REQUIRE(eventually([&] { return messages().size() == 10; }));
    const json all = messages();
    for (int i = 0; i < 10; ++i) CHECK(all[i]["content"] == std::to_string(i));
    CHECK(town.view()["conversation"]["id"] == 1);
}

TEST_CASE("the bridge answers bot whatever it is sent, and sends nothing for notes and echoes") {
    Town town;
    const int port = town.world.ports().evolution;
    const auto post = [&](const json& body) {
        return request(port, "POST", "/chatwoot/webhook/totem", {}, body);
    };
    const json message = {
        {"event", "message_created"},
        {"message_type", "outgoing"},
        {"private", false},
        {"id", 5},
        {"content", "hola"},
        {"source_id", nullptr},
        {"conversation", {{"id", 1}, {"meta", {{"sender", {{"phone_number", "+51911122233"}}}}}}}};
    CHECK(post("nonsense").value() == json{{"message", "bot"}});
    json note = message;
    note["private"] = true;
    post(note);
    json echo = message;
    echo["source_id"] = "WAID:X";
    post(echo);
    json incoming = message;
    incoming["message_type"] = "incoming";
    post(incoming);
    CHECK(town.view()["phone"].empty());
    CHECK(post(message).value() == json{{"message", "bot"}});
    CHECK(town.view()["phone"][0]["text"] == "hola");
}

TEST_CASE("what a daemon does between webhook and answer shows in the journey") {
    std::unique_ptr<Town> town;
    Receiver daemon;
    json settings = World::demo();
    settings["chatwoot"] = {{"agent_bot", {{"outgoing_url", daemon.url()}}}};
    town = std::make_unique<Town>(settings);
    town->say("Consultar DNI 08408122");
    const auto arrived = daemon.wait(1, [](const Received& r) {
        return r.value()["event"] == "message_created" && r.value()["message_type"] == "incoming";
    });
    REQUIRE(arrived.size() == 1);
    const int fnb = town->world.ports().fnb;
    const std::string base = "https://appweb.calidda.com.pe";
    const json login = request(fnb, "POST", "/FNB_Services/api/Seguridad/autenticar",
                               {{"Origin", base}, {"Referer", base + "/WebFNB/login"}},
                               {{"usuario", "sandbox"},
                                {"password", "sandbox-password"},
                                {"captcha", "exitoso"},
                                {"Latitud", ""},
                                {"Longitud", ""}})
                           .value();
    request(fnb, "GET",
            "/FNB_Services/api/financiamiento/lineaCredito?numeroDocumento=08408122&"
            "tipoDocumento=PE2&idAliado=4471&canal=FNB",
            {{"Authorization", "Bearer " + login["data"]["authToken"].get<std::string>()},
             {"Referer", base + "/WebFNB/consulta-credito"}});
    request(town->world.ports().chatwoot, "POST", "/api/v1/accounts/1/conversations/1/messages",
            {{"Api-Access-Token", "sandbox-bot-token"}}, {{"content", "Tiene S/ 5,000.00"}});
    CHECK(town->waitPhone().back()["text"] == "Tiene S/ 5,000.00");
    const auto hops = hopsOf(town->view()["journeys"].back());
    for (const char* hop : {"webhook_sent", "webhook_answered", "portal_asked", "portal_answered",
                            "message_created", "phone_received"}) {
        INFO(hop);
        CHECK(has(hops, hop));
    }
}

TEST_CASE("the desk's buttons change the conversation as an agent would") {
    Town town;
    town.say("hola");
    REQUIRE(eventually([&] { return town.view()["conversation"].is_object(); }));
    const json id = town.view()["conversation"]["id"];
    const auto act = [&](const char* action) {
        return town.agent({{"conversation", id}, {"action", action}}).status;
    };
    CHECK(act("assign") == 200);
    CHECK(town.view()["conversation"]["meta"]["assignee"]["name"] == "Rosa Díaz");
    CHECK(act("unassign") == 200);
    CHECK(act("resolved") == 200);
    CHECK(town.view()["conversation"]["status"] == "resolved");
    CHECK(act("dance") == 400);
    CHECK(town.agent({{"conversation", 99}, {"action", "open"}}).status == 502);
}
