#include <signal.h>
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <thread>

#include "host/journal/fixture.hpp"
#include "journal/effects.hpp"
#include "journal/sqlite.hpp"

using namespace totemd;
using namespace totemd::test;

namespace {

/// No file of this process may grow past `bytes`: what a full disk is to SQLite.
class FileLimit {
public:
    explicit FileLimit(rlim_t bytes) {
        ::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before_);
        rlimit limit = before_;
        limit.rlim_cur = bytes;
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FileLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }

private:
    rlimit before_{};
};

NewEvent big(const std::string& id) {
    NewEvent large = event(id, id);
    large.data = '"' + std::string(200'000, 'x') + '"';
    return large;
}

}  // namespace

TEST_CASE("a full disk refuses events, loses none, and is over when there is space again") {
    TempFolder folder;
    Rig rig(folder.file());
    rig.dispatcher.resume("flows");
    rig.append({event("before")});
    Handed before = rig.handed.take();
    int stored = 0;
    std::string reason;
    {
        FileLimit full(1'000'000);
        for (int i = 0; i < 50 && reason.empty(); ++i) {
            const auto result = rig.append({big(std::to_string(i))})[0];
            if (result.status == Appended::Status::Stored) ++stored;
            reason = result.reason;
        }
        CHECK(stored < 50);
        CHECK_THAT(reason, Catch::Matchers::Contains(folder.file()));
        CHECK_FALSE(rig.database.writable());
        before.done({});  // must reach the disk later
    }
    while (!rig.database.writable()) std::this_thread::yield();
    CHECK(rig.append({event("after")})[0].status == Appended::Status::Stored);
    rig.settle();
    rig.database.stop();
    Sqlite db(folder.file(), Sqlite::Mode::ReadWrite);
    CHECK(db.number("SELECT count(*) FROM events") == stored + 2);
    CHECK(db.number("SELECT d.state FROM deliveries d JOIN events e ON e.seq = d.event"
                    " WHERE e.id = 'before'") == 1);
}

TEST_CASE("on a full disk an effect is not stored, which is no refusal: asked again, it is sent") {
    TempFolder folder;
    Mailbox<EffectHooks::Done> invoked;
    Mailbox<EffectAnswer> answers;
    Database database({folder.file()});
    Effects effects(
        database, {},
        {[&](const EffectIntent&, EffectHooks::Done done) { invoked.put(std::move(done)); }, {}});
    const auto ask = [&](const std::string& key) {
        EffectAsk ask;
        ask.caller = "flows";
        ask.key = key;
        ask.input = '"' + std::string(200'000, 'x') + '"';
        effects.ask(std::move(ask), [&](EffectAnswer answer) { answers.put(std::move(answer)); });
    };
    std::string refused;
    {
        FileLimit full(1'000'000);
        for (int i = 0; i < 50 && refused.empty(); ++i) {
            ask(std::to_string(i));
            // The result of one that was sent must happen, and so comes when there is space again.
            while (invoked.empty() && answers.empty()) std::this_thread::yield();
            if (invoked.empty())
                refused = std::to_string(i);
            else
                invoked.take();
        }
        REQUIRE_FALSE(refused.empty());
        const EffectAnswer answer = answers.take();
        CHECK(answer.kind == EffectAnswer::Kind::NotStored);
        CHECK_THAT(answer.text, Catch::Matchers::Contains("the intent was not stored"));
    }
    while (!database.writable()) std::this_thread::yield();
    ask(refused);
    invoked.take()({EffectOutcome::Kind::Done, "{}"});
    CHECK(answers.take().kind == EffectAnswer::Kind::Done);
}
