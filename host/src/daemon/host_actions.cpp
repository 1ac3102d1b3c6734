#include "daemon/host_actions.hpp"

#include <nlohmann/json.hpp>

#include "loop/event_loop.hpp"

namespace totemd {
namespace {

using Json = nlohmann::json;

/// Asks for target.action with target.arguments and `extra` on top.
void forward(ActionDirectory& directory, const Json& target, const Json& extra, ActionAsk ask,
             ActionDirectory::Done done) {
    if (!target.is_object() || !target.contains("action") || !target.at("action").is_string()) {
        return done(TOTEM_E_INVALID,
                    totem::Body(std::string("to: expected the reply object of a message event")));
    }
    Json input = target.value("arguments", Json::object());
    if (!input.is_object())
        return done(TOTEM_E_INVALID, totem::Body(std::string("to.arguments: expected an object")));
    input.update(extra);
    ask.name = target.at("action").get<std::string>();
    if (ask.name == "reply" || ask.name == "handoff") {
        return done(TOTEM_E_INVALID,
                    totem::Body("to.action: \"" + ask.name + "\" cannot answer through itself"));
    }
    ask.input = input.dump();
    directory.ask(std::move(ask), std::move(done));
}

/// Gives the conversation to an agent in the place of the reply that `ask` was about. It is an
/// effect like the reply, so that it happens also when the channel is away right now.
void handOffLate(ActionDirectory& directory, const Json& to, ActionAsk ask,
                 ActionDirectory::Done done) {
    ask.uselessAfterUnixNs = 0;
    ask.mustHappen = true;
    if (!ask.idempotencyKey.empty()) ask.idempotencyKey += "/handoff";
    forward(directory, to.at("handoff"), Json::object(), std::move(ask), std::move(done));
}

Action reply(ActionDirectory& directory, std::int64_t maxAgeNs) {
    Action action;
    action.declared = {"reply",
                       "Answers a message in its own channel",
                       Manifest::Effect::kReconcilable,
                       R"({"type":"object","properties":{
                           "to":{"type":"object","description":"the event's reply object"},
                           "text":{"type":"string","minLength":1}},
                           "required":["to","text"]})",
                       {}};
    action.serve = [&directory, maxAgeNs](ActionAsk ask, ActionDirectory::Done done) {
        const Json input = Json::parse(ask.input);
        const Json& to = input.at("to");
        const Json text{{"text", input.at("text")}};
        const bool ages =
            to.is_object() && to.contains("handoff") && !ask.waited && ask.receivedUnixNs != 0;
        if (!ages) return forward(directory, to, text, std::move(ask), std::move(done));
        ask.uselessAfterUnixNs = ask.receivedUnixNs + maxAgeNs;
        auto answered = [&directory, to, ask, done = std::move(done)](totem_status status,
                                                                      totem::Body body) {
            const bool late = unixNow() >= ask.uselessAfterUnixNs;
            if (status == TOTEM_E_REFUSED && late) return handOffLate(directory, to, ask, done);
            done(status, std::move(body));
        };
        forward(directory, to, text, std::move(ask), std::move(answered));
    };
    return action;
}

Action handoff(ActionDirectory& directory) {
    Action action;
    action.declared = {
        "handoff",
        "Gives the conversation to an agent, where the channel has agents",
        Manifest::Effect::kIdempotent,
        R"({"type":"object","properties":{"to":{"type":"object"}},"required":["to"]})",
        {}};
    action.serve = [&directory](ActionAsk ask, ActionDirectory::Done done) {
        const Json input = Json::parse(ask.input);
        const Json& to = input.at("to");
        if (!to.contains("handoff"))
            return done(TOTEM_OK, totem::Body(std::string(R"({"handed_off":false})")));
        forward(directory, to.at("handoff"), Json::object(), std::move(ask), std::move(done));
    };
    return action;
}

}  // namespace

std::vector<Action> hostActions(ActionDirectory& directory, std::int64_t maxAnswerAgeNs) {
    std::vector<Action> actions;
    actions.push_back(reply(directory, maxAnswerAgeNs));
    actions.push_back(handoff(directory));
    return actions;
}

}  // namespace totemd
