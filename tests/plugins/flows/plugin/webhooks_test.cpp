// Webhook nodes: who may call them and what they answer.

#include <catch2/catch.hpp>

#include "flow_desk.hpp"

using namespace totem::flows::testing;
using totem::Json;
using totem::Status;

namespace {

/// The answer of a flow whose last node gives these items.
Reply lastNode(const std::string& items, Json parameters) {
    FlowDesk desk;
    desk.write("a.json", chain("A", {onWebhook("a", "lastNode", std::move(parameters)),
                                     code("return " + items)}));
    desk.start();
    const OpenCall caller = desk.request("/webhook/a");
    desk.host.settle();
    desk.deliver(desk.host.events.published().back()).reply();
    return caller.reply();
}

const char* const kTwo = "[{json: {a: {b: ['x', 'y']}, n: 1}}, {json: {n: 2}}]";
const char* const kFile =
    "[{json: {}, binary: {data: {data: 'aG9sYQ==', mimeType: 'text/x-hola'}}}]";

}  // namespace

TEST_CASE("the last node's items are answered as the Webhook node says") {
    struct Row {
        const char* items;
        Json parameters;
        int code;
        std::string type, content;
    };
    const auto row = GENERATE_REF(
        Row{kTwo, Json::object(), 200, "application/json", R"({"a":{"b":["x","y"]},"n":1})"},
        Row{kTwo,
            {{"responseData", "allEntries"}},
            200,
            "application/json",
            R"([{"a":{"b":["x","y"]},"n":1},{"n":2}])"},
        Row{"[]", {{"responseData", "allEntries"}}, 200, "application/json", "[]"},
        Row{"[]", Json::object(), 500, "application/json",
            R"({"code":0,"message":"No item to return was found"})"},
        Row{kTwo, {{"responseData", "noData"}}, 200, "", ""},
        Row{kTwo,
            {{"options", {{"responsePropertyName", "a.b[1]"}}}},
            200,
            "application/json",
            R"("y")"},
        Row{kTwo, {{"options", {{"responsePropertyName", "a.c"}}}}, 200, "", ""},
        Row{kTwo,
            {{"options",
              {{"responsePropertyName", "a.b.0"}, {"responseContentType", "text/html"}}}},
            200,
            "text/html",
            "x"},
        Row{kTwo,
            {{"options", {{"responsePropertyName", "a"}, {"responseContentType", "text/plain"}}}},
            200,
            "text/plain",
            R"({"b":["x","y"]})"},
        Row{kFile, {{"responseData", "firstEntryBinary"}}, 200, "text/x-hola", "hola"},
        Row{kFile,
            {{"responseData", "firstEntryBinary"}, {"responseBinaryPropertyName", "other"}},
            500,
            "application/json",
            R"({"code":0,"message":"The binary property 'other' which should be returned does not exist"})"},
        Row{kTwo,
            {{"responseData", "firstEntryBinary"}},
            500,
            "application/json",
            R"({"code":0,"message":"No binary data was found to return"})"});
    CAPTURE(row.items, row.parameters.dump());
    const Reply reply = lastNode(row.items, row.parameters);
    CHECK(reply.code == row.code);
    CHECK(reply.header("Content-Type") == row.type);
    CHECK(reply.content == row.content);
}

TEST_CASE("inactive flows are run for this machine only, and for networks that the settings name") {
    FlowDesk desk;
    Json workflow = chain("A", {onWebhook("a", "lastNode")});
    workflow["active"] = false;
    desk.write("a.json", workflow);
    const std::string peer = GENERATE("127.0.0.1", "192.0.2.7", "10.1.2.3");
    desk.start({{"test_from", {"10.0.0.0/8"}}});
    HttpIn in("POST", "/webhook-test/a");
    in.content(Json::object()).peer(peer);
    const Reply reply = desk.plugin().request(in).reply();
    CHECK(reply.code == (peer == "192.0.2.7" ? 404 : 200));
}

TEST_CASE("the error workflow learns what failed, where, and how to see the run") {
    FlowDesk desk;
    Json failing =
        chain("Failing", {onWebhook("a", "onReceived"), code("throw new Error('boom')")});
    failing["settings"]["errorWorkflow"] = "Errors";
    desk.write("failing.json", failing);
    Json errors = chain("Errors", {node("Error", "n8n-nodes-base.errorTrigger", 1),
                                   node("Tell", "totem.action", 1,
                                        {{"name", "desk.tell"}, {"input", "={{ $json }}"}})});
    desk.write("errors.json", errors);
    desk.host.actions.answer("desk.tell", Reply::json(Json::object()));
    desk.start();
    desk.request("/webhook/a").reply();
    desk.deliver(desk.host.events.published().back()).reply();
    REQUIRE(desk.host.actions.asked().size() == 1);
    const Json told = desk.host.actions.asked().front().json();
    CHECK(told.at("workflow") == Json{{"id", "Failing"}, {"name", "Failing"}});
    const Json execution = told.at("execution");
    CHECK(execution.at("lastNodeExecuted") == "Code");
    CHECK(execution.at("mode") == "webhook");
    CHECK(execution.at("error").at("message") == "boom [line 1]");
    CHECK(execution.at("error").at("stack").get<std::string>().find("boom") != std::string::npos);
    CHECK(execution.at("url").get<std::string>().find(execution.at("id").get<std::string>()) !=
          std::string::npos);
}
