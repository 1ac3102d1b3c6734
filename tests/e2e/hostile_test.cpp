// Bytes that nobody should send, to every route of every plugin: a clear refusal, no crash, steady memory.

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "e2e/demo.hpp"
#include "e2e/hostile.hpp"
#include "e2e/stand_in.hpp"
#include "host/http/raw_client.hpp"

using Catch::Contains;
using nlohmann::json;
using totem_test::HttpReply;
using totem_test::merged;
using totem_test::pollUntil;
using totem_test::reply;
using totem_test::StandIn;
using totem_test::TestDaemon;
using totemd::test::RawClient;
using namespace std::chrono_literals;

namespace {

const std::string kNowhere = "http://127.0.0.1:1";

/// Every plugin of the build with settings that let everything in, and a flow that gives back what
/// it was sent.
json everything() {
    return {{"listeners",
             {{"fnb", {{"address", "127.0.0.1:0"}, {"plugins", {"fnb"}}}},
              {"images", {{"address", "127.0.0.1:0"}, {"plugins", {"images"}}}}}},
            {"log", {{"level", "info"}}},
            {"plugins",
             {{"flows", {{"config", {{"directory", TOTEM_TEST_WORKFLOWS "/echo"}}}}},
              {"chatwoot",
               {{"config",
                 {{"base_url", kNowhere}, {"account_id", 1}, {"api_access_token", "token"}}}}},
              {"evolution", {{"config", {{"base_url", kNowhere}}}}},
              {"fnb",
               {{"config", {{"base_url", kNowhere}, {"username", "u"}, {"password", "p"}}}}},
              {"images", {{"config", {{"root", "/usr/share"}}}}}}}};
}

struct RouteOf {
    std::string listener;
    std::string path;
    std::vector<std::string> methods;
};

/// The routes that the manifests of the enabled plugins declare, and those of the admin listener.
std::vector<RouteOf> routesOf(const TestDaemon& daemon) {
    std::vector<RouteOf> routes;
    const json plugins = daemon.get("admin", "/api/v1/plugins").json();
    for (const json& plugin : plugins.at("plugins")) {
        const std::string id = plugin.at("id");
        std::ifstream file(totem_test::pluginFolder() / id / "plugin.json");
        const json manifest = json::parse(file);
        for (const json& route : manifest.value("routes", json::array())) {
            std::string path = route.at("path");
            if (path.back() == '*') path = path.substr(0, path.size() - 1) + "echo";
            const bool own = id == "fnb" || id == "images";
            routes.push_back(
                {own ? id : "main", path, route.value("methods", std::vector<std::string>{"GET"})});
        }
    }
    for (const char* path : {"/api/v1/reload", "/api/v1/forget", "/api/v1/requests/replay",
                             "/api/v1/events/1/replay", "/api/v1/upstreams/x/reset"}) {
        routes.push_back({"admin", path, {"POST"}});
    }
    routes.push_back({"admin", "/api/v1/log/flows", {"PUT"}});
    const json actions = daemon.get("admin", "/api/v1/actions").json();
    for (const json& action : actions.at("actions")) {
        routes.push_back(
            {"admin", "/api/v1/actions/" + action.at("name").get<std::string>(), {"POST"}});
    }
    return routes;
}

long residentMb(int pid) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(status, line);) {
        if (line.rfind("VmRSS:", 0) == 0) return std::strtol(line.c_str() + 6, nullptr, 10) / 1024;
    }
    return 0;
}

bool alive(const TestDaemon& daemon, int pid) {
    return daemon.pid() == pid && daemon.get("admin", "/healthz").status == 200;
}

}  // namespace

TEST_CASE("no body in no route of any plugin is answered with an internal error") {
    TestDaemon daemon(everything());
    const int pid = daemon.pid();
    const std::vector<RouteOf> routes = routesOf(daemon);
    CHECK(routes.size() > 20);
    long afterFirst = 0;
    for (int round = 0; round < 3; ++round) {
        for (const RouteOf& route : routes) {
            for (const std::string& method : route.methods) {
                if (method == "GET" || method == "HEAD" || method == "OPTIONS") continue;
                for (const auto& [type, body] : hostile::bodies()) {
                    const HttpReply answer =
                        daemon.ask(route.listener, method, route.path, body,
                                   {{"Content-Type", type}});
                    INFO(method << " " << route.path << " " << type << " "
                                << body.substr(0, 60) << " → " << answer.body.substr(0, 200));
                    if (answer.status == 0 || answer.status == 500) CHECK(answer.status == 400);
                }
            }
        }
        REQUIRE(alive(daemon, pid));
        if (round == 0) afterFirst = residentMb(pid);
    }
    if (!TOTEM_TEST_SANITIZED) CHECK(residentMb(pid) < afterFirst + 24);
    CHECK(daemon.log().find("plugin.crashed") == std::string::npos);
}

TEST_CASE("a webhook whose members have any type but the right one is accepted or refused") {
    TestDaemon daemon(everything());
    const int pid = daemon.pid();
    const json chatwoot{{"event", "message_created"},
                        {"id", 1},
                        {"content", "hola"},
                        {"message_type", "incoming"},
                        {"private", false},
                        {"content_attributes", {{"in_reply_to", 5}}},
                        {"account", {{"id", 1}, {"name", "Totem"}}},
                        {"inbox", {{"id", 5}}},
                        {"conversation",
                         {{"id", 812},
                          {"status", "open"},
                          {"meta", {{"sender", {{"id", 1}}}, {"assignee", nullptr}}}}},
                        {"attachments", {{{"file_type", "image"}, {"data_url", "http://x/y"}}}},
                        {"sender", {{"id", 77}, {"name", "Ana"}, {"type", "contact"}}}};
    const json evolution{{"event", "messages.upsert"},
                         {"instance", "totem"},
                         {"data",
                          {{"key",
                            {{"remoteJid", "51911111111@s.whatsapp.net"},
                             {"remoteJidAlt", "5@lid"},
                             {"fromMe", false},
                             {"id", "K"}}},
                           {"pushName", "Rosa"},
                           {"message",
                            {{"conversation", "hola"}, {"imageMessage", {{"caption", "x"}}}}},
                           {"contextInfo", {{"quotedMessage", {{"conversation", "y"}}}}},
                           {"messageType", "conversation"},
                           {"messageTimestamp", 1772359200}}},
                         {"date_time", "2026-03-01T10:00:00.000Z"},
                         {"sender", "51900000009@s.whatsapp.net"},
                         {"apikey", "k"}};
    const auto postAll = [&](const char* path, const json& good) {
        for (const json& bad : hostile::wrongTypes(good)) {
            const HttpReply answer = daemon.post("main", path, bad);
            INFO(path << " " << bad.dump() << " → " << answer.status << " " << answer.body);
            if (answer.status < 200 || answer.status >= 500) CHECK(answer.status == 400);
        }
    };
    postAll("/webhook/chatwoot", chatwoot);
    postAll("/webhook/evolution", evolution);
    postAll("/webhook/echo", {{"a", {{"b", {1, "x", nullptr}}}}});
    postAll("/query", {{"dni", "0840812"}});
    REQUIRE(alive(daemon, pid));
    CHECK(pollUntil(60s, [&] {
        return daemon.get("admin", "/api/v1/events?state=open").json().at("events").empty();
    }));
}

TEST_CASE("no shape of a request smuggles another one past the daemon") {
    TestDaemon daemon(everything());
    const int pid = daemon.pid();
    for (const RouteOf& route : routesOf(daemon)) {
        const std::string& method = route.methods.back();
        for (const auto& [name, bytes] : hostile::requests(method, route.path)) {
            RawClient client(static_cast<std::uint16_t>(daemon.port(route.listener)));
            client.send(bytes);
            const RawClient::Answer answer = client.read();
            INFO(name << " to " << method << " " << route.path << " → " << answer.head);
            const bool refused =
                (answer.status >= 400 && answer.status < 500) || answer.status == 501 ||
                answer.status == 505 || answer.status == 0;
            if (!refused) CHECK(answer.status == 400);
            if (!client.closed()) FAIL_CHECK("the connection goes on after a malformed request");
        }
    }
    CHECK(alive(daemon, pid));
}

TEST_CASE("bodies of 100 MB are refused before they cost anything") {
    TestDaemon daemon(everything());
    const int pid = daemon.pid();
    const long before = residentMb(pid);
    constexpr std::size_t kSize = 100 << 20;
    const std::string piece(1 << 20, 'x');
    for (const char* path : {"/webhook/chatwoot", "/webhook/evolution", "/webhook/echo", "/query"}) {
        INFO(path);
        const std::string head =
            std::string("POST ") + path +
            " HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
        RawClient told(static_cast<std::uint16_t>(daemon.port(path[1] == 'q' ? "fnb" : "main")));
        told.send(head + "Content-Length: " + std::to_string(kSize) + "\r\n\r\n");
        CHECK(told.read().status == 413);

        RawClient untold(static_cast<std::uint16_t>(daemon.port(path[1] == 'q' ? "fnb" : "main")));
        bool open = untold.send(head + "Transfer-Encoding: chunked\r\n\r\n");
        for (std::size_t sent = 0; open && sent < kSize; sent += piece.size()) {
            open = untold.send("100000\r\n" + piece + "\r\n");
        }
        // The refusal is there, or lost in the reset that ends a connection nobody reads any more.
        const int status = untold.read().status;
        CHECK((status == 413 || status == 0));
        CHECK(residentMb(pid) < before + 64);
    }
    CHECK(alive(daemon, pid));
}

TEST_CASE("secrets and DNIs are in no log and in no overview") {
    // A desk that says the token and the DNI back is what a careless upstream does.
    StandIn desk([](const StandIn::Request& request) {
        const auto token = request.headers.find("api_access_token");
        return reply(500, "denied: " + (token == request.headers.end() ? "" : token->second) +
                              " dni 08408122 " + request.body);
    });
    const std::vector<std::string> canaries{
        "canary-user-token", "canary-bot-token",   "canary-webhook-secret", "canary-evolution-key",
        "canary-header",     "canary-credential",  "canary-environment",    "canary-password",
        "canary-resource",   "canary-admin-token", "canary-path-secret",    "08408122"};
    const json changes{
        {"listeners", {{"admin", {{"token", "canary-admin-token"}}}}},
        {"log", {{"level", "debug"}}},
        {"plugins",
         {{"chatwoot",
           {{"config",
             {{"base_url", desk.url()},
              {"api_access_token", "canary-user-token"},
              {"bot_token", "canary-bot-token"},
              {"webhook_secret", "canary-webhook-secret"},
              {"path_secret", "canary-path-secret"}}}}},
          {"evolution",
           {{"config",
             {{"base_url", desk.url()},
              {"api_key", "canary-evolution-key"},
              {"instances", {"totem"}},
              {"webhook_header", {{"name", "X-Hook"}, {"value", "canary-header"}}}}}}},
          {"fnb",
           {{"config",
             {{"base_url", desk.url()},
              {"password", "canary-password"},
              {"gaso", {{"url", desk.url()}, {"resource_key", "canary-resource"}}}}}}},
          {"flows",
           {{"config",
             {{"directory", TOTEM_SOURCE_FLOWS},
              {"executions", "all"},
              {"env", {{"TOKEN", "canary-environment"}}},
              {"credentials",
               {{"one", {{"type", "bearer"}, {"value", "canary-credential"}}}}}}}}}}}};
    TestDaemon daemon(merged(everything(), changes));
    const json message{{"event", "message_created"},
                       {"id", 1},
                       {"content", "mi dni 08408122"},
                       {"message_type", "incoming"},
                       {"account", {{"id", 1}}},
                       {"conversation", {{"id", 812}, {"status", "pending"}}},
                       {"sender", {{"id", 77}, {"name", "Ana"}}}};
    const json upsert{{"event", "messages.upsert"},
                      {"instance", "totem"},
                      {"data",
                       {{"key",
                         {{"remoteJid", "51911111111@s.whatsapp.net"},
                          {"fromMe", false},
                          {"id", "K"}}},
                        {"message", {{"conversation", "mi dni 08408122"}}},
                        {"messageType", "conversation"}}}};
    const std::vector<std::pair<std::string, std::string>> plain{
        {"Content-Type", "application/json"}};
    const auto post = [&](const std::string& path, const std::string& body,
                          std::vector<std::pair<std::string, std::string>> headers) {
        headers.insert(headers.end(), plain.begin(), plain.end());
        return daemon.ask(path == "/query" ? "fnb" : "main", "POST", path, body, headers).status;
    };
    CHECK(post("/webhook/chatwoot", message.dump(), {}) == 401);
    CHECK(post("/webhook/chatwoot/canary-path-secret", message.dump(), {}) == 200);
    CHECK(post("/webhook/chatwoot/canary-path-secret", "{\"dni\": \"08408122\"", {}) == 400);
    CHECK(post("/webhook/evolution", upsert.dump(), {}) == 401);
    CHECK(post("/webhook/evolution", upsert.dump(), {{"X-Hook", "canary-header"}}) == 200);
    CHECK(post("/webhook/evolution", "08408122", {{"X-Hook", "canary-header"}}) == 400);
    CHECK(post("/query", R"({"dni": "08408122"})", {}) == 200);
    CHECK(post("/query", R"({"dni": 08408122})", {}) == 400);
    daemon.get("fnb", "/query?dni=08408122");
    daemon.get("main", "/webhook/08408122?token=canary-environment");

    const std::vector<std::pair<std::string, std::string>> admin{
        {"Authorization", "Bearer canary-admin-token"}, {"Content-Type", "application/json"}};
    const auto read = [&](const std::string& path) {
        return daemon.ask("admin", "GET", path, {}, admin);
    };
    CHECK(daemon.get("admin", "/api/v1/events").status == 401);
    // The answers wait for a desk that is only ever unwell: the events stay open.
    REQUIRE(pollUntil(60s, [&] { return desk.requestCount() > 6; }));
    daemon.ask("admin", "POST", "/api/v1/actions/chatwoot.send_message",
               R"({"conversation": 812, "text": "08408122"})", admin);
    daemon.ask("admin", "POST", "/api/v1/actions/fnb.query", R"({"dni": "08408122"})", admin);
    daemon.ask("admin", "POST", "/api/v1/actions/fnb.query", R"({"dni": 8408122})", admin);

    std::string event;
    std::string overviews;
    const json received = read("/api/v1/events?type=message.received").json();
    for (const json& row : received.at("events")) {
        event = row.at("id");
        overviews += read("/api/v1/trace/" + row.at("seq").dump()).body;
    }
    CHECK(!event.empty());
    for (const char* path :
         {"/health", "/metrics", "/openapi.json", "/api/v1/plugins", "/api/v1/commands",
          "/api/v1/actions", "/api/v1/events", "/api/v1/effects", "/api/v1/requests",
          "/api/v1/dead-letters", "/api/v1/log"}) {
        const HttpReply answer = read(path);
        INFO(path);
        CHECK(answer.status == 200);
        for (const std::string& canary : canaries) {
            INFO(canary);
            CHECK(answer.body.find(canary) == std::string::npos);
        }
    }
    daemon.stop();
    const std::string log = daemon.log();
    for (const std::string& canary : canaries) {
        INFO(canary);
        CHECK(overviews.find(canary) == std::string::npos);
        const std::size_t at = log.find(canary);
        if (at != std::string::npos) FAIL_CHECK(log.substr(at > 300 ? at - 300 : 0, 500));
    }
    CHECK_THAT(log, Contains("login.failed"));
}
