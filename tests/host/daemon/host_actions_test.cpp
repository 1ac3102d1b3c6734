#include "daemon/host_actions.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "host/journal/fixture.hpp"
#include "loop/event_loop.hpp"

using namespace totemd;

namespace {

constexpr std::int64_t kMinute = 60'000'000'000;

/// A channel with an agent's desk, as a connector would offer it; notes what it was asked.
struct Channel {
    ActionDirectory directory{[](const std::string&) { return nullptr; },
                              [](const std::string& plugin) { return plugin + " is not there"; }};
    std::vector<std::string> asked;

    Channel() {
        for (Action& action : hostActions(directory, 15 * kMinute)) {
            directory.offerBuiltin(std::move(action.declared), std::move(action.serve));
        }
        for (const char* name : {"desk.say", "desk.agent"}) {
            Manifest::Action action;
            action.name = name;
            directory.offerBuiltin(std::move(action),
                                   [this](ActionAsk ask, ActionDirectory::Done done) {
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
    CHECK(channel.asked == std::vector<std::string>{
                               R"(desk.say {"c":7,"text":"hola"})", R"(desk.agent {"c":7})",
                               R"(desk.say {"c":7,"text":"hola"})", R"(desk.say {"text":"hola"})"});
}

TEST_CASE("a reply that names no action, or itself, is refused") {
    Channel channel;
    CHECK(channel.ask("reply", R"({"to": {}, "text": "x"})") == TOTEM_E_INVALID);
    CHECK(channel.ask("reply", R"({"to": [], "text": "x"})") == TOTEM_E_INVALID);
    CHECK(channel.ask("reply", R"({"to": {"action": "reply"}, "text": "x"})") == TOTEM_E_INVALID);
    CHECK(channel.ask("handoff", R"({"to": {"handoff": {"action": "handoff"}}})") ==
          TOTEM_E_INVALID);
    CHECK(channel.asked.empty());
}

namespace {

/// A desk whose messages are effects: what it is asked lands in `invoked`, what it says in the end
/// in `answers`.
struct Desk {
    struct Call {
        std::string action, input;
        EffectHooks::Done done;
    };

    Desk() {
        directory.useEffects(effects);
        for (Action& action : hostActions(directory, 15 * kMinute)) {
            directory.offerBuiltin(std::move(action.declared), std::move(action.serve));
        }
        auto manifest = std::make_shared<Manifest>();
        manifest->id = "desk";
        manifest->actions.push_back({"desk.say", {}, Manifest::Effect::kReconcilable, {}, {}});
        manifest->actions.push_back({"desk.agent", {}, Manifest::Effect::kIdempotent, {}, {}});
        directory.setPlugins({manifest});
    }

    void reply(const std::string& key, std::int64_t ageNs) {
        ActionAsk ask;
        ask.name = "reply";
        ask.input = kReply;
        ask.caller = "flows";
        ask.idempotencyKey = key;
        ask.receivedUnixNs = unixNow() - ageNs;
        ask.deadlineNs = monotonicNow() + kMinute;
        directory.ask(std::move(ask),
                      [this](totem_status status, totem::Body) { answers.put(status); });
    }

    test::TempFolder folder;
    test::Mailbox<Call> invoked;
    test::Mailbox<totem_status> answers;
    ActionDirectory directory{[](const std::string&) { return nullptr; },
                              [](const std::string& plugin) { return plugin + " is not there"; }};
    Database database{{folder.file(), unixNow}};
    Effects effects{database,
                    {},
                    {[this](const EffectIntent& intent, EffectHooks::Done done) {
                         invoked.put({intent.ask.action, intent.ask.input, std::move(done)});
                     },
                     {}}};
};

}  // namespace

TEST_CASE("a reply that was decided in time keeps its decision when its run asks again later") {
    Desk desk;
    desk.reply("run/1", 14 * kMinute);
    auto sent = desk.invoked.take();
    CHECK(sent.action == "desk.say");
    desk.reply("run/1", 16 * kMinute);
    sent.done({EffectOutcome::Kind::Done, "{}"});
    CHECK(desk.answers.take() == TOTEM_OK);
    CHECK(desk.answers.take() == TOTEM_OK);
    desk.reply("run/1", 16 * kMinute);
    CHECK(desk.answers.take() == TOTEM_OK);
    CHECK(desk.invoked.empty());
}

TEST_CASE(
    "a reply that comes too late, or was refused until then, is given to an agent for certain") {
    Desk desk;
    const bool decided = GENERATE(false, true);
    if (decided) {
        desk.reply("run/1", 14 * kMinute);
        desk.invoked.take().done({EffectOutcome::Kind::Refused, "not sent until its deadline"});
        CHECK(desk.answers.take() == TOTEM_E_REFUSED);
    }
    desk.reply("run/1", 16 * kMinute);
    auto handed = desk.invoked.take();
    CHECK(handed.action == "desk.agent");
    CHECK(handed.input == R"({"c":7})");
    handed.done({EffectOutcome::Kind::NotSent, "the desk is away"});
    desk.invoked.take().done({EffectOutcome::Kind::Done, "{}"});
    CHECK(desk.answers.take() == TOTEM_OK);
    desk.reply("run/1", 17 * kMinute);
    CHECK(desk.answers.take() == TOTEM_OK);
    CHECK(desk.invoked.empty());
}
