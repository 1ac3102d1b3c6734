#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "e2e/daemon.hpp"

using nlohmann::json;
using totem_test::HttpReply;
using totem_test::TestDaemon;

namespace {

const json kHello = {{"plugins", {{"hello", json::object()}}}};

void checkProblem(const HttpReply& reply, int status, const std::string& detail) {
    CHECK(reply.status == status);
    CHECK_THAT(reply.headers.at("content-type"), Catch::StartsWith("application/problem+json"));
    CHECK_THAT(reply.json().at("detail").get<std::string>(), Catch::Contains(detail));
}

}  // namespace

TEST_CASE("with a token /api/v1 wants exactly that token; health and metrics stay open") {
    json configuration = kHello;
    configuration["listeners"]["admin"]["token"] = "correct-horse";
    TestDaemon daemon(configuration);
    const auto with = [&](const std::string& value) { return daemon.ask("admin", "GET", "/api/v1/plugins", "", {{"Authorization", value}}); };
    CHECK(with("Bearer correct-horse").status == 200);
    for (const char* wrong : {"", "Bearer", "Bearer ", "Bearer correct-hors", "Bearer correct-horsecorrect-horse", "bearer correct-horse", "Basic correct-horse", "correct-horse"}) {
        INFO(wrong);
        checkProblem(with(wrong), 401, "listeners.admin.token");
    }
    for (const char* open : {"/healthz", "/readyz", "/health", "/metrics", "/openapi.json"}) CHECK(daemon.get("admin", open).status == 200);
}

TEST_CASE("without a token only this machine may use /api/v1, and no proxy speaks for it") {
    TestDaemon daemon(kHello);
    CHECK(daemon.get("admin", "/api/v1/plugins").status == 200);
    checkProblem(daemon.ask("admin", "GET", "/api/v1/plugins", "", {{"X-Forwarded-For", "10.1.2.3"}}), 401, "from another machine");
}

TEST_CASE("every route of the admin API answers") {
    TestDaemon daemon(kHello);
    for (const char* path : {"/api/v1/plugins", "/api/v1/commands", "/api/v1/actions", "/api/v1/events", "/api/v1/effects", "/api/v1/requests",
                             "/api/v1/dead-letters", "/api/v1/log", "/api/v1/events?limit=999999&before=5&state=open&type=x&subject=a%20b"}) {
        INFO(path);
        const HttpReply reply = daemon.get("admin", path);
        CHECK(reply.status == 200);
        CHECK(reply.json().is_object());
    }
    const json hello = daemon.get("admin", "/api/v1/plugins").json().at("plugins").at(0);
    CHECK(hello.at("id") == "hello");
    CHECK(hello.at("state") == "running");
    CHECK(hello.at("version") == "1.0.0");
    CHECK(hello.at("open_calls") == 0);
    CHECK(daemon.post("admin", "/api/v1/actions/hello.greet", {{"name", "Ana"}}).json() == json{{"text", "Hello, Ana!"}});
    CHECK(daemon.post("admin", "/api/v1/actions/hello%2Egreet", {{"name", "Ana"}}).status == 200);
    CHECK(daemon.ask("admin", "PUT", "/api/v1/log/hello", R"({"level":"warn"})").json().at("levels").at("hello") == "warn");
    CHECK(daemon.post("admin", "/api/v1/upstreams/nobody:1/reset", json::object()).status == 200);
    CHECK(daemon.post("admin", "/api/v1/requests/replay", json::object()).json().at("waiting") == 0);
    CHECK(daemon.post("admin", "/api/v1/forget", {{"numbers", {"08408122"}}}).json().at("events") == 0);
    CHECK(daemon.post("admin", "/api/v1/reload", json::object()).status == 202);
    CHECK(daemon.waitForLog("reload.done"));
}

TEST_CASE("what is wrong in a request to the admin API is answered 4xx with the place") {
    TestDaemon daemon(kHello);
    const std::string event = "/api/v1/events/" + std::string(3000, '9');
    CHECK(daemon.get("admin", event).status == 404);
    CHECK(daemon.get("admin", "/api/v1/events/99999999999999999999").status == 404);
    CHECK(daemon.get("admin", "/api/v1/trace/x%00y").status < 500);
    checkProblem(daemon.get("admin", "/api/v1/events/%zz"), 400, "percent-encoded");
    checkProblem(daemon.get("admin", "/api/v1/events?limit=many"), 400, "limit: expected a whole number");
    checkProblem(daemon.get("admin", "/api/v1/events?before=99999999999999999999"), 400, "before: expected a whole number");
    checkProblem(daemon.post("admin", "/api/v1/events/none/replay", json::object()), 404, "no such event");
    checkProblem(daemon.post("admin", "/api/v1/events/none/play", json::object()), 404, "/replay");
    checkProblem(daemon.post("admin", "/api/v1/upstreams/x/close", json::object()), 404, "/reset");
    checkProblem(daemon.ask("admin", "PUT", "/api/v1/log/hello", R"({"level":7})"), 400, "level: expected a text");
    checkProblem(daemon.ask("admin", "PUT", "/api/v1/log/hello", R"({"level":"loud"})"), 400, "level: expected debug");
    checkProblem(daemon.ask("admin", "PUT", "/api/v1/log/hello", "[1"), 400, "must be a JSON object");
    checkProblem(daemon.post("admin", "/api/v1/forget", {{"numbers", {7}}}), 400, "numbers: each is a text");
    checkProblem(daemon.post("admin", "/api/v1/forget", json::array()), 400, "must be a JSON object");
    checkProblem(daemon.post("admin", "/api/v1/actions/nobody.none", json::object()), 404, "nobody.none");
    checkProblem(daemon.post("admin", "/api/v1/actions/hello.greet", {{"name", 7}}), 400, "hello.greet");
    checkProblem(daemon.ask("admin", "POST", "/api/v1/actions/hello.greet", "\xff\xfe"), 400, "expected a JSON object");
    CHECK(daemon.ask("admin", "DELETE", "/api/v1/plugins").status == 405);
    CHECK(daemon.get("admin", "/healthz").status == 200);
}

TEST_CASE("the OpenAPI document lists every route that answers") {
    TestDaemon daemon(kHello);
    const json document = daemon.get("admin", "/openapi.json").json();
    for (const auto& [path, operations] : document.at("paths").items()) {
        for (const auto& [method, operation] : operations.items()) {
            INFO(method << " " << path);
            std::string target = path, verb = method;
            for (char& letter : verb) letter = static_cast<char>(std::toupper(letter));
            if (const auto open = target.find('{'); open != std::string::npos) target.replace(open, target.find('}') - open + 1, "x");
            const int status = daemon.ask("admin", verb, target, verb == "GET" ? "" : "{}").status;
            CHECK(status != 405);
            CHECK(status < 500);
        }
    }
}
