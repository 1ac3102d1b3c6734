#include "daemon/host_actions.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "loop/event_loop.hpp"

using namespace totemd;

namespace {

constexpr std::int64_t kMinute = 60'000'000'000;

/// A channel with an agent's desk, as a connector would offer it; notes what it was asked.
struct Channel {
    ActionDirectory directory{[](const std::string&) { return nullptr; }};
    std::vector<std::string> asked;

    Channel() {
        for (Action& action : hostActions(directory, 15 * kMinute)) {
            directory.offerBuiltin(std::move(action.declared), std::move(action.serve));
        }
        for (const char* name : {"desk.say", "desk.agent"}) {
            Manifest::Action action;
            action.name = name;
            directory.offerBuiltin(std::move(action), [this](ActionAsk ask, ActionDirectory::Done done) {
                asked.push_back(ask.name + " " + ask.input);
                done(TOTEM_OK, totem::Body("{}"));
            });
        }
    }

    totem_status ask(const std::string& name, const std::string& input, std::int64_t ageNs = 0,
                     bool waited = false) {
        ActionAsk ask;
        ask.name = name;
        ask.input = input;
        ask.receivedUnixNs = unixNow() - ageNs;
        ask.waited = waited;
        totem_status result = TOTEM_E_ABANDONED;
        directory.ask(std::move(ask), [&](totem_status status, totem::Body) { result = status; });
        return result;
    }
};

const std::string kReply =
    R"({"to": {"action": "desk.say", "arguments": {"c": 7},
        "handoff": {"action": "desk.agent", "arguments": {"c": 7}}}, "text": "hola"})";
const std::string kWithoutAgents = R"({"to": {"action": "desk.say"}, "text": "hola"})";

}  // namespace

TEST_CASE("a reply becomes the action that the message's reply object names") {
    Channel channel;
    CHECK(channel.ask("reply", kReply) == TOTEM_OK);
    CHECK(channel.asked == std::vector<std::string>{R"(desk.say {"c":7,"text":"hola"})"});
}

TEST_CASE("a reply to an old message goes to an agent, unless its run chose to wait") {
    Channel channel;
    CHECK(channel.ask("reply", kReply, 14 * kMinute) == TOTEM_OK);
    CHECK(channel.ask("reply", kReply, 16 * kMinute) == TOTEM_OK);
    CHECK(channel.ask("reply", kReply, 16 * kMinute, true) == TOTEM_OK);
    CHECK(channel.ask("reply", kWithoutAgents, 16 * kMinute) == TOTEM_OK);
    CHECK(channel.asked == std::vector<std::string>{R"(desk.say {"c":7,"text":"hola"})",
                                                    R"(desk.agent {"c":7})",
                                                    R"(desk.say {"c":7,"text":"hola"})",
                                                    R"(desk.say {"text":"hola"})"});
}

TEST_CASE("a reply that names no action, or itself, is refused") {
    Channel channel;
    CHECK(channel.ask("reply", R"({"to": {}, "text": "x"})") == TOTEM_E_INVALID);
    CHECK(channel.ask("reply", R"({"to": [], "text": "x"})") == TOTEM_E_INVALID);
    CHECK(channel.ask("reply", R"({"to": {"action": "reply"}, "text": "x"})") == TOTEM_E_INVALID);
    CHECK(channel.ask("handoff", R"({"to": {"handoff": {"action": "handoff"}}})") == TOTEM_E_INVALID);
    CHECK(channel.asked.empty());
}
