// The life of a run: what ends it, what only suspends it, and what is found again.

#include <catch2/catch.hpp>
#include <chrono>

#include "flow_desk.hpp"
#include "flow_frame.hpp"

using namespace std::chrono_literals;
using namespace totem::flows::testing;
using totem::Json;
using totem::Status;
using totem::flows::encodeFlowFrame;

namespace {

Reply ofWorker(Status status, int worker, const std::string& why) {
    Reply reply = Reply::failure(status, why);
    reply.code = worker;
    return reply;
}

/// Looks something up, then answers.
Json twoSteps() {
    return chain("Two steps", {onMessage(), action("desk.look"), action("desk.send")});
}

/// A run of two steps whose second one was refused for now; the next time it is not.
void suspendBetweenSteps(FlowDesk& desk) {
    desk.host.actions.answer("desk.look", Reply::json({{"found", 1}}));
    desk.host.actions.answer("desk.send", Reply::failure(Status::kBusy, "the disk is full"));
    desk.host.actions.answer("desk.send", Reply::json(Json::object()));
    desk.write("a.json", twoSteps());
    desk.start();
    CHECK(desk.message("hola").reply().status == Status::kUnavailable);
}

/// The same, and its workflow was changed then.
void changeBetweenSteps(FlowDesk& desk) {
    suspendBetweenSteps(desk);
    desk.write("a.json",
               chain("Two steps", {onMessage(), action("desk.look"), action("desk.other")}));
    desk.look();
}

Reply needsWorkflow() {
    Reply need;
    need.content = encodeFlowFrame(R"({"op":"need","need":"workflow"})", "");
    return need;
}

}  // namespace

TEST_CASE("a message that no worker had time for comes again and does not count against its flow") {
    FlowDesk desk;
    desk.host.actions.answer("desk.send", Reply::json(Json::object()));
    desk.write("a.json", chain("A", {onMessage(), action("desk.send")}));
    desk.start();
    for (int i = 0; i < 4; ++i) {
        const Status status = i % 2 == 0 ? Status::kBusy : Status::kDeadline;
        desk.answerWorker("start", ofWorker(status, 0, "the deadline passed while it waited"));
        CHECK(desk.message("hola").reply().status == Status::kUnavailable);
    }
    CHECK(desk.message("hola").reply().ok());
    CHECK(desk.host.metrics.total("flow_runs", {{"end", "suspended"}}) == 4);
    CHECK(desk.host.metrics.total("flow_runs", {{"end", "success"}}) == 1);
}

TEST_CASE("a flow that ends two workers is not run any more") {
    FlowDesk desk;
    desk.write("a.json", chain("A", {onMessage()}));
    desk.start();
    desk.answerWorker("start", ofWorker(Status::kDeadline, 1, "over its time and killed"));
    desk.answerWorker("start", ofWorker(Status::kTooLarge, 2, "over its memory and killed"));
    const Reply reply = desk.message("hola").reply();
    INFO(reply.content);
    CHECK(reply.ok());
    CHECK(desk.message("hola").reply().ok());
    CHECK(desk.countAsked("start") == 2);
    CHECK(desk.host.metrics.total("flow_runs", {{"end", "error"}}) == 2);
}

TEST_CASE("a worker that was ended at the deadline of the message does not count") {
    FlowDesk desk;
    desk.write("a.json", chain("A", {onMessage()}));
    desk.start();
    CallOptions options;
    for (int i = 0; i < 3; ++i) {
        const OpenCall call = [&] {
            desk.host.workers.answer("flow", ofWorker(Status::kDeadline, 1, "killed"), 30s);
            return desk.message("hola", options);
        }();
        desk.host.advance(31s);
        CHECK(call.answered());
    }
    CHECK(desk.host.log.of("run.worker.lost").empty());
}

TEST_CASE("a workflow whose code overran its time runs once at a time until it ends well") {
    FlowDesk desk;
    desk.host.actions.answer("desk.look", Reply::json(Json::object()), 10s);
    desk.write("a.json", chain("A", {onMessage(), action("desk.look")}));
    desk.start();
    const Json end{{"op", "end"},
                   {"status", "error"},
                   {"error", {{"message", "too long"}, {"limit", "time"}}}};
    desk.answerWorker("start", Reply::text(encodeFlowFrame(end.dump())));
    CHECK(desk.message("hola").reply().ok());

    const OpenCall first = desk.message("hola");
    desk.host.settle();
    CHECK(desk.message("hola").reply().status == Status::kUnavailable);
    desk.host.advance(10s);
    CHECK(first.reply().ok());

    const OpenCall one = desk.message("hola"), other = desk.message("hola");
    desk.host.advance(10s);
    CHECK(one.reply().ok());
    CHECK(other.reply().ok());
}

TEST_CASE("a run whose worker has gone is restored elsewhere") {
    FlowDesk desk;
    desk.host.actions.answer("desk.look", Reply::json({{"found", 1}}));
    desk.host.actions.answer("desk.send", Reply::json(Json::object()));
    desk.write("a.json", twoSteps());
    desk.start();
    desk.answerWorker("resume", ofWorker(Status::kGone, 0, "worker flow 1 is gone"));
    CHECK(desk.message("hola").reply().ok());
    CHECK(desk.countAsked("restore") == 1);
    CHECK(desk.host.actions.asked().size() == 2);
}

TEST_CASE("a run that finds no worker which stays is suspended") {
    FlowDesk desk;
    desk.write("a.json", chain("A", {onMessage()}));
    desk.start();
    for (int i = 0; i < 10; ++i)
        desk.answerWorker("start", ofWorker(Status::kGone, 0, "worker flow 1 is gone"));
    CHECK(desk.message("hola").reply().status == Status::kUnavailable);
    CHECK(desk.countAsked("start") == 5);
}

TEST_CASE("a run whose workflow ends the workers that load it fails") {
    FlowDesk desk;
    desk.write("a.json", chain("A", {onMessage()}));
    desk.start();
    Reply need = needsWorkflow();
    for (int i = 0; i < 2; ++i) {
        need.code = i + 2;
        desk.answerWorker("start", need);
        desk.answerWorker("load", ofWorker(Status::kTooLarge, i + 2, "over its memory and killed"));
    }
    CHECK(desk.message("hola").reply().ok());
    CHECK(desk.countAsked("load") == 3);
    CHECK(desk.host.metrics.total("flow_runs", {{"end", "error"}}) == 1);
}

TEST_CASE("a worker that keeps asking for the workflow, or refuses it, suspends the run") {
    FlowDesk desk;
    desk.write("a.json", chain("A", {onMessage()}));
    desk.start();
    const bool refuses = GENERATE(false, true);
    Reply loaded;
    loaded.content = encodeFlowFrame(
        refuses ? R"({"op":"refused","message":"the worker is at its memory limit"})"
                : R"({"op":"loaded","runnable":true})",
        "");
    for (int i = 0; i < 5; ++i) {
        desk.answerWorker("start", needsWorkflow());
        if (i < 4) desk.answerWorker("load", loaded);
    }
    const Reply reply = desk.message("hola").reply();
    CHECK(reply.status == Status::kUnavailable);
    if (refuses) CHECK(reply.content.find("memory limit") != std::string::npos);
    CHECK(desk.host.metrics.total("flow_runs", {{"end", "error"}}) == 0);
    CHECK(desk.host.metrics.total("flow_runs", {{"end", "suspended"}}) == 1);
}

TEST_CASE("an effect whose intent could not be stored suspends the run, which goes on from there") {
    FlowDesk desk;
    suspendBetweenSteps(desk);
    desk.forgetRuns();
    // The journal gave the attempt back, so this is the first one again.
    CHECK(desk.message("hola").reply().ok());
    CHECK(desk.countAsked("restore") == 1);
    int looked = 0;
    for (const Asked& asked : desk.host.actions.asked()) looked += asked.name == "desk.look";
    CHECK(looked == 1);
}

TEST_CASE("of two flows that a message starts, the one that has ended does not run again") {
    FlowDesk desk;
    desk.host.actions.answer("desk.look", Reply::json(Json::object()));
    desk.host.actions.answer("desk.send", Reply::failure(Status::kBusy, "the disk is full"));
    desk.host.actions.answer("desk.send", Reply::json(Json::object()));
    desk.write("a.json", chain("A", {onMessage(), action("desk.look")}));
    desk.write("b.json", chain("B", {onMessage(), action("desk.send")}));
    desk.start();
    CHECK(desk.message("hola").reply().status == Status::kUnavailable);
    CHECK(desk.message("hola").reply().ok());
    CHECK(desk.host.actions.asked().size() == 3);
    CHECK(desk.host.metrics.total("flow_runs", {{"end", "success"}}) == 2);
    const Json left = Json::parse(desk.host.store.list("run/", "", 10));
    CHECK(left.at("entries").empty());
}

TEST_CASE("a flow that has ended does not run again although it is the only one left") {
    FlowDesk desk;
    desk.host.actions.answer("desk.look", Reply::json(Json::object()));
    desk.host.actions.answer("desk.send", Reply::failure(Status::kBusy, "the disk is full"));
    desk.write("a.json", chain("A", {onMessage(), action("desk.look")}));
    Json other = chain("B", {onMessage(), action("desk.send")});
    desk.write("b.json", other);
    desk.start();
    CHECK(desk.message("hola").reply().status == Status::kUnavailable);
    other["active"] = false;
    desk.write("b.json", other);
    desk.look();
    CHECK(desk.message("hola").reply().ok());
    CHECK(desk.host.actions.asked().size() == 2);
}

TEST_CASE("somebody who waits for a flow is answered although the run was suspended once") {
    FlowDesk desk;
    desk.host.actions.answer("desk.look", Reply::failure(Status::kBusy, "too much at once"));
    desk.host.actions.answer("desk.look", Reply::json({{"found", 1}}));
    desk.write("a.json", chain("A", {onWebhook("a", "lastNode"), action("desk.look")}));
    desk.start();
    const OpenCall caller = desk.request("/webhook/a");
    desk.host.settle();
    REQUIRE(desk.host.events.published().size() == 1);
    const Json event = desk.host.events.published().front();
    CHECK(desk.deliver(event).reply().status == Status::kUnavailable);
    CHECK_FALSE(caller.answered());
    CHECK(desk.deliver(event).reply().ok());
    CHECK(caller.reply().json() == Json{{"found", 1}});
}

TEST_CASE("who waits when the plugin stops is told that the request is kept") {
    FlowDesk desk;
    desk.write("a.json", chain("A", {onWebhook("a", "lastNode")}));
    desk.start();
    const OpenCall caller = desk.request("/webhook/a");
    desk.host.settle();
    desk.stop();
    CHECK(caller.reply().code == 202);
    CHECK(desk.host.problems().empty());
}

TEST_CASE("a worker that talks nonsense fails the delivery, each time visibly") {
    FlowDesk desk;
    desk.write("a.json", chain("A", {onMessage()}));
    desk.start();
    for (int i = 0; i < 2; ++i) {
        desk.answerWorker("start", Reply::text("nonsense"));
        CHECK(desk.message("hola").reply().status == Status::kFault);
    }
    CHECK(desk.host.metrics.total("flow_runs", {{"end", "fault"}}) == 2);
    CHECK(desk.host.log.of("run.fault").size() == 2);
}

TEST_CASE("a run that takes longer than allowed ends, its waits not counted") {
    FlowDesk desk;
    desk.host.actions.answer("desk.look", Reply::json({{"found", 1}}), 40s);
    desk.host.actions.answer("desk.send", Reply::json(Json::object()));
    desk.write("a.json", twoSteps());
    desk.start({{"max_run_s", 30}});
    CallOptions options;
    options.timeout = 600s;
    const OpenCall slow = desk.message("hola", options);
    desk.host.advance(41s);
    CHECK(slow.reply().ok());
    CHECK(desk.host.metrics.total("flow_runs", {{"end", "error"}}) == 1);
    CHECK(desk.host.log.of("run.failed").at(0).field("error").find("longer than 30 s") !=
          std::string::npos);

    desk.write("a.json", chain("A", {onMessage(),
                                     node("Wait", "n8n-nodes-base.wait", 1.1,
                                          {{"amount", 100}, {"unit", "seconds"}}),
                                     action("desk.send")}));
    desk.look();
    const OpenCall waits = desk.message("hola", options);
    desk.host.advance(101s);
    CHECK(waits.reply().ok());
    CHECK(desk.host.metrics.total("flow_runs", {{"end", "success"}}) == 1);
}

TEST_CASE("a Wait that outlasts its delivery gives up the lane wherever it stands") {
    FlowDesk desk;
    desk.host.actions.answer("desk.send", Reply::json(Json::object()));
    const Json wait =
        node("Wait", "n8n-nodes-base.wait", 1.1, {{"amount", 200}, {"unit", "seconds"}});
    SECTION("in a sub-workflow") {
        Json sub = chain("Sub", {node("Called", "n8n-nodes-base.executeWorkflowTrigger", 1.1,
                                      {{"inputSource", "passthrough"}}),
                                 wait});
        sub["active"] = false;
        desk.write("sub.json", sub);
        const Json which{{"__rl", true}, {"mode", "id"}, {"value", "Sub"}};
        desk.write("a.json", chain("A", {onMessage(),
                                         node("Call", "n8n-nodes-base.executeWorkflow", 1.2,
                                              {{"workflowId", which}, {"mode", "once"}}),
                                         action("desk.send")}));
    }
    SECTION("in a flow that is not durable") {
        Json flow = chain("A", {onMessage(), wait, action("desk.send")});
        flow["settings"]["durable"] = false;
        desk.write("a.json", flow);
    }
    desk.start();
    CallOptions options;
    options.timeout = 120s;
    const OpenCall call = desk.message("hola", options);
    desk.host.advance(201s);
    CHECK(call.reply().ok());
    int sent = 0;
    for (const Asked& asked : desk.host.actions.asked()) sent += asked.name == "desk.send";
    CHECK(sent == 1);
    CHECK(desk.host.metrics.total("flow_runs", {{"end", "success"}}) == 1);
}

TEST_CASE("a run that cannot end within one delivery ends visibly before that") {
    FlowDesk desk;
    desk.host.http.answer("GET", "http://slow.test/", Reply::http(200, "{}"), 119s);
    desk.write("a.json", chain("A", {onMessage(), node("Ask", "n8n-nodes-base.httpRequest", 4.2,
                                                       {{"url", "http://slow.test/"}})}));
    desk.start();
    CallOptions options;
    options.timeout = 120s;
    const OpenCall call = desk.message("hola", options);
    desk.host.advance(118s);
    CHECK(call.answered());
    CHECK(call.reply().ok());
    CHECK(desk.host.metrics.total("flow_runs", {{"end", "error"}}) == 1);
    CHECK(desk.host.log.of("run.failed").at(0).field("error").find("one delivery") !=
          std::string::npos);
}

TEST_CASE("a run that an effect kept waiting is continued in the next delivery") {
    FlowDesk desk;
    desk.host.actions.answer("desk.look", Reply::json({{"found", 1}}), 55s);
    desk.host.actions.answer("desk.send", Reply::json(Json::object()), 10s);
    desk.write("a.json", twoSteps());
    desk.start();
    CallOptions options;
    options.timeout = 60s;
    const OpenCall call = desk.message("hola", options);
    desk.host.advance(66s);
    CHECK_FALSE(call.reply().ok());
    CHECK(desk.host.metrics.total("flow_runs", {{"end", "error"}}) == 0);
}

TEST_CASE("a run goes on with the version of its workflow that it began with") {
    FlowDesk desk;
    changeBetweenSteps(desk);
    CHECK(desk.message("hola").reply().ok());
    CHECK(desk.countAsked("start") == 1);
    CHECK(desk.countAsked("restore") == 1);
    CHECK(desk.host.metrics.total("flow_runs", {{"end", "success"}}) == 1);
    CHECK(desk.host.actions.asked().back().name == "desk.send");
}

TEST_CASE("a run whose version of the workflow is lost does not begin anew") {
    FlowDesk desk;
    changeBetweenSteps(desk);
    const Json versions = Json::parse(desk.host.store.list("version/", "", 10));
    REQUIRE(versions.at("entries").size() == 1);
    desk.host.store.remove(versions.at("entries")[0].at("key"));
    CHECK(desk.message("hola").reply().ok());
    CHECK(desk.countAsked("start") == 1);
    CHECK(desk.host.metrics.total("flow_runs", {{"end", "error"}}) == 1);
    const std::string error = desk.host.log.of("run.failed").at(0).field("error");
    CHECK(error.find("Two steps") != std::string::npos);
    CHECK(error.find("replay --fresh") != std::string::npos);
    const Json left = Json::parse(desk.host.store.list("run/", "", 10));
    CHECK(left.at("entries").empty());
}

TEST_CASE("runs are found however many there are") {
    FlowDesk desk;
    desk.write("a.json", chain("A", {onMessage()}));
    desk.start({{"executions", "all"}});
    for (int i = 0; i < 250; ++i) {
        CallOptions options;
        options.idempotencyKey = "e" + std::to_string(i);
        CHECK(desk.message("hola", options).reply().ok());
    }
    const auto list = [&](const Json& input) {
        return desk.plugin().act("flows.runs", input).reply().json().at("runs");
    };
    CHECK(list({{"limit", 120}}).size() == 120);
    CHECK(list({{"limit", 1000}}).size() == 250);
    const Json one = list({{"run", "e0-A-Message"}});
    REQUIRE(one.size() == 1);
    CHECK(one.at(0).at("nodes").size() == 1);
}

TEST_CASE("a workflow finds its static data again after a restart") {
    FlowDesk desk;
    desk.write("a.json", chain("A", {onWebhook("a", "lastNode"),
                                     code("const data = $getWorkflowStaticData('global');"
                                          "data.count = (data.count ?? 0) + 1;"
                                          "return [{json: {count: data.count}}];")}));
    const auto ask = [&] {
        const OpenCall caller = desk.request("/webhook/a");
        desk.host.settle();
        desk.deliver(desk.host.events.published().back()).reply();
        return caller.reply().json();
    };
    desk.start();
    CHECK(ask() == Json{{"count", 1}});
    CHECK(ask() == Json{{"count", 2}});
    desk.stop();
    desk.start();
    CHECK(ask() == Json{{"count", 3}});
}
