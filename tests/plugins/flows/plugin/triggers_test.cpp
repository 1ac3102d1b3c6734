#include "triggers.hpp"

#include <catch2/catch.hpp>

using namespace totem::flows;
using totem::Json;

namespace {

WorkflowPtr flow(const std::string& id, const std::vector<Trigger>& triggers, bool active = true) {
    auto workflow = std::make_shared<Workflow>();
    workflow->id = workflow->name = id;
    workflow->active = active;
    workflow->runnable = true;
    workflow->triggers = triggers;
    return workflow;
}

Trigger webhook(const std::string& path, Json method = "POST", const std::string& webhookId = {}) {
    Trigger trigger;
    trigger.node = "Webhook";
    trigger.type = "n8n-nodes-base.webhook";
    trigger.webhookId = webhookId;
    const Json parameters{
        {"path", path}, {"httpMethod", method}, {"multipleMethods", method.is_array()}};
    trigger.parameters = std::make_shared<const Json>(parameters);
    return trigger;
}

Trigger event(const Json& parameters = Json::object()) {
    Trigger trigger;
    trigger.node = "Event";
    trigger.type = "totem.trigger";
    trigger.parameters = std::make_shared<const Json>(parameters);
    return trigger;
}

std::string whoServes(const Triggers& triggers, const char* method, const char* path,
                      bool test = false) {
    const auto found = triggers.webhook(method, path, test);
    return found ? found->workflow->id : std::string();
}

}  // namespace

TEST_CASE("a webhook is found by method and path, the literal one before the one with a name") {
    Triggers triggers;
    CHECK(triggers
              .rebuild({flow("named", {webhook("p/:id", "POST", "w")}),
                        flow("literal", {webhook("w/p/7", "POST")})})
              .empty());
    CHECK(whoServes(triggers, "POST", "w/p/7") == "literal");
    CHECK(whoServes(triggers, "POST", "w/p/8") == "named");
    CHECK(triggers.webhook("POST", "w/p/a%20b/", false)->params.at("id") == "a b");
    CHECK(whoServes(triggers, "POST", "p/8").empty());
    CHECK(whoServes(triggers, "GET", "w/p/8").empty());
    CHECK(whoServes(triggers, "POST", "w/p").empty());
}

TEST_CASE("a flow that is not active serves only tests") {
    Triggers triggers;
    triggers.rebuild({flow("asleep", {webhook("a")}, false)});
    CHECK(whoServes(triggers, "POST", "a").empty());
    CHECK(whoServes(triggers, "POST", "a", true) == "asleep");
    CHECK(triggers.connectorWebhooks("a").empty());
}

TEST_CASE("the second active flow on a path is reported and not served") {
    Triggers triggers;
    const auto problems =
        triggers.rebuild({flow("first", {webhook("a")}), flow("second", {webhook("/a/")})});
    REQUIRE(problems.size() == 1);
    CHECK(problems.front().find("second") != std::string::npos);
    CHECK(whoServes(triggers, "POST", "a") == "first");
}

TEST_CASE("each method of a Webhook node has its own output") {
    Triggers triggers;
    triggers.rebuild({flow("both", {webhook("a", Json::array({"GET", "POST"}))})});
    CHECK(triggers.webhook("GET", "a", false)->output == 0);
    CHECK(triggers.webhook("POST", "a", false)->output == 1);
}

TEST_CASE("an event starts the flows that ask for its type and its values") {
    struct Row {
        Json parameters;
        Json event;
        bool starts;
    };
    const Json received{{"type", "message.received"}, {"data", {{"inbox", {{"id", 5}}}}}};
    const Json sent{{"type", "message.sent"}};
    const Json note{{"type", "chatwoot.note"}};
    const auto row =
        GENERATE_REF(Row{Json::object(), received, true}, Row{Json::object(), sent, false},
                     Row{{{"types", "*"}}, sent, false},
                     Row{{{"types", "*"}, {"onlyCustomers", false}}, sent, true},
                     Row{{{"types", {"chatwoot.*"}}}, note, true},
                     Row{{{"types", {"chatwoot.*"}}}, received, false},
                     Row{{{"filters", {{"data.inbox.id", 5}}}}, received, true},
                     Row{{{"filters", {{"data.inbox.id", 6}}}}, received, false},
                     Row{{{"filters", {{"data.none.id", 5}}}}, received, false});
    CAPTURE(row.parameters.dump(), row.event.dump());
    Triggers triggers;
    triggers.rebuild({flow("f", {event(row.parameters)})});
    CHECK(triggers.event(row.event).empty() != row.starts);
}

TEST_CASE("a workflow that cannot run is started by nothing") {
    auto broken = std::make_shared<Workflow>(*flow("broken", {webhook("a"), event()}));
    broken->runnable = false;
    Triggers triggers;
    triggers.rebuild({broken});
    CHECK(whoServes(triggers, "POST", "a").empty());
    CHECK(triggers.event({{"type", "message.received"}}).empty());
}
