// The main job, seen from a customer's phone: WhatsApp → Evolution → Chatwoot → flow → portal → back.

#include <algorithm>
#include <catch2/catch.hpp>

#include "e2e/demo.hpp"

using Catch::Contains;
using nlohmann::json;
using totem_test::Demo;
using totem_test::pollUntil;
using totem_test::Sandbox;
using namespace std::chrono_literals;

namespace {

const std::string kPhone = "51987654321";
const std::string kOffer = "Consultar DNI 08408122";

/// Chatwoot off and no bridge: Evolution's own webhook starts the flow and Evolution sends the answer.
const json kDirect = {{"plugins",
                       {{"chatwoot", {{"enabled", false}}},
                        {"sandbox", {{"config", {{"evolution", {{"bridge", false}}}}}}}}}};

/// The customer's messages as one connector published them, in one state ("" for any).
std::size_t messages(const Demo& demo, const std::string& connector, const std::string& state = {}) {
    const json events = demo.events("type=message.received&state=" + state);
    return static_cast<std::size_t>(
        std::count_if(events.begin(), events.end(), [&](const json& event) {
            return event.at("source").get<std::string>().rfind(connector + "/", 0) == 0;
        }));
}

/// How many webhooks with `text` this service sent to the daemon and got a 2xx for.
long accepted(const Sandbox& sandbox, const std::string& service, const std::string& text) {
    const json log = sandbox.log(service);
    return std::count_if(log.begin(), log.end(), [&](const json& entry) {
        return entry.at("kind") == "webhook" && entry.at("status") == 200 &&
               entry.at("target").get<std::string>().find("/webhook/" + service) !=
                   std::string::npos &&
               entry.at("body").get<std::string>().find(text) != std::string::npos;
    });
}

}  // namespace

TEST_CASE("a customer says hello, sends a DNI and reads the right offer") {
    Demo demo;
    CHECK_THAT(demo.sandbox().ask(kPhone, "hola"), Contains("DNI") && Contains("Ana Torres"));
    CHECK_THAT(demo.sandbox().ask(kPhone, kOffer),
               Contains("MARIA ELENA QUISPE ROJAS") && Contains("S/ 5,000.00"));
    REQUIRE(demo.waitUntilHandled());
    CHECK(demo.sandbox().received(kPhone).size() == 2);
    CHECK(demo.sandbox().answers(kPhone).size() == 2);
    CHECK(demo.sandbox().conversation(kPhone).at("status") == "pending");
    CHECK(messages(demo, "chatwoot", "done") == 2);
}

TEST_CASE("each kind of person gets the answer that is true for them") {
    Demo demo;
    const Sandbox& sandbox = demo.sandbox();
    sandbox.person({{"service", "fnb"},
                    {"dni", "71234567"},
                    {"name", "TERESA NUÑEZ"},
                    {"credit_line", 12345.5},
                    {"has_line", true}});
    struct Case {
        const char* dni;
        std::vector<std::string> says;
        std::vector<std::string> doesNotSay;
    };
    const std::vector<Case> cases{
        {"71234567", {"TERESA NUÑEZ", "S/ 12,345.50"}, {}},
        {"45678912", {"JORGE LUIS PAREDES SOTO", "no tienes"}, {"S/"}},
        {"99999999", {"No encontramos"}, {"S/", "asesor"}},
        {"10203040", {"ROSA HUAMAN CCORI", "S/ 1,234.56"}, {}},
        {"40506070", {"PEDRO SALAS VEGA", "no tienes"}, {"S/"}},
    };
    for (const Case& row : cases) {
        const std::string answer = sandbox.ask(kPhone, std::string("mi dni es ") + row.dni);
        INFO(row.dni << ": " << answer);
        REQUIRE(!answer.empty());
        for (const std::string& text : row.says) CHECK_THAT(answer, Contains(text));
        for (const std::string& text : row.doesNotSay) CHECK_THAT(answer, !Contains(text));
    }
    CHECK_THAT(sandbox.ask(kPhone, "0840812"), Contains("8 dígitos"));
    CHECK(sandbox.conversation(kPhone).at("status") == "pending");
}

TEST_CASE("when portal and report fail the customer is told honestly and an agent takes over") {
    Demo demo;
    const Sandbox& sandbox = demo.sandbox();
    sandbox.fault({{"service", "fnb"}, {"status", 500}});
    sandbox.fault({{"service", "gaso"}, {"status", 503}});
    const std::string answer = sandbox.ask(kPhone, kOffer);
    CHECK_THAT(answer, Contains("no podemos completar") && !Contains("No encontramos"));
    CHECK_THAT(answer, !Contains("500") && !Contains("HTTP") && !Contains("127.0.0.1"));
    REQUIRE(demo.waitUntilHandled());
    CHECK(sandbox.conversation(kPhone).at("status") == "open");

    // From now on the agent has the conversation, and the flow keeps silent.
    sandbox.noFaults();
    sandbox.say(kPhone, "sigo esperando");
    REQUIRE(pollUntil(20s, [&] { return messages(demo, "chatwoot") == 2; }));
    REQUIRE(demo.waitUntilHandled());
    CHECK(sandbox.answers(kPhone).size() == 1);
}

TEST_CASE("a portal that answers with rubbish is a technical problem, not \"not found\"") {
    Demo demo;
    const Sandbox& sandbox = demo.sandbox();
    const std::vector<std::string> kinds{"null_data", "no_data", "null", "html"};
    for (std::size_t i = 0; i < kinds.size(); ++i) {
        INFO(kinds[i]);
        const std::string dni = "7000000" + std::to_string(i);
        sandbox.person({{"service", "fnb"}, {"dni", dni}, {"answer", kinds[i]}});
        CHECK_THAT(sandbox.ask("5198765430" + std::to_string(i), dni),
                   Contains("no podemos completar"));
    }
}

TEST_CASE("who asks for an agent gets one, and the agent's words reach the phone") {
    Demo demo;
    const Sandbox& sandbox = demo.sandbox();
    CHECK_THAT(sandbox.ask(kPhone, "quiero hablar con un asesor"),
               Contains("Te paso con un asesor"));
    REQUIRE(demo.waitUntilHandled());
    CHECK(sandbox.conversation(kPhone).at("status") == "open");
    sandbox.agent(kPhone, "reply", "Hola, soy Rosa");
    CHECK(sandbox.received(kPhone, 2).at(1) == "Hola, soy Rosa");
    // The desk gives the conversation back: the flow answers again.
    sandbox.agent(kPhone, "pending");
    CHECK_THAT(sandbox.ask(kPhone, kOffer), Contains("S/ 5,000.00"));
    CHECK(sandbox.received(kPhone).size() == 3);
}

TEST_CASE("without Chatwoot the same flow answers on WhatsApp directly") {
    Demo demo(kDirect);
    const Sandbox& sandbox = demo.sandbox();
    CHECK_THAT(sandbox.ask(kPhone, "hola"), Contains("DNI") && Contains("Ana Torres"));
    CHECK_THAT(sandbox.ask(kPhone, kOffer), Contains("S/ 5,000.00"));
    CHECK_THAT(sandbox.ask(kPhone, "un asesor por favor"), Contains("asesor"));
    REQUIRE(demo.waitUntilHandled());
    CHECK(sandbox.received(kPhone).size() == 3);
    CHECK(messages(demo, "evolution", "done") == 3);
    CHECK(demo.events("state=dead").empty());
    CHECK(sandbox.requests("chatwoot", "/") == 0);
}

TEST_CASE("a webhook that comes again and again is answered once") {
    const bool direct = GENERATE(false, true);
    const std::string service = direct ? "evolution" : "chatwoot";
    INFO(service);
    Demo demo(direct ? kDirect : json::object());
    const Sandbox& sandbox = demo.sandbox();
    sandbox.fault({{"service", service}, {"repeat_webhooks", 4}});
    CHECK_THAT(sandbox.ask(kPhone, kOffer), Contains("S/ 5,000.00"));
    REQUIRE(pollUntil(20s, [&] { return accepted(sandbox, service, kOffer) >= 5; }));
    REQUIRE(demo.waitUntilHandled());
    // The next answer comes after all that the repetitions could have caused.
    CHECK_THAT(sandbox.ask(kPhone, "hola"), Contains("8 dígitos"));
    CHECK(sandbox.received(kPhone).size() == 2);
    CHECK(messages(demo, service) == 2);
}

TEST_CASE("an answer whose receipt was lost is found at the desk and not sent again") {
    Demo demo;
    const Sandbox& sandbox = demo.sandbox();
    CHECK_THAT(sandbox.ask(kPhone, "hola"), Contains("DNI"));
    // Two requests create messages: the bridge brings the customer's, then the daemon sends its own.
    sandbox.fault({{"service", "chatwoot"},
                   {"reset", "after_effect"},
                   {"match", "/messages"},
                   {"count", 2}});
    CHECK_THAT(sandbox.ask(kPhone, kOffer), Contains("S/ 5,000.00"));
    REQUIRE(demo.waitUntilHandled());
    CHECK(demo.events("state=dead").empty());
    CHECK(sandbox.answers(kPhone).size() == 2);
    CHECK(sandbox.received(kPhone).size() == 2);
    const json lost = demo.daemon().get("admin", "/api/v1/effects?limit=10").json().at("effects");
    CHECK(std::all_of(lost.begin(), lost.end(),
                      [](const json& effect) { return effect.at("state") == "done"; }));
}

TEST_CASE("on WhatsApp direct a lost receipt is told to people and not sent again") {
    Demo demo(kDirect);
    const Sandbox& sandbox = demo.sandbox();
    sandbox.fault({{"service", "evolution"},
                   {"reset", "after_effect"},
                   {"match", "/message/sendText"},
                   {"count", 1}});
    CHECK_THAT(sandbox.ask(kPhone, kOffer), Contains("S/ 5,000.00"));
    REQUIRE(demo.waitUntilHandled());
    CHECK_THAT(sandbox.ask(kPhone, "hola"), Contains("8 dígitos"));
    CHECK(sandbox.received(kPhone).size() == 2);
    CHECK(sandbox.requests("evolution", "/message/sendText") == 2);
    const json effects =
        demo.daemon().get("admin", "/api/v1/effects?state=unknown").json().at("effects");
    INFO(effects.dump(1));
    CHECK(effects.size() == 1);
}
