// Workflow files: when they are served, and what becomes of their messages before that.

#include <catch2/catch.hpp>
#include <chrono>

#include "flow_desk.hpp"

using namespace std::chrono_literals;
using namespace totem::flows::testing;
using totem::Json;
using totem::Status;

namespace {

Reply noWorker() {
    return Reply::failure(Status::kUnavailable, "worker flow cannot be started: no time");
}

Json answering() {
    return chain("Answering", {onMessage(), action("desk.send")});
}

}  // namespace

TEST_CASE("messages wait for a flow whose first load failed, which is repeated") {
    FlowDesk desk;
    desk.host.actions.answer("desk.send", Reply::json(Json::object()));
    desk.write("answering.json", answering());
    desk.answerWorker("load", noWorker());
    desk.answerWorker("load", noWorker());
    desk.start();
    CHECK(desk.message("hola").reply().status == Status::kUnavailable);
    desk.host.advance(3s);
    CHECK(desk.countAsked("load") == 2);
    CHECK(desk.message("hola").reply().status == Status::kUnavailable);
    desk.host.advance(10s);
    CHECK(desk.message("hola").reply().ok());
    CHECK(desk.host.log.of("flow.load.failed").size() == 2);
}

TEST_CASE("a webhook that may be one of a flow's that is being loaded is not unknown yet") {
    FlowDesk desk;
    desk.write("a.json", chain("A", {onWebhook("a", "onReceived")}));
    desk.write("b.json", chain("B", {onWebhook("b", "onReceived")}));
    desk.answerWorker("load", noWorker());
    desk.start();
    CHECK(desk.request("/webhook/a").reply().status == Status::kUnavailable);
    CHECK(desk.request("/webhook/b").reply().code == 200);
    desk.host.advance(5s);
    CHECK(desk.request("/webhook/a").reply().code == 200);
    CHECK(desk.request("/webhook/none").reply().code == 404);
}

TEST_CASE("a flow whose load takes long holds up no other") {
    FlowDesk desk;
    desk.write("quick.json", chain("Quick", {onWebhook("quick", "onReceived")}));
    desk.start();
    desk.host.workers.answer("flow", noWorker(), 20s);
    desk.write("slow.json", chain("Slow", {onWebhook("slow", "onReceived")}));
    const OpenCall listed = desk.plugin().act("flows.list", Json::object());
    desk.host.settle();
    CHECK_FALSE(listed.answered());
    CHECK(desk.request("/webhook/quick").reply().code == 200);
}

TEST_CASE("a workflow that ends each worker which loads it is given up, and messages go on") {
    FlowDesk desk;
    desk.write("deadly.json", answering());
    Reply killed = Reply::failure(Status::kTooLarge, "over its memory and killed");
    killed.code = 1;
    desk.answerWorker("load", killed);
    desk.answerWorker("load", killed);
    desk.start();
    desk.host.advance(10s);
    CHECK(desk.countAsked("load") == 2);
    CHECK(desk.message("hola").reply().ok());
    const Json flows = desk.plugin().act("flows.list", Json::object()).reply().json();
    CHECK(flows.at("flows").at(0).at("runnable") == false);
    CHECK(flows.dump().find("ended 2 workers") != std::string::npos);
}

TEST_CASE("a changed, a broken and a removed file are served accordingly") {
    FlowDesk desk;
    desk.write("a.json", chain("A", {onWebhook("a", "onReceived")}));
    desk.start();
    desk.write("a.json", chain("A", {onWebhook("changed", "onReceived")}));
    desk.look();
    CHECK(desk.request("/webhook/a").reply().code == 404);
    CHECK(desk.request("/webhook/changed").reply().code == 200);
    desk.write("a.json", chain("Another id", {onWebhook("other", "onReceived")}));
    desk.look();
    CHECK(desk.request("/webhook/changed").reply().code == 404);
    desk.write("a.json", Json("no workflow at all"));
    desk.look();
    CHECK(desk.request("/webhook/other").reply().code == 200);
    CHECK(desk.host.log.of("flow.unreadable").size() == 1);
    desk.remove("a.json");
    desk.look();
    CHECK(desk.request("/webhook/other").reply().code == 404);
}

TEST_CASE("an imported workflow is served as soon as the import is answered") {
    FlowDesk desk;
    desk.start();
    const Json workflow = chain("Imported", {onWebhook("imported", "onReceived")});
    const Reply imported =
        desk.plugin().act("flows.import", {{"workflow", workflow.dump()}}).reply();
    CHECK(imported.json().at("runnable") == true);
    CHECK(desk.request("/webhook/imported").reply().code == 200);
}
