// The plugin in a real totemd against a double of the portal and of GASO's report.

#include <atomic>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <thread>

#include "e2e/daemon.hpp"
#include "upstream_double.hpp"

using nlohmann::json;
using totem_test::HttpReply;
using totem_test::TestDaemon;

namespace {

const std::string kDni = "08408122";

UpstreamDouble::Fault faultOf(int status, std::string body = {},
                              std::map<std::string, std::string> headers = {}) {
    return {status, std::move(body), std::move(headers)};
}

struct World {
    UpstreamDouble upstream;
    World() {
        upstream.clients[kDni] = {{"nombre", "ANA PEREZ"},
                                  {"lineaCredito", 5000},
                                  {"tieneLineaCredito", true},
                                  {"extra", "x"}};
        upstream.clients["11111111"] = {
            {"nombre", "SIN LINEA"}, {"lineaCredito", 0}, {"tieneLineaCredito", false}};
        upstream.gasoClients["22222222"] = {{"Estado", "ACTIVO"},       {"Cliente", "LUIS GAS"},
                                            {"Saldo", "S/ 1.234,56"},   {"Cuenta_contrato", "900"},
                                            {"Dirección", "Av. Sol 1"}, {"Distrito", "Lima"}};
        upstream.gasoClients[kDni] = {
            {"Estado", "ACTIVO"}, {"Cliente", "ANA GASO"}, {"Saldo", "700"}};
    }
    /// The configuration with `changes` laid over the plugin's.
    json configuration(const json& changes = json::object()) const {
        json config{{"base_url", upstream.url()},
                    {"username", "ally"},
                    {"password", "canary-Passw0rd"},
                    {"result_cache_s", 0},
                    {"not_found_cache_s", 0},
                    {"support_phone", "01-555-0000"},
                    {"gaso",
                     {{"url", upstream.url() + "/public/reports/querydata"},
                      {"resource_key", "key-1"},
                      {"model_id", 77}}}};
        config.merge_patch(changes);
        return {{"listeners", {{"fnb", {{"address", "127.0.0.1:0"}, {"plugins", {"fnb"}}}}}},
                {"plugins", {{"fnb", {{"enabled", true}, {"config", config}}}}}};
    }
};

json query(const TestDaemon& daemon, const std::string& dni, const std::string& path = "/query") {
    const HttpReply reply = daemon.post("main", path, {{"dni", dni}});
    INFO(reply.body);
    REQUIRE(reply.status == 200);
    return reply.json();
}

}  // namespace

TEST_CASE("a person with a credit line is answered for both generations of clients") {
    World world;
    TestDaemon daemon(world.configuration());
    const json result = query(daemon, kDni);
    CHECK(result.at("success") == true);
    CHECK(result.at("dni") == kDni);
    CHECK(result.at("channel") == "fnb");
    CHECK(result.at("canal") == "fnb");
    CHECK(result.at("has_offer") == true);
    CHECK(result.at("tiene_oferta") == true);
    CHECK(result.at("data") == result.at("datos"));
    CHECK(result.at("data").at("nombre") == "ANA PEREZ");
    CHECK(result.at("data").at("saldo") == 5000.0);
    CHECK(result.at("data").at("segmento") == "fnb");
    CHECK(result.at("data").at("extra") == "x");
    CHECK(result.at("error").is_null());
    CHECK(result.at("return_code") == 0);
    for (const char* member : {"client_message", "client_message_compact", "client_message_html"}) {
        CHECK_THAT(result.at(member).get<std::string>(),
                   Catch::Contains("ANA PEREZ") && Catch::Contains("S/ 5,000.00"));
    }
    CHECK(daemon.get("main", "/query?dni=08408122").json() == result);
    CHECK(daemon.ask("main", "GET", "/query/fnb?dni=%2008408122%20").json() == result);
    CHECK(daemon.get("fnb", "/query?dni=08408122").json() == result);
    CHECK(query(daemon, "11111111").at("return_code") == 1);
    CHECK(query(daemon, "11111111").at("success") == true);
    const HttpReply action =
        daemon.post("admin", "/api/v1/actions/fnb.query", {{"dni", kDni}, {"channel", "fnb"}});
    CHECK(action.body.find("ANA PEREZ") != std::string::npos);
    CHECK(world.upstream.counts().logins == 1);
    CHECK(world.upstream.counts().wrong == 0);
    CHECK(world.upstream.counts().gaso == 0);
}

TEST_CASE("who FNB does not know is asked for at GASO, all measures at once") {
    World world;
    TestDaemon daemon(world.configuration());
    world.upstream.hold("gaso");
    std::thread release([&] {
        // Held requests are answered only when all six have come.
        world.upstream.waitFor([](const auto& counts) { return counts.gaso == 6; });
        world.upstream.release();
    });
    const json result = query(daemon, "22222222");
    release.join();
    CHECK(result.at("channel") == "gaso");
    CHECK(result.at("success") == true);
    CHECK(result.at("return_code") == 0);
    CHECK(result.at("data").at("nombre") == "LUIS GAS");
    CHECK(result.at("data").at("saldo") == 1234.56);
    CHECK(result.at("data").at("direccion") == "Av. Sol 1 - Lima");
    CHECK(result.at("data").at("segmento") == "gaso");

    const json nobody = query(daemon, "99999999");
    CHECK(nobody.at("success") == false);
    CHECK(nobody.at("channel") == "gaso");
    CHECK(nobody.at("return_code") == 1);
    CHECK(nobody.at("data").is_null());
    CHECK_THAT(nobody.at("client_message").get<std::string>(), Catch::Contains("01-555-0000"));
    CHECK(query(daemon, "22222222", "/query/fnb").at("channel") == "fnb");
    CHECK(query(daemon, kDni, "/query/gaso").at("data").at("nombre") == "ANA GASO");
    CHECK(world.upstream.counts().wrong == 0);
}

TEST_CASE("a bad DNI is a 400 problem with a detail") {
    World world;
    TestDaemon daemon(world.configuration());
    const auto refused = [&](const HttpReply& reply, const std::string& detail) {
        INFO(reply.body);
        CHECK(reply.status == 400);
        CHECK(reply.headers.at("content-type") == "application/problem+json");
        CHECK_THAT(reply.json().at("detail").get<std::string>(), Catch::Contains(detail));
    };
    for (const char* bad : {"", "8408122", "084081222", "0840812a", "０８４０８１２２"}) {
        refused(daemon.post("main", "/query", {{"dni", bad}}), "8 dígitos");
    }
    refused(daemon.post("main", "/query", {{"dni", 8408122}}), "comillas");
    refused(daemon.post("main", "/query", {{"dni", nullptr}}), "texto");
    refused(daemon.post("main", "/query", {{"x", kDni}}), "Falta");
    refused(daemon.post("main", "/query/gaso", json::array({kDni})), "objeto JSON");
    refused(daemon.ask("main", "POST", "/query", "{\"dni\":"), "objeto JSON");
    refused(daemon.ask("main", "POST", "/query"), "objeto JSON");
    refused(daemon.get("main", "/query"), "Falta");
    refused(daemon.get("main", "/query/fnb?dni=1"), "8 dígitos");
    CHECK(daemon.ask("main", "OPTIONS", "/query").status == 204);
    CHECK(daemon
              .ask("main", "POST", "/query", "{\"dni\":\" 08408122 \"}",
                   {{"Content-Type", "text/plain"}})
              .status == 200);
    CHECK(daemon.ask("main", "POST", "/query", std::string(20000, ' ')).status == 413);
    CHECK(world.upstream.counts().lookUps == 1);
}

TEST_CASE("an expired session costs one login and one repetition") {
    World world;
    TestDaemon daemon(world.configuration());
    query(daemon, kDni);
    world.upstream.revokeTokens();
    CHECK(query(daemon, kDni).at("channel") == "fnb");
    CHECK(world.upstream.counts().logins == 2);
    CHECK(world.upstream.counts().lookUps == 3);
}

TEST_CASE("a portal that refuses every session makes no storm of logins") {
    World world;
    world.upstream.set([](auto& upstream) {
        upstream.lookUpFault = std::make_unique<UpstreamDouble::Fault>(faultOf(401));
    });
    TestDaemon daemon(world.configuration());
    for (int i = 0; i < 20; ++i) CHECK(query(daemon, kDni).at("channel") == "gaso");
    CHECK(world.upstream.counts().logins <= 5);
}

TEST_CASE("wrong credentials: one login, GASO answers, health says what to do") {
    World world;
    TestDaemon daemon(world.configuration({{"password", "canary-wrong"}}));
    for (int i = 0; i < 10; ++i) CHECK(query(daemon, kDni).at("channel") == "gaso");
    CHECK(query(daemon, kDni, "/query/fnb").at("return_code") == 2);
    CHECK(world.upstream.counts().logins == 1);
    const HttpReply health = daemon.get("fnb", "/health");
    CHECK(health.status == 503);
    CHECK_THAT(health.body, Catch::Contains("check username and password"));
    CHECK(daemon.get("fnb", "/health/gaso").status == 200);
    CHECK_THAT(daemon.get("admin", "/health").body, Catch::Contains("check username and password"));
    CHECK(daemon.log().find("canary-wrong") == std::string::npos);
}

TEST_CASE("whatever the portal breaks with, GASO answers and nothing of it is shown") {
    World world;
    TestDaemon daemon(world.configuration());
    const std::vector<UpstreamDouble::Fault> faults{faultOf(500, "stack-trace-canary"),
                                                    faultOf(502),
                                                    faultOf(503),
                                                    faultOf(404, "{}"),
                                                    faultOf(200, "<html>stack-trace-canary</html>"),
                                                    faultOf(200, "null"),
                                                    faultOf(200, ""),
                                                    faultOf(200, R"({"valid":true,"data":null})"),
                                                    faultOf(200, R"({"valid":true})"),
                                                    faultOf(302, "", {{"Location", "/x"}})};
    for (const auto& fault : faults) {
        INFO(fault.status << " " << fault.body);
        world.upstream.set([&](auto& upstream) {
            upstream.lookUpFault = std::make_unique<UpstreamDouble::Fault>(fault);
        });
        const json result = query(daemon, kDni);
        CHECK(result.at("channel") == "gaso");
        CHECK(result.at("data").at("nombre") == "ANA GASO");
        const json alone = query(daemon, kDni, "/query/fnb");
        CHECK(alone.at("return_code") == 2);
        CHECK(alone.at("success") == false);
        CHECK(alone.at("data").is_null());
        CHECK_THAT(alone.dump(), !Catch::Contains("canary") && !Catch::Contains("127.0.0.1") &&
                                     !Catch::Contains(" 50"));
        // FNB failed and GASO knows nobody: nobody knows.
        CHECK(query(daemon, "99999999").at("return_code") == 2);
    }
    world.upstream.set([](auto& upstream) { upstream.lookUpFault = nullptr; });
    CHECK(daemon.get("fnb", "/health").status == 503);
    CHECK(query(daemon, kDni).at("channel") == "fnb");
    CHECK(daemon.get("fnb", "/health").status == 200);
    CHECK(world.upstream.counts().logins == 1);
    world.upstream.set([](auto& upstream) {
        upstream.gasoFault = std::make_unique<UpstreamDouble::Fault>(faultOf(500));
    });
    CHECK(query(daemon, "22222222").at("return_code") == 2);
    CHECK(daemon.get("fnb", "/health/gaso").status == 503);
}

TEST_CASE("429 stops the whole account for as long as the portal asks") {
    World world;
    TestDaemon daemon(world.configuration());
    query(daemon, kDni);
    world.upstream.set([](auto& upstream) {
        upstream.lookUpFault =
            std::make_unique<UpstreamDouble::Fault>(faultOf(429, "", {{"Retry-After", "300"}}));
    });
    CHECK(query(daemon, kDni).at("channel") == "gaso");
    for (int i = 0; i < 5; ++i)
        CHECK(query(daemon, "11111111", "/query/fnb").at("return_code") == 2);
    CHECK(world.upstream.counts().lookUps == 2);
    CHECK(daemon.get("fnb", "/health").status == 503);
}

TEST_CASE("two hundred equal questions in flight are one look-up") {
    World world;
    TestDaemon daemon(world.configuration());
    query(daemon, kDni);
    world.upstream.hold("lookup");
    const int port = daemon.port("main");
    std::vector<std::thread> clients;
    std::atomic<int> right{0}, sent{0};
    for (int i = 0; i < 200; ++i) {
        clients.emplace_back([&] {
            ++sent;
            const HttpReply reply = totem_test::askHttp(port, "GET", "/query?dni=08408122", {}, {},
                                                        std::chrono::seconds(60));
            if (reply.status == 200 && reply.json().at("data").at("nombre") == "ANA PEREZ") ++right;
        });
    }
    REQUIRE(world.upstream.waitFor([](const auto& counts) { return counts.lookUps >= 2; }));
    // The daemon reads what has come before it answers these.
    while (sent < 200) std::this_thread::yield();
    for (int i = 0; i < 200; ++i) daemon.get("fnb", "/health");
    world.upstream.release();
    for (auto& client : clients) client.join();
    CHECK(right == 200);
    CHECK(world.upstream.counts().lookUps == 2);
}

TEST_CASE("sessions are renewed before their limit of look-ups, never used beyond it") {
    World world;
    TestDaemon daemon(world.configuration({{"max_lookups_per_session", 10}}));
    for (int i = 0; i < 60; ++i) CHECK(query(daemon, kDni).at("channel") == "fnb");
    const auto counts = world.upstream.counts();
    CHECK(counts.usesOfToken.size() >= 6);
    for (const auto& [token, uses] : counts.usesOfToken) CHECK(uses <= 10);
    CHECK(counts.wrong == 0);
}

TEST_CASE("a session is renewed in the background before it expires") {
    World world;
    world.upstream.tokenLifeS = 5;
    TestDaemon daemon(world.configuration());
    CHECK(world.upstream.waitFor([](const auto& counts) { return counts.logins >= 2; }));
    CHECK(query(daemon, kDni).at("channel") == "fnb");
}

TEST_CASE("a login that is under way when the daemon is killed blocks nobody afterwards") {
    World world;
    world.upstream.hold("login");
    TestDaemon daemon(world.configuration());
    REQUIRE(world.upstream.waitFor([](const auto& counts) { return counts.logins == 1; }));
    daemon.kill();
    world.upstream.release();
    daemon.start();
    CHECK(query(daemon, kDni).at("channel") == "fnb");
}

TEST_CASE("a reload during a login waits for it and shares its session") {
    World world;
    world.upstream.hold("login");
    TestDaemon daemon(world.configuration());
    REQUIRE(world.upstream.waitFor([](const auto& counts) { return counts.logins == 1; }));
    const std::size_t before = daemon.log().size();
    std::thread release([&] {
        daemon.waitForLog("\"plugin.started\"", before);
        world.upstream.release();
    });
    CHECK(daemon.reload(world.configuration({{"support_phone", "01-444"}})));
    world.upstream.release();
    release.join();
    CHECK(query(daemon, kDni).at("channel") == "fnb");
    CHECK(world.upstream.counts().logins == 1);
}

TEST_CASE("results are cached, found and not found; failures never") {
    World world;
    TestDaemon daemon(world.configuration({{"result_cache_s", 300}, {"not_found_cache_s", 300}}));
    world.upstream.set([](auto& upstream) {
        upstream.lookUpFault = std::make_unique<UpstreamDouble::Fault>(faultOf(500));
    });
    CHECK(query(daemon, kDni, "/query/fnb").at("return_code") == 2);
    world.upstream.set([](auto& upstream) { upstream.lookUpFault = nullptr; });
    const json first = query(daemon, kDni);
    CHECK(first.at("return_code") == 0);
    CHECK(query(daemon, kDni) == first);
    CHECK(world.upstream.counts().lookUps == 2);
    for (int i = 0; i < 3; ++i) CHECK(query(daemon, "99999999").at("return_code") == 1);
    CHECK(world.upstream.counts().lookUps == 3);
}

TEST_CASE("beyond concurrency and queue a look-up goes to GASO at once") {
    World world;
    TestDaemon daemon(world.configuration({{"concurrency", 1}, {"queue", 0}}));
    query(daemon, kDni);
    world.upstream.hold("lookup");
    std::thread first([&] { daemon.post("main", "/query", {{"dni", "11111111"}}); });
    REQUIRE(world.upstream.waitFor([](const auto& counts) { return counts.lookUps == 2; }));
    CHECK(query(daemon, kDni).at("channel") == "gaso");
    world.upstream.release();
    first.join();
    CHECK(world.upstream.counts().lookUps == 2);
}

TEST_CASE("the rate limit spreads look-ups over seconds and loses none") {
    World world;
    TestDaemon daemon(world.configuration({{"rate_limit_per_s", 5}}));
    std::vector<std::thread> clients;
    std::atomic<int> right{0};
    for (int i = 0; i < 12; ++i) {
        const std::string dni = std::to_string(30000000 + i);
        world.upstream.set([&](auto& upstream) {
            upstream.clients[dni] = {{"nombre", "X"}, {"lineaCredito", 1}};
        });
        clients.emplace_back([&daemon, &right, dni] {
            if (daemon.post("main", "/query", {{"dni", dni}}).body.find("\"channel\":\"fnb\"") !=
                std::string::npos)
                ++right;
        });
    }
    for (auto& client : clients) client.join();
    CHECK(right == 12);
    const auto times = world.upstream.counts().lookUpTimes;
    REQUIRE(times.size() == 12);
    CHECK(times.back() - times.front() >= std::chrono::milliseconds(900));
}

TEST_CASE("the log shows no DNI, no password and no token") {
    World world;
    TestDaemon daemon(world.configuration());
    query(daemon, kDni);
    world.upstream.set([](auto& upstream) {
        upstream.lookUpFault = std::make_unique<UpstreamDouble::Fault>(faultOf(500, kDni));
    });
    query(daemon, kDni);
    query(daemon, "22222222");
    CHECK(daemon.waitForLog("222****2"));
    CHECK(daemon.stop() == 0);
    const std::string log = daemon.log();
    CHECK(log.find("084****2") != std::string::npos);
    for (const char* canary : {"08408122", "22222222", "canary", "key-1", "ANA PEREZ"}) {
        INFO(canary);
        CHECK(log.find(canary) == std::string::npos);
    }
}

TEST_CASE(
    "the plugin's own listener has health, a description and an index; the main one has not") {
    World world;
    TestDaemon daemon(world.configuration());
    query(daemon, kDni);
    CHECK(daemon.get("fnb", "/health").json().at("status") == "healthy");
    CHECK(daemon.get("fnb", "/health").json().at("portal").at("state") == "healthy");
    CHECK(daemon.get("fnb", "/openapi.json").json().at("paths").contains("/query"));
    CHECK(daemon.get("fnb", "/").status == 200);
    for (const char* path : {"/health", "/health/gaso", "/openapi.json", "/"})
        CHECK(daemon.get("main", path).status == 404);
}

TEST_CASE("a portal that is not there: GASO answers, the daemon ends cleanly") {
    World world;
    TestDaemon daemon(world.configuration({{"base_url", "http://127.0.0.1:1"}}));
    CHECK(query(daemon, kDni).at("channel") == "gaso");
    CHECK(query(daemon, kDni, "/query/fnb").at("return_code") == 2);
    CHECK(daemon.stop() == 0);
}
