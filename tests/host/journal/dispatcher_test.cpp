#include "journal/dispatcher.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <thread>

#include "host/journal/fixture.hpp"
#include "journal/dead_letters.hpp"
#include "journal/inspector.hpp"

using namespace totemd;
using namespace totemd::test;
using Catch::Matchers::Contains;

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

nlohmann::json delivery(Rig& rig, const std::string& id) {
    rig.settle();
    return Inspector(rig.database).event(id).at("deliveries").at(0);
}

}  // namespace

TEST_CASE("events of one subject come one at a time and in order, others beside them") {
    TempFolder folder;
    Rig rig(folder.file());
    rig.dispatcher.resume("flows");
    rig.append({event("1", "a"), event("2", "a"), event("3", "b")});
    Handed first = rig.handed.take();
    Handed third = rig.handed.take();
    CHECK(first.delivery.event->id == "1");
    CHECK(third.delivery.event->id == "3");
    rig.settle();
    CHECK(rig.handed.empty());
    first.done({});
    CHECK(rig.handed.take().delivery.event->id == "2");
    CHECK(rig.dispatcher.counters().done == 1);
}

TEST_CASE("lanes keep their order under random completion times") {
    TempFolder folder;
    std::map<std::string, int> last;
    std::set<std::string> running;
    Mailbox<bool> all;
    std::minstd_rand random(7);
    std::vector<Dispatcher::Done> open;
    int ended = 0;
    bool ordered = true;
    Database database({folder.file()});
    Dispatcher dispatcher(database, {}, [&](Delivery delivery, Dispatcher::Done done) {
        const std::string& subject = delivery.event->subject;
        const int number = std::stoi(delivery.event->id);
        ordered = ordered && running.insert(subject).second && number > last[subject];
        last[subject] = number;
        open.push_back([&running, &ended, &all, subject, done](Outcome outcome) {
            running.erase(subject);
            if (++ended == 600) all.put(true);
            done(std::move(outcome));
        });
        while (!open.empty() && (open.size() > 5 || random() % 3 == 0)) {
            const std::size_t pick = random() % open.size();
            const auto finish = open[pick];
            open.erase(open.begin() + static_cast<std::ptrdiff_t>(pick));
            finish({});
        }
        // The last ones find nobody who pushes them out.
        database.at(database.now(), [&] {
            while (!open.empty()) {
                const auto finish = open.back();
                open.pop_back();
                finish({});
            }
        });
    });
    Journal journal(database, dispatcher,
                    [](const NewEvent&) { return std::vector<std::string>{"flows"}; });
    dispatcher.start();
    dispatcher.resume("flows");
    for (int i = 1; i <= 600; ++i) {
        journal.append({event(std::to_string(i), "s" + std::to_string(i % 10))}, nullptr);
    }
    CHECK(all.take());
    database.stop();
    CHECK(ordered);
}

TEST_CASE("a failed delivery comes again after its back-off and is a dead letter after the last") {
    TempFolder folder;
    VirtualClock clock;
    DispatcherOptions options;
    options.maxAttempts = 3;
    Rig rig(folder.file(), options, &clock);
    rig.dispatcher.resume("flows");
    rig.append({event("1")});
    for (int attempt = 1; attempt <= 3; ++attempt) {
        Handed handed = rig.handed.take();
        CHECK(handed.delivery.attempt == attempt);
        handed.done({Outcome::Kind::Failed, "no answer"});
        rig.settle();
        CHECK(rig.handed.empty());
        clock.advance(rig.database, (kSecond << (attempt - 1)) / 2);
        rig.settle();
        CHECK(rig.handed.empty());  // half of the back-off is not enough
        clock.advance(rig.database, kSecond << (attempt - 1));
    }
    const auto row = delivery(rig, "1");
    CHECK(row.at("state") == "dead");
    CHECK(row.at("attempts") == 3);
    CHECK(row.at("error") == "no answer (attempt 3, the last)");
}

TEST_CASE("an unavailable subscriber gives the attempt back, however often") {
    TempFolder folder;
    VirtualClock clock;
    DispatcherOptions options;
    options.maxAttempts = 2;
    Rig rig(folder.file(), options, &clock);
    rig.dispatcher.resume("flows");
    rig.append({event("1"), event("2")});
    for (int i = 0; i < 10; ++i) {
        Handed handed = rig.handed.take();
        CHECK(handed.delivery.event->id == "1");
        CHECK(handed.delivery.attempt == 1);
        handed.done({Outcome::Kind::Unavailable, "upstream down"});
        rig.settle();
        clock.advance(rig.database, 60 * kSecond);
    }
    rig.handed.take().done({});
    CHECK(rig.handed.take().delivery.event->id == "2");
    CHECK(delivery(rig, "1").at("state") == "done");
}

TEST_CASE("a refused delivery is a dead letter at once and the lane goes on") {
    TempFolder folder;
    Rig rig(folder.file());
    rig.dispatcher.resume("flows");
    rig.append({event("1"), event("2")});
    rig.handed.take().done({Outcome::Kind::Refused, "no such workflow"});
    CHECK(rig.handed.take().delivery.event->id == "2");
    const auto row = delivery(rig, "1");
    CHECK(row.at("state") == "dead");
    CHECK(row.at("error") == "no such workflow");
}

TEST_CASE("a released delivery lets its lane go on and ends later") {
    TempFolder folder;
    VirtualClock clock;
    Rig rig(folder.file(), {}, &clock);
    rig.dispatcher.resume("flows");
    rig.append({event("1"), event("2")});
    Handed sleeping = rig.handed.take();
    sleeping.done({Outcome::Kind::Released});
    Handed second = rig.handed.take();
    CHECK(second.delivery.event->id == "2");
    CHECK(delivery(rig, "1").at("attempts") == 0);
    CHECK(rig.dispatcher.counters().released == 1);

    SECTION("well") {
        sleeping.done({});
        CHECK(delivery(rig, "1").at("state") == "done");
        CHECK(delivery(rig, "1").at("attempts") == 1);
    }
    SECTION("with a failure: it comes again, behind the one that is being handled") {
        sleeping.done({Outcome::Kind::Failed, "woke up badly"});
        rig.settle();
        second.done({});
        rig.settle();
        clock.advance(rig.database, 2 * kSecond);
        Handed again = rig.handed.take();
        CHECK(again.delivery.event->id == "1");
        CHECK(again.delivery.attempt == 2);
    }
    SECTION("with a failure in the commit that claims the next: each comes with its own event") {
        rig.append({event("3")});
        rig.database.post([&] {
            sleeping.done({Outcome::Kind::Unavailable, "no worker"});
            second.done({});
        });
        rig.settle();
        CHECK(rig.handed.empty());
        clock.advance(rig.database, 60 * kSecond);
        Handed again = rig.handed.take();
        CHECK(again.delivery.event->id == "1");
        CHECK(again.delivery.attempt == 1);
        again.done({});
        Handed third = rig.handed.take();
        CHECK(third.delivery.event->id == "3");
        CHECK(third.delivery.attempt == 1);
        third.done({});
        CHECK(delivery(rig, "3").at("attempts") == 1);
    }
    rig.settle();
    CHECK(rig.dispatcher.counters().released == 0);
}

TEST_CASE("only the first end of a delivery counts") {
    TempFolder folder;
    Rig rig(folder.file());
    rig.dispatcher.resume("flows");
    rig.append({event("1")});
    Handed handed = rig.handed.take();
    handed.done({});
    handed.done({Outcome::Kind::Refused, "too late"});
    CHECK(delivery(rig, "1").at("state") == "done");
    CHECK(rig.dispatcher.counters().dead == 0);
}

TEST_CASE("a paused subscriber keeps its lanes and goes on in order") {
    TempFolder folder;
    Rig rig(folder.file());
    rig.append({event("1"), event("2")});
    rig.settle();
    CHECK(rig.handed.empty());  // never resumed
    rig.dispatcher.resume("flows");
    Handed first = rig.handed.take();
    rig.dispatcher.pause("flows");
    rig.settle();
    first.done({});
    rig.settle();
    CHECK(rig.handed.empty());
    rig.dispatcher.resume("flows");
    CHECK(rig.handed.take().delivery.event->id == "2");
}

TEST_CASE("events without a subject run side by side up to their cap") {
    TempFolder folder;
    DispatcherOptions options;
    options.unorderedInFlight = 3;
    Rig rig(folder.file(), options);
    rig.dispatcher.resume("flows");
    for (int i = 0; i < 5; ++i) rig.append({event(std::to_string(i), "")});
    std::vector<Handed> handed;
    for (int i = 0; i < 3; ++i) handed.push_back(rig.handed.take());
    rig.settle();
    CHECK(rig.handed.empty());
    rig.append({event("ordered", "a")});  // those with a subject are not held up
    CHECK(rig.handed.take().delivery.event->id == "ordered");
    handed[1].done({});
    rig.handed.take();
    rig.settle();
    CHECK(rig.handed.empty());
}

TEST_CASE("the in-flight limit holds and waiting lanes follow") {
    TempFolder folder;
    DispatcherOptions options;
    options.inFlight = 2;
    Rig rig(folder.file(), options);
    rig.dispatcher.resume("flows");
    for (int i = 0; i < 4; ++i) rig.append({event(std::to_string(i), "s" + std::to_string(i))});
    Handed first = rig.handed.take();
    rig.handed.take();
    rig.settle();
    CHECK(rig.handed.empty());
    CHECK(rig.dispatcher.counters().queued == 2);
    first.done({});
    CHECK(rig.handed.take().delivery.event->id == "2");
}

TEST_CASE("open deliveries come again after a restart, in order, with the attempt counted") {
    TempFolder folder;
    {
        Rig rig(folder.file());
        rig.dispatcher.resume("flows");
        rig.append({event("1", "a"), event("2", "a"), event("3", "b")});
        rig.handed.take();
        rig.handed.take().done({});
        rig.settle();
    }
    Rig rig(folder.file());
    rig.dispatcher.resume("flows");
    Handed first = rig.handed.take();
    CHECK(first.delivery.event->id == "1");
    CHECK(first.delivery.attempt == 2);
    CHECK(first.delivery.event->data == R"({"content":"hola"})");
    first.done({});
    Handed second = rig.handed.take();
    CHECK(second.delivery.event->id == "2");
    CHECK(second.delivery.attempt == 1);  // it had only waited
}

TEST_CASE("an event that ends the daemon each time becomes a dead letter") {
    TempFolder folder;
    DispatcherOptions options;
    options.maxAttempts = 2;
    for (int life = 0; life < 2; ++life) {
        Rig rig(folder.file(), options);
        rig.dispatcher.resume("flows");
        if (life == 0) rig.append({event("1"), event("2")});
        CHECK(rig.handed.take().delivery.event->id == "1");
    }
    Rig rig(folder.file(), options);
    rig.dispatcher.resume("flows");
    CHECK(rig.handed.take().delivery.event->id == "2");
    const auto row = delivery(rig, "1");
    CHECK(row.at("state") == "dead");
    CHECK(row.at("error") == "the daemon ended during each of its 2 attempts");
}

TEST_CASE("a dead letter is replayed with its numbers counted up") {
    TempFolder folder;
    Rig rig(folder.file());
    rig.dispatcher.resume("flows");
    const auto seq = rig.append({event("1")})[0].seq;
    rig.handed.take().done({Outcome::Kind::Refused, "broken flow"});
    rig.settle();
    DeadLetters letters(rig.database, rig.dispatcher);
    Mailbox<std::pair<int, std::string>> answers;
    const auto done = [&](int replayed, std::string reason) {
        answers.put({replayed, std::move(reason)});
    };
    letters.replay(seq, "", false, done);
    CHECK(answers.take().first == 1);
    Handed again = rig.handed.take();
    CHECK(again.delivery.attempt == 1);
    CHECK(again.delivery.replay == 1);
    CHECK(again.delivery.fresh == 0);
    letters.replay(seq, "", false, done);
    CHECK(answers.take().second == "nothing to replay: no ended delivery of this event");
    again.done({});
    rig.settle();
    letters.replay(seq, "flows", true, done);
    CHECK(answers.take().first == 1);
    Handed fresh = rig.handed.take();
    CHECK(fresh.delivery.replay == 2);
    CHECK(fresh.delivery.fresh == 1);
    letters.replay(17, "", false, done);
    CHECK(answers.take().second == "no such event in the journal");
}

TEST_CASE("a long queue keeps no more text in memory than allowed and loses none") {
    TempFolder folder;
    DispatcherOptions options;
    options.bodyBytes = 10'000;
    Rig rig(folder.file(), options);
    for (int i = 0; i < 200; ++i) {
        auto big = event(std::to_string(i), "s" + std::to_string(i % 50));
        big.data = "{\"n\":" + std::to_string(i) + ",\"x\":\"" + std::string(1000, 'x') + "\"}";
        rig.append({big});
    }
    rig.dispatcher.resume("flows");
    std::set<std::string> ids;
    for (int i = 0; i < 200; ++i) {
        Handed handed = rig.handed.take();
        const std::string& id = handed.delivery.event->id;
        CHECK(handed.delivery.event->data.find("{\"n\":" + id + ",") == 0);
        ids.insert(id);
        handed.done({});
    }
    CHECK(ids.size() == 200);
}
