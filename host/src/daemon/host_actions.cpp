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

bool isLate(const ActionAsk& ask, std::int64_t maxAgeNs) {
    return !ask.waited && ask.receivedUnixNs != 0 && unixNow() - ask.receivedUnixNs > maxAgeNs;
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
        if (isLate(ask, maxAgeNs) && to.is_object() && to.contains("handoff")) {
            return forward(directory, to.at("handoff"), Json::object(), std::move(ask),
                           std::move(done));
        }
        forward(directory, to, Json{{"text", input.at("text")}}, std::move(ask), std::move(done));
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
