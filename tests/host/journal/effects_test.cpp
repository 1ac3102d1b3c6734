#include "journal/effects.hpp"

#include <catch2/catch.hpp>
#include <memory>

#include "host/journal/fixture.hpp"
#include "journal/store.hpp"

using namespace totemd;
using namespace totemd::test;
using Catch::Matchers::Contains;
using Out = EffectOutcome::Kind;
using Answer = EffectAnswer::Kind;

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

struct Call {
    EffectIntent intent;
    EffectHooks::Done done;
    std::vector<std::string> settled;
};

/// One life of the daemon, as far as effects go.
class Life {
public:
    explicit Life(const std::string& file, VirtualClock& clock, EffectsOptions options = {})
        : database({file, clock.function()}),
          effects(database, options,
                  {[this](const EffectIntent& intent, EffectHooks::Done done) {
                       invoked.put({intent, std::move(done), {}});
                   },
                   [this](const EffectIntent& intent, std::vector<std::string> settled,
                          EffectHooks::Done done) {
                       asked.put({intent, std::move(done), std::move(settled)});
                   }}) {
        effects.start();
    }

    void ask(EffectAsk ask) {
        effects.ask(std::move(ask),
                    [this](EffectAnswer answer) { answers.put(std::move(answer)); });
    }
    void settle() {
        for (int round = 0; round < 4; ++round) {
            std::promise<void> posted, written;
            database.post([&] { posted.set_value(); });
            posted.get_future().get();
            Store(database).put("test", "round", "", 0, [&](std::string) { written.set_value(); });
            written.get_future().get();
        }
    }

    Mailbox<Call> invoked, asked;
    Mailbox<EffectAnswer> answers;
    Database database;
    Effects effects;
};

EffectAsk ask(EffectKind kind, std::string key = "run:1", std::string subject = "conversation:1") {
    EffectAsk ask;
    ask.caller = "flows";
    ask.key = std::move(key);
    ask.plugin = "chatwoot";
    ask.action = "chatwoot.send_message";
    ask.kind = kind;
    ask.subject = std::move(subject);
    ask.input = R"({"content":"hola"})";
    ask.event = 17;
    return ask;
}

EffectKind kindNamed(const std::string& name) {
    return name == "idempotent"     ? EffectKind::Idempotent
           : name == "reconcilable" ? EffectKind::Reconcilable
                                    : EffectKind::Unprovable;
}

/// Ends a life at a crash point, as a kill would: no outcome reaches the journal after it.
void liveAndDie(const std::string& file, VirtualClock& clock, EffectKind kind,
                const std::string& point) {
    Life life(file, clock);
    life.ask(ask(kind));
    Call call = life.invoked.take();
    if (point == "not sent") {
        call.done({Out::NotSent, "connection refused"});
        life.settle();
    }
    if (point == "settled") {
        call.done({Out::Done, R"({"id":1})"});
        life.answers.take();
    }
    life.database.stop();
}

}  // namespace

TEST_CASE("an effect is invoked once, and the same key gets its recorded result") {
    TempFolder folder;
    VirtualClock clock;
    Life life(folder.file(), clock);
    life.ask(ask(EffectKind::Unprovable));
    Call call = life.invoked.take();
    CHECK(call.intent.ask.input == R"({"content":"hola"})");
    life.ask(ask(EffectKind::Unprovable));  // joins the one in flight
    life.settle();
    CHECK(life.answers.empty());
    call.done({Out::Done, R"({"id":5})"});
    for (int i = 0; i < 2; ++i) {
        const auto answer = life.answers.take();
        CHECK(answer.kind == Answer::Done);
        CHECK(answer.text == R"({"id":5})");
        CHECK_FALSE(answer.recorded);
    }
    life.ask(ask(EffectKind::Unprovable));
    CHECK(life.answers.take().recorded);
    CHECK(life.invoked.empty());
}

TEST_CASE("a key that was used for another action is refused") {
    TempFolder folder;
    VirtualClock clock;
    Life life(folder.file(), clock);
    life.ask(ask(EffectKind::Unprovable));
    auto other = ask(EffectKind::Unprovable);
    other.action = "chatwoot.set_status";
    life.ask(other);
    const auto answer = life.answers.take();
    CHECK(answer.kind == Answer::Refused);
    CHECK(answer.text == "the key was used for the action chatwoot.send_message");
}

TEST_CASE("the checkpoint is stored with the intent, before the effect leaves") {
    TempFolder folder;
    VirtualClock clock;
    Life life(folder.file(), clock);
    auto wanted = ask(EffectKind::Reconcilable);
    wanted.checkpoint = Checkpoint{"run:1", "after node A"};
    life.ask(wanted);
    life.invoked.take();
    std::promise<std::optional<std::string>> value;
    Store(life.database).get("flows", "run:1", [&](std::optional<std::string> found, std::string) {
        value.set_value(std::move(found));
    });
    CHECK(value.get_future().get() == "after node A");
}

TEST_CASE("effects of one subject leave in the order of their intents, others beside them") {
    TempFolder folder;
    VirtualClock clock;
    Life life(folder.file(), clock);
    life.ask(ask(EffectKind::Reconcilable, "1", "a"));
    life.ask(ask(EffectKind::Unprovable, "2", "a"));
    life.ask(ask(EffectKind::Reconcilable, "3", "b"));
    Call first = life.invoked.take();
    CHECK(first.intent.ask.key == "1");
    CHECK(life.invoked.take().intent.ask.key == "3");
    life.settle();
    CHECK(life.invoked.empty());
    first.done({Out::Refused, "404"});
    CHECK(life.answers.take().kind == Answer::Refused);
    CHECK(life.invoked.take().intent.ask.key == "2");
}

TEST_CASE("what was surely not sent is tried again until its deadline") {
    TempFolder folder;
    VirtualClock clock;
    Life life(folder.file(), clock);
    auto wanted = ask(EffectKind::Unprovable);
    wanted.deadlineUnixNs = clock.now() + 5 * kSecond;
    life.ask(wanted);
    int attempts = 0;
    while (life.answers.empty() && attempts < 20) {
        Call call = life.invoked.take();
        CHECK(call.intent.attempt == ++attempts);
        call.done({Out::NotSent, "connection refused"});
        life.settle();
        clock.advance(life.database, 2 * kSecond);
        life.settle();
    }
    CHECK(attempts >= 3);
    const auto answer = life.answers.take();
    CHECK(answer.kind == Answer::Refused);
    CHECK(answer.text == "not sent until its deadline: connection refused");
}

TEST_CASE("an ambiguous outcome in a live run goes the way of its kind") {
    TempFolder folder;
    VirtualClock clock;
    Life life(folder.file(), clock);

    SECTION("unprovable: the asker hears unknown, and nothing is sent again") {
        life.ask(ask(EffectKind::Unprovable));
        life.invoked.take().done({Out::Unknown, "timed out"});
        const auto answer = life.answers.take();
        CHECK(answer.kind == Answer::Unknown);
        CHECK(answer.text == "timed out; it may have happened");
        CHECK(life.invoked.empty());
    }
    SECTION("idempotent: called again") {
        life.ask(ask(EffectKind::Idempotent));
        life.invoked.take().done({Out::Unknown, "timed out"});
        life.settle();
        clock.advance(life.database, kSecond);
        life.invoked.take().done({Out::Done, "2"});
        CHECK(life.answers.take().text == "2");
    }
    SECTION("reconcilable: asked, with the results of the same subject, and found done") {
        life.ask(ask(EffectKind::Reconcilable, "0"));
        life.invoked.take().done({Out::Done, R"({"id":100})"});
        life.answers.take();
        life.ask(ask(EffectKind::Reconcilable));
        life.invoked.take().done({Out::Unknown, "timed out"});
        Call question = life.asked.take();
        CHECK(question.settled == std::vector<std::string>{R"({"id":100})"});
        question.done({Out::Done, R"({"id":101})"});
        CHECK(life.answers.take().text == R"({"id":101})");
    }
    SECTION("reconcilable: asked, absent, the stored request goes again") {
        life.ask(ask(EffectKind::Reconcilable));
        life.invoked.take().done({Out::Unknown, "timed out"});
        life.asked.take().done({Out::Absent, ""});
        Call again = life.invoked.take();
        CHECK(again.intent.ask.input == R"({"content":"hola"})");
        again.done({Out::Done, "3"});
        CHECK(life.answers.take().kind == Answer::Done);
    }
    SECTION("reconcilable: refused again and again without a trace, given up with the reason") {
        life.ask(ask(EffectKind::Reconcilable));
        for (int attempt = 0; attempt < 16; ++attempt) {
            REQUIRE(life.answers.empty());
            life.invoked.take().done({Out::Unknown, "422: content too long"});
            life.asked.take().done({Out::Absent, ""});
            life.settle();
            clock.advance(life.database, 60 * kSecond);
        }
        const auto answer = life.answers.take();
        CHECK(answer.kind == Answer::Refused);
        CHECK(answer.text == "given up; the last attempt said: 422: content too long");
        CHECK(life.invoked.empty());
    }
    SECTION("reconcilable: nobody knows, a dead letter that says so") {
        life.ask(ask(EffectKind::Reconcilable));
        life.invoked.take().done({Out::Unknown, "timed out"});
        life.asked.take().done({Out::NotSent, "portal down"});  // asked again later
        life.settle();
        clock.advance(life.database, 60 * kSecond);
        life.asked.take().done({Out::Unknown, "message storage is off"});
        const auto answer = life.answers.take();
        CHECK(answer.kind == Answer::Unknown);
        CHECK(answer.text == "it may have happened: message storage is off");
    }
}

TEST_CASE("each crash point of each kind ends as it must") {
    struct Row {
        const char* kind;
        const char* point;  // where the daemon was killed
        const char* next;   // what the next start does with it
    };
    const Row row = GENERATE(
        Row{"idempotent", "sent", "invoke"}, Row{"reconcilable", "sent", "reconcile"},
        Row{"unprovable", "sent", "dead"}, Row{"idempotent", "not sent", "invoke"},
        Row{"reconcilable", "not sent", "invoke"}, Row{"unprovable", "not sent", "invoke"},
        Row{"idempotent", "settled", "recorded"}, Row{"reconcilable", "settled", "recorded"},
        Row{"unprovable", "settled", "recorded"});
    CAPTURE(row.kind, row.point);
    const EffectKind kind = kindNamed(row.kind);
    const std::string next = row.next;
    TempFolder folder;
    VirtualClock clock;
    liveAndDie(folder.file(), clock, kind, row.point);
    Life life(folder.file(), clock);
    if (next == "invoke") {
        Call call = life.invoked.take();
        CHECK(call.intent.ask.input == R"({"content":"hola"})");
        call.done({Out::Done, "9"});
    }
    if (next == "reconcile") life.asked.take().done({Out::Done, "9"});
    life.settle();
    life.ask(ask(kind));
    const auto answer = life.answers.take();
    CHECK(answer.kind == (next == "dead" ? Answer::Unknown : Answer::Done));
    CHECK(answer.recorded);
    if (next == "dead") {
        CHECK(answer.text == "the daemon ended before it was answered; it may have happened");
    }
    CHECK(life.invoked.empty());
    CHECK(life.asked.empty());
}

TEST_CASE("an effect that queued behind another is sent after a restart, even if unprovable") {
    TempFolder folder;
    VirtualClock clock;
    {
        Life life(folder.file(), clock);
        life.ask(ask(EffectKind::Unprovable, "1"));
        life.ask(ask(EffectKind::Unprovable, "2"));
        life.invoked.take();
        life.settle();
    }
    Life life(folder.file(), clock);
    CHECK(life.invoked.take().intent.ask.key == "2");  // the first is a dead letter
}

TEST_CASE("an ask that comes after its deadline is refused, unless its effect is there already") {
    TempFolder folder;
    VirtualClock clock;
    Life life(folder.file(), clock);
    auto wanted = ask(EffectKind::Reconcilable);
    wanted.deadlineUnixNs = clock.now() + 5 * kSecond;
    life.ask(wanted);
    Call call = life.invoked.take();
    clock.advance(life.database, 6 * kSecond);
    life.ask(wanted);
    auto other = ask(EffectKind::Reconcilable, "2", "other");
    other.deadlineUnixNs = wanted.deadlineUnixNs;
    life.ask(other);
    CHECK(life.answers.take().text == "it is too late for it");
    call.done({Out::Done, "1"});
    CHECK(life.answers.take().text == "1");
    CHECK(life.answers.take().text == "1");
    CHECK(life.invoked.empty());
}

TEST_CASE("a question that a stopping daemon interrupts is asked again by the next start") {
    TempFolder folder;
    VirtualClock clock;
    {
        Life life(folder.file(), clock);
        auto wanted = ask(EffectKind::Reconcilable);
        wanted.deadlineUnixNs = clock.now() + 5 * kSecond;
        life.ask(wanted);
        life.invoked.take().done({Out::Unknown, "timed out"});
        Call question = life.asked.take();
        clock.advance(life.database, 6 * kSecond);
        life.effects.suspend();
        question.done({Out::NotSent, "cancelled"});
        life.settle();
        CHECK(life.answers.empty());
    }
    Life life(folder.file(), clock);
    life.asked.take().done({Out::Done, "1"});
    life.settle();
    life.ask(ask(EffectKind::Reconcilable));
    CHECK(life.answers.take().text == "1");
}

TEST_CASE("a suspended outbox sends nothing, tells nothing, and the next start goes on") {
    TempFolder folder;
    VirtualClock clock;
    {
        Life life(folder.file(), clock);
        life.ask(ask(EffectKind::Reconcilable));
        Call call = life.invoked.take();
        life.effects.suspend();
        call.done({Out::NotSent, "stopping"});
        life.ask(ask(EffectKind::Reconcilable, "2", "other"));
        life.settle();
        clock.advance(life.database, 60 * kSecond);
        life.settle();
        CHECK(life.answers.empty());
        CHECK(life.invoked.empty());
    }
    Life life(folder.file(), clock);
    CHECK(life.invoked.take().intent.ask.key == "run:1");
    CHECK(life.invoked.take().intent.ask.key == "2");
}
