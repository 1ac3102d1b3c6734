// Workflows as n8n exports them, driven and answered over HTTP as n8n's callers and services would.

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "e2e/demo.hpp"
#include "e2e/stand_in.hpp"

using Catch::Contains;
using nlohmann::json;
using totem_test::Demo;
using totem_test::DemoPorts;
using totem_test::HttpReply;
using totem_test::merged;
using totem_test::reply;
using totem_test::StandIn;
using totem_test::TestDaemon;

namespace {

const std::string kPhone = "51987654321";

/// A folder of workflows for one test.
class Workflows {
public:
    Workflows() {
        std::string name =
            (std::filesystem::temp_directory_path() / "totem-flows-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder for workflows");
        folder_ = name;
    }
    ~Workflows() { std::filesystem::remove_all(folder_); }
    Workflows(const Workflows&) = delete;
    Workflows& operator=(const Workflows&) = delete;

    Workflows& add(const json& workflow) {
        std::ofstream(folder_ / (std::to_string(++count_) + ".json")) << workflow.dump();
        return *this;
    }
    json settings(const json& more = json::object()) const {
        return {{"flows",
                 {{"enabled", true},
                  {"config", merged({{"directory", folder_.string()}}, more)}}}};
    }

private:
    std::filesystem::path folder_;
    int count_ = 0;
};

std::string contentOf(const std::string& file) {
    std::ifstream stream(std::string(TOTEM_TEST_WORKFLOWS) + "/" + file);
    return {std::istreambuf_iterator<char>(stream), {}};
}

json node(const std::string& name, const std::string& type, double version,
          const json& parameters = json::object(), const json& more = json::object()) {
    return merged({{"id", name},
                   {"name", name},
                   {"type", "n8n-nodes-base." + type},
                   {"typeVersion", version},
                   {"position", {0, 0}},
                   {"parameters", parameters}},
                  more);
}

/// The nodes one after the other; the id is the first node's path.
json chain(const std::vector<json>& nodes) {
    json connections = json::object();
    for (std::size_t i = 0; i + 1 < nodes.size(); ++i) {
        const json next{{"node", nodes[i + 1].at("name")}, {"type", "main"}, {"index", 0}};
        connections[nodes[i].at("name").get<std::string>()]["main"] =
            json::array({json::array({next})});
    }
    return {{"id", nodes[0].at("parameters").at("path")},
            {"name", nodes[0].at("parameters").at("path")},
            {"active", true},
            {"nodes", nodes},
            {"connections", connections},
            {"settings", {{"executionOrder", "v1"}}}};
}

json webhook(const std::string& path, const std::string& mode = {},
             const json& more = json::object()) {
    json parameters{{"path", path}, {"httpMethod", "POST"}, {"options", json::object()}};
    if (!mode.empty()) parameters["responseMode"] = mode;
    return node("Webhook", "webhook", 2, merged(parameters, more),
                {{"webhookId", "f0000000-0000-4000-8000-000000000001"}});
}

json code(const std::string& js, const json& more = json::object()) {
    return node("Code", "code", 2, {{"jsCode", js}}, more);
}

HttpReply call(const TestDaemon& daemon, const std::string& path, const json& body = json::object()) {
    return daemon.post("main", "/webhook/" + path, body);
}

json chatwootMessage(const std::string& content) {
    return {{"event", "message_created"},
            {"id", 1001},
            {"content", content},
            {"message_type", "incoming"},
            {"private", false},
            {"account", {{"id", 3}, {"name", "Totem"}}},
            {"conversation", {{"id", 812}, {"inbox_id", 5}, {"status", "open"}}},
            {"sender", {{"id", 77}, {"name", "Ana"}, {"phone_number", "+51987654321"}}}};
}

}  // namespace

TEST_CASE("an exported workflow is imported unchanged and answers as in n8n") {
    StandIn portal([](const StandIn::Request&) {
        return reply(200, R"({"nombre": "ANA PEREZ", "deuda": 152.4})");
    });
    StandIn desk([](const StandIn::Request&) { return reply(200, R"({"id": 4711})"); });
    Workflows folder;
    TestDaemon daemon(
        {{"upstream",
          {{"connect_to",
            {{"127.0.0.1:9501", "127.0.0.1:" + std::to_string(portal.port())},
             {"127.0.0.1:9502", "127.0.0.1:" + std::to_string(desk.port())}}}}},
         {"plugins", folder.settings()}});
    CHECK(call(daemon, "bar-dni", chatwootMessage("hola")).status == 404);
    const HttpReply imported =
        daemon.post("admin", "/api/v1/actions/flows.import",
                    {{"workflow", contentOf("b_dni.json")}, {"activate", true}});
    INFO(imported.body);
    REQUIRE(imported.status == 200);

    const HttpReply done = call(daemon, "bar-dni", chatwootMessage("mi dni es 45678912 gracias"));
    CHECK(done.status == 200);
    CHECK(done.json() == json{{"ok", true}, {"dni", "45678912"}, {"message", 4711}});
    CHECK_THAT(done.headers.at("content-type"), Contains("application/json"));
    REQUIRE(portal.requestCount() == 1);
    CHECK(portal.requests()[0].method + " " + portal.requests()[0].target == "POST /query");
    CHECK(json::parse(portal.requests()[0].body) == json{{"dni", "45678912"}});
    CHECK(portal.requests()[0].headers.at("host") == "127.0.0.1:9501");
    REQUIRE(desk.requestCount() == 1);
    CHECK(desk.requests()[0].target == "/api/v1/accounts/3/conversations/812/messages");
    CHECK(desk.requests()[0].headers.at("api_access_token") == "bar-token");
    CHECK(json::parse(desk.requests()[0].body) == json{{"content", "Ana: ANA PEREZ - S/ 152.40"},
                                                       {"message_type", "outgoing"},
                                                       {"private", false}});

    CHECK(call(daemon, "bar-dni", chatwootMessage("hola")).json() ==
          json{{"ok", true}, {"asked", true}, {"message", 4711}});
    CHECK(json::parse(desk.requests()[1].body).at("content") ==
          "Hola Ana, envíe su DNI de 8 dígitos.");
    json note = chatwootMessage("08408122");
    note["message_type"] = "outgoing";
    CHECK(call(daemon, "bar-dni", note).json() == json{{"ok", true}, {"ignored", true}});
    CHECK(portal.requestCount() == 1);
}

TEST_CASE("a flow that knows its services by the names of a compose file answers the phone") {
    const DemoPorts ports;
    Workflows folder;
    folder.add(json::parse(contentOf("calidda_bot.json")));
    const std::string desk = "127.0.0.1:" + std::to_string(ports.chatwoot);
    const json hook{{"url", "http://127.0.0.1:" + std::to_string(ports.main) + "/webhook/calidda-bot"},
                    {"subscriptions", {"message_created"}}};
    json plugins = folder.settings({{"env", {{"CHATWOOT_API_TOKEN", "sandbox-user-token"}}}});
    plugins["chatwoot"]["enabled"] = false;
    plugins["evolution"]["enabled"] = false;
    plugins["sandbox"]["config"] = {
        {"chatwoot", {{"webhooks", json::array({hook})}, {"agent_bot", nullptr}}},
        {"evolution", {{"webhook", nullptr}}}};
    Demo demo({{"listeners", {{"fnb", {{"address", "127.0.0.1:0"}, {"plugins", {"fnb"}}}}}},
               {"upstream",
                {{"connect_to", {{"calidda-api:5000", "listener:fnb"}, {"chatwoot-web:3000", desk}}}}},
               {"plugins", plugins}},
              Demo::kInside, ports);
    CHECK(demo.sandbox().ask(kPhone, "buenas") == "Hola Ana Torres, envíame tu DNI");
    CHECK_THAT(demo.sandbox().ask(kPhone, "es el 08408122"),
               Contains("MARIA ELENA QUISPE ROJAS") && Contains("S/ 5,000.00"));
    REQUIRE(demo.waitUntilHandled());
    CHECK(demo.sandbox().received(kPhone).size() == 2);
    CHECK(demo.events("state=dead").empty());
}

TEST_CASE("webhooks answer at their edges as n8n does") {
    StandIn service([](const StandIn::Request&) { return reply(401, R"({"error":"no"})"); });
    Workflows folder;
    folder.add(chain({webhook("now")}));
    folder.add(chain({webhook("now-text", {},
                              {{"options",
                                {{"responseData", "recibido"},
                                 {"responseCode", {{"values", {{"responseCode", 201}}}}}}}})}));
    folder.add(chain({webhook("last", "lastNode"),
                      code("return [{json: {a: 1}}, {json: {a: 2}}]")}));
    folder.add(chain({webhook("last-all", "lastNode", {{"responseData", "allEntries"}}),
                      code("return [{json: {a: 1}}, {json: {a: 2}}]")}));
    folder.add(chain({webhook("last-none", "lastNode"), code("return []")}));
    folder.add(chain({webhook("last-throws", "lastNode"), code("throw new Error('boom')")}));
    folder.add(chain({webhook("last-caught", "lastNode"),
                      code("throw new Error('boom')", {{"onError", "continueRegularOutput"}})}));
    folder.add(chain({webhook("node-throws", "responseNode"), code("throw new Error('boom')"),
                      node("Respond", "respondToWebhook", 1.1)}));
    folder.add(chain({webhook("node-never", "responseNode"), code("return []"),
                      node("Respond", "respondToWebhook", 1.1)}));
    folder.add(chain({webhook("item", "lastNode")}));
    folder.add(chain({webhook("p/:id/x", "lastNode")}));
    folder.add(chain(
        {webhook("refused-call", "lastNode"),
         node("Call", "httpRequest", 4.2, {{"url", service.url() + "/x"}, {"options", json::object()}},
              {{"onError", "continueRegularOutput"}})}));
    const auto respond = [](const std::string& path, const json& parameters) {
        return chain({webhook(path, "responseNode"), code("return [{json: {a: 1}}, {json: {a: 2}}]"),
                      node("Respond", "respondToWebhook", 1.1, parameters)});
    };
    folder.add(respond("respond-json", {{"respondWith", "json"}, {"responseBody", "={{ {b: $json.a} }}"}}));
    folder.add(respond("respond-text", {{"respondWith", "text"},
                                        {"responseBody", "=<b>{{ $json.a }}</b>"},
                                        {"options",
                                         {{"responseCode", 202},
                                          {"responseHeaders",
                                           {{"entries", {{{"name", "X-Prueba"}, {"value", "sí"}}}}}}}}}));
    folder.add(respond("respond-first", {{"respondWith", "firstIncomingItem"}}));
    folder.add(respond("respond-all", {{"respondWith", "allIncomingItems"}}));
    folder.add(respond("respond-none", {{"respondWith", "noData"}}));
    folder.add(respond("respond-redirect",
                       {{"respondWith", "redirect"}, {"redirectURL", "https://totem.example/x"}}));
    TestDaemon daemon(json{{"plugins", folder.settings()}});

    struct Case {
        const char* path;
        int status;
        const char* body;
        const char* type;
    };
    const char* const kJson = "application/json";
    for (const Case& row : std::vector<Case>{
             {"now", 200, R"({"message":"Workflow was started"})", kJson},
             {"now-text", 201, "recibido", "text/html"},
             {"last", 200, R"({"a":1})", kJson},
             {"last-all", 200, R"([{"a":1},{"a":2}])", kJson},
             {"last-none", 500, R"({"code":0,"message":"No item to return was found"})", kJson},
             {"last-throws", 500, R"({"message":"Error in workflow"})", kJson},
             {"last-caught", 200, R"({"error":"boom [line 1]"})", kJson},
             {"node-throws", 200, "", ""},
             {"node-never", 200, "", ""},
             {"respond-json", 200, R"({"b":1})", kJson},
             {"respond-text", 202, "<b>1</b>", "text/html"},
             {"respond-first", 200, R"({"a":1})", kJson},
             {"respond-all", 200, R"([{"a":1},{"a":2}])", kJson},
             {"respond-none", 200, "", ""},
             {"respond-redirect", 307, "", ""},
         }) {
        const HttpReply answer = call(daemon, row.path);
        INFO(row.path);
        CHECK(answer.status == row.status);
        CHECK(answer.body == row.body);
        if (*row.type != '\0') CHECK_THAT(answer.headers.at("content-type"), Contains(row.type));
    }
    CHECK(call(daemon, "respond-text").headers.at("x-prueba") == "sí");
    CHECK(call(daemon, "respond-redirect").headers.at("location") == "https://totem.example/x");

    const json unknown = call(daemon, "nothing/here").json();
    CHECK(call(daemon, "nothing/here").status == 404);
    CHECK(unknown.at("code") == 404);
    CHECK(unknown.at("message") == R"(The requested webhook "POST nothing/here" is not registered.)");
    CHECK(unknown.at("hint").is_string());
    const HttpReply wrongMethod = daemon.get("main", "/webhook/last");
    CHECK(wrongMethod.status == 404);
    CHECK(wrongMethod.json().at("code") == 404);
    CHECK_THAT(wrongMethod.json().at("message").get<std::string>(), Contains("GET"));
    CHECK(daemon.ask("main", "OPTIONS", "/webhook/last").status == 204);
    const HttpReply noJson = daemon.ask("main", "POST", "/webhook/last", "{\"a\":",
                                        {{"Content-Type", "application/json"}});
    CHECK(noJson.status == 422);
    CHECK(noJson.json().at("code") == 422);
    CHECK(noJson.json().at("message") == "Failed to parse request body");

    const json item = daemon.ask("main", "POST", "/webhook/item?k=1&k=2&m=%C3%B1", R"({"x": [1]})",
                                 {{"Content-Type", "application/json"}, {"X-Own", "yes"}})
                          .json();
    CHECK(item.at("query") == json{{"k", {"1", "2"}}, {"m", "ñ"}});
    CHECK(item.at("body") == json{{"x", {1}}});
    CHECK(item.at("params") == json::object());
    CHECK(item.at("headers").at("x-own") == "yes");
    CHECK(item.at("executionMode") == "production");
    CHECK_THAT(item.at("webhookUrl").get<std::string>(), Contains("/webhook/item"));
    CHECK(daemon.ask("main", "POST", "/webhook/item").json().at("body") == json::object());

    CHECK(call(daemon, "p/77/x").status == 404);
    const json withParams = call(daemon, "f0000000-0000-4000-8000-000000000001/p/77/x").json();
    CHECK(withParams.at("params") == json{{"id", "77"}});
    CHECK_THAT(withParams.at("webhookUrl").get<std::string>(), Contains("/p/:id/x"));

    const json refused = call(daemon, "refused-call").json().at("error");
    CHECK(refused.at("message") == R"(401 - "{\"error\":\"no\"}")");
}

TEST_CASE("a workflow that comes, changes and goes is served accordingly without a restart") {
    Workflows folder;
    TestDaemon daemon(json{{"plugins", folder.settings()}});
    CHECK(call(daemon, "later").status == 404);
    const auto import = [&](const std::string& js) {
        return daemon.post("admin", "/api/v1/actions/flows.import",
                           {{"workflow", chain({webhook("later", "lastNode"), code(js)}).dump()},
                            {"activate", true}});
    };
    REQUIRE(import("return [{json: {v: 1}}]").status == 200);
    CHECK(call(daemon, "later").json() == json{{"v", 1}});
    REQUIRE(import("return [{json: {v: 2}}]").status == 200);
    CHECK(call(daemon, "later").json() == json{{"v", 2}});
    const HttpReply broken = daemon.post("admin", "/api/v1/actions/flows.import",
                                         {{"workflow", "{\"nodes\": 5}"}, {"activate", true}});
    CHECK(broken.status >= 400);
    CHECK(broken.status < 500);
    CHECK(call(daemon, "later").json() == json{{"v", 2}});
}

TEST_CASE("code that does not end holds up no other flow, and its callers are told") {
    StandIn begun([](const StandIn::Request&) { return reply(200, "{}"); });
    Workflows folder;
    folder.add(chain({webhook("endless", "lastNode"),
                      node("Tell", "httpRequest", 4.2, {{"url", begun.url()}}),
                      code("while (true) {}")}));
    folder.add(chain({webhook("quick", "lastNode"), code("return [{json: {ok: true}}]")}));
    TestDaemon daemon(json{{"plugins", folder.settings({{"max_code_s", 4}})}});
    std::atomic<int> ended{0};
    std::vector<HttpReply> answers(2);
    std::vector<std::thread> callers;
    for (HttpReply& answer : answers) {
        callers.emplace_back([&daemon, &ended, &answer] {
            answer = call(daemon, "endless");
            ++ended;
        });
    }
    CHECK(totem_test::pollUntil(std::chrono::seconds(20), [&] { return begun.requestCount() == 2; }));
    for (int i = 0; i < 3; ++i) CHECK(call(daemon, "quick").status == 200);
    CHECK(ended == 0);
    for (std::thread& caller : callers) caller.join();
    for (const HttpReply& answer : answers) {
        CHECK(answer.status == 500);
        CHECK(answer.json() == json{{"message", "Error in workflow"}});
    }
}

TEST_CASE("code that exhausts its worker's memory fails its run and no other flow") {
    Workflows folder;
    // One native call each: the interpreter has no occasion to stop it.
    folder.add(chain({webhook("greedy", "lastNode"),
                      code("const all = []; for (;;) all.push(new Uint8Array(1e9).fill(1))")}));
    folder.add(chain({webhook("modest", "lastNode"), code("return [{json: {ok: true}}]")}));
    TestDaemon daemon(json{{"plugins", folder.settings()}});
    const HttpReply greedy = call(daemon, "greedy");
    CHECK(greedy.status == 500);
    CHECK(greedy.json() == json{{"message", "Error in workflow"}});
    CHECK_THAT(daemon.log(), Contains("run.worker.lost"));
    CHECK(call(daemon, "modest").json() == json{{"ok", true}});
}
