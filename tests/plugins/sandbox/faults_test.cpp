#include "plugins/sandbox/harness.hpp"
#include "world/world.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <thread>

using namespace sandbox_test;
using totem_sandbox::World;

namespace {

struct Switched {
    explicit Switched(json settings = World::demo()) : world(settings) { world.start(); }
    Answer fault(const json& body) {
        return request(world.ports().page, "POST", "/faults", {}, body);
    }
    Answer health() { return request(world.ports().chatwoot, "GET", "/health"); }
    json log(const std::string& query = "") {
        return request(world.ports().page, "GET", "/log" + query).value();
    }
    World world;
};

}  // namespace

TEST_CASE("a fault is counted, described and switched off") {
    Switched s;
    CHECK(s.fault({{"service", "chatwoot"}, {"status", 503}, {"count", 2}}).status == 200);
    CHECK(s.health().status == 503);
    CHECK(request(s.world.ports().page, "GET", "/faults").value()["chatwoot"]["count"] == 1);
    CHECK(s.health().status == 503);
    CHECK(s.health().status == 200);
    s.fault({{"service", "chatwoot"}, {"status", 429}, {"retry_after", 7}});
    const Answer throttled = s.health();
    CHECK(throttled.status == 429);
    CHECK(throttled.body == "Retry later\n");
    CHECK(throttled.headers.at("retry-after") == "7");
    s.fault({{"service", "chatwoot"}});
    CHECK(s.health().status == 200);
}

TEST_CASE("a bad fault is refused and names its member") {
    Switched s(json{{"page", json::object()}});
    CHECK(s.fault({{"service", "redis"}})
              .value()["error"]
              .get<std::string>()
              .find("service: expected") == 0);
    CHECK(s.fault({{"service", "fnb"}, {"latnecy_ms", 3}}).value()["error"] ==
          "latnecy_ms: unknown member");
    CHECK(s.fault({{"service", "fnb"}, {"reset", "now"}}).status == 400);
    CHECK(s.fault({{"service", "fnb"}, {"status", "x"}}).status == 400);
    CHECK(request(s.world.ports().page, "GET", "/nothing").status == 404);
    CHECK(request(s.world.ports().page, "POST", "/faults", {{"Origin", "http://evil.example"}},
                  {{"service", "fnb"}})
              .status == 403);
}

TEST_CASE("a connection is reset before the effect, after it, or in the middle of the answer") {
    Switched s;
    const int port = s.world.ports().chatwoot;
    const auto post = [&] {
        return request(port, "POST", "/api/v1/accounts/1/contacts",
                       {{"Api-Access-Token", "sandbox-user-token"}},
                       {{"name", "A"}, {"email", "a@x.pe"}})
            .status;
    };
    const auto contacts = [&] {
        return request(port, "GET", "/api/v1/accounts/1/contacts/search?q=a%40x.pe",
                       {{"Api-Access-Token", "sandbox-user-token"}})
            .value()["payload"]
            .size();
    };
    s.fault({{"service", "chatwoot"}, {"reset", "before"}, {"count", 1}});
    CHECK(post() == 0);
    CHECK(contacts() == 0);
    s.fault({{"service", "chatwoot"}, {"reset", "after_effect"}, {"count", 1}});
    CHECK(post() == 0);
    CHECK(contacts() == 1);
    s.fault({{"service", "chatwoot"}, {"reset", "after_headers"}, {"count", 1}, {"match", "/api"}});
    CHECK(request(port, "GET", "/api").status == 0);
    CHECK(s.health().status == 200);
}

TEST_CASE("an answer drips and a slow one waits") {
    Switched s;
    s.fault({{"service", "chatwoot"}, {"drip", true}, {"drip_ms", 1}, {"count", 1}});
    CHECK(s.health().value()["status"] == "woot");
    s.fault({{"service", "chatwoot"}, {"latency_ms", 30}, {"count", 1}});
    s.health();
    const json entry = s.log("?service=chatwoot")["entries"].back();
    CHECK(entry["took_us"] >= 30000);
    CHECK(entry["detail"].get<std::string>().find("latency") != std::string::npos);
}

TEST_CASE("the world stops at once while somebody waits for a slow answer") {
    auto s = std::make_unique<Switched>();
    s->fault({{"service", "chatwoot"}, {"latency_ms", 60000}});
    const int port = s->world.ports().chatwoot;
    Answer answer;
    std::thread waiting([&] { answer = request(port, "GET", "/health"); });
    s.reset();
    waiting.join();
    SUCCEED();
}

TEST_CASE("webhooks repeat with the same and with new delivery ids") {
    Receiver receiver;
    json settings = World::demo();
    settings["chatwoot"] = {
        {"webhooks", {{{"url", receiver.url()}, {"subscriptions", {"contact_created"}}}}}};
    Switched s(settings);
    s.fault({{"service", "chatwoot"}, {"repeat_webhooks", 2}});
    request(s.world.ports().chatwoot, "POST", "/api/v1/accounts/1/contacts",
            {{"Api-Access-Token", "sandbox-user-token"}}, {{"name", "A"}});
    const auto all = receiver.wait(3);
    REQUIRE(all.size() == 3);
    std::map<std::string, int> ids;
    for (const Received& r : all) ++ids[r.header("x-chatwoot-delivery")];
    CHECK(ids.size() == 2);
}

TEST_CASE("everything that went over a wire is in the log, bounded") {
    Switched s(
        json{{"chatwoot", json::object()}, {"page", json::object()}, {"log", {{"entries", 5}}}});
    for (int i = 0; i < 9; ++i) s.health();
    const json log = s.log();
    CHECK(log["entries"].size() == 5);
    CHECK(log["last"] == 9);
    CHECK(log["entries"][4]["seq"] == 9);
    CHECK(log["entries"][4]["target"] == "/health");
    CHECK(log["entries"][4]["status"] == 200);
    CHECK(s.log("?after=8")["entries"].size() == 1);
    CHECK(s.log("?after=x").contains("error"));
}

TEST_CASE("people are added, changed and removed while the world runs") {
    Switched s;
    const int page = s.world.ports().page;
    CHECK(request(page, "POST", "/people", {},
                  {{"dni", "11111111"}, {"name", "Z"}, {"credit_line", 1}})
              .status == 200);
    CHECK(request(page, "GET", "/people").value()["fnb"].size() == 3);
    CHECK(request(page, "POST", "/people", {}, {{"dni", 11111111}}).status == 400);
    CHECK(request(page, "POST", "/people", {},
                  {{"service", "gaso"}, {"dni", "10203040"}, {"remove", true}})
              .status == 200);
    CHECK(request(page, "GET", "/people").value()["gaso"].size() == 1);
    CHECK(request(page, "POST", "/reset").status == 200);
    CHECK(request(page, "GET", "/people").value()["fnb"].size() == 2);
}

TEST_CASE("a wrong setting is named") {
    struct Row {
        json config;
        const char* message;
    };
    const Row rows[] = {
        {{{"chatwot", json::object()}}, "chatwot: unknown section"},
        {{{"chatwoot", {{"adress", "x"}}}}, "chatwoot.adress: unknown"},
        {{{"fnb", {{"latency_ms", "x"}}}}, "fnb.latency_ms: has the wrong type"},
        {{{"evolution", {{"bridge", true}}}}, "evolution.bridge: needs the section chatwoot"}};
    for (const Row& row : rows) CHECK_THROWS_WITH(World(row.config), row.message);
}
