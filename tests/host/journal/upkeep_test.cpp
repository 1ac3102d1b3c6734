#include "journal/upkeep.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "host/journal/fixture.hpp"
#include "journal/forget.hpp"
#include "journal/inspector.hpp"
#include "journal/store.hpp"

using namespace totemd;
using namespace totemd::test;

namespace {

constexpr std::int64_t kDay = 86'400'000'000'000;

void sweepNow(Upkeep& upkeep) {
    std::promise<void> done;
    upkeep.run([&] { done.set_value(); });
    done.get_future().get();
}

std::size_t count(Rig& rig) {
    return Inspector(rig.database).events({}).at("events").size();
}

}  // namespace

TEST_CASE("done events go after their time, dead and open ones and keys stay longer") {
    TempFolder folder;
    VirtualClock clock;
    Rig rig(folder.file(), {}, &clock);
    UpkeepOptions options;
    options.batch = 2;
    Upkeep upkeep(rig.database, options);
    rig.dispatcher.resume("flows");
    for (const char* id : {"1", "2", "3", "4", "dead", "open"}) rig.append({event(id, id)});
    for (int i = 0; i < 4; ++i) rig.handed.take().done({});
    rig.handed.take().done({Outcome::Kind::Refused, "x"});
    rig.settle();
    clock.advance(rig.database, 6 * kDay);
    sweepNow(upkeep);
    CHECK(count(rig) == 6);
    clock.advance(rig.database, 2 * kDay);
    sweepNow(upkeep);
    CHECK(count(rig) == 2);
    CHECK(rig.append({event("1")})[0].status == Appended::Status::Duplicate);
    clock.advance(rig.database, 23 * kDay);
    sweepNow(upkeep);
    CHECK(count(rig) == 1);
    CHECK(rig.append({event("1")})[0].status == Appended::Status::Stored);
}

TEST_CASE("one customer is forgotten, a longer number with the same digits is not") {
    TempFolder folder;
    Rig rig(folder.file());
    Upkeep upkeep(rig.database, {});
    auto mine = event("1", "51987654321@s.whatsapp.net");
    auto named = event("2", "b");
    named.data = R"({"content":"Consultar DNI 08408122"})";
    auto other = event("3", "c");
    other.data = R"({"content":"Consultar DNI 108408122"})";
    rig.append({mine, named, other});
    std::promise<void> put;
    Store(rig.database).put("flows", "run:08408122", "x", 0, [&](std::string) { put.set_value(); });
    put.get_future().get();
    std::promise<Forgotten> done;
    upkeep.forget({"08408122", "51987654321"}, [&](Forgotten all) { done.set_value(all); });
    const Forgotten forgotten = done.get_future().get();
    CHECK(forgotten.error.empty());
    CHECK(forgotten.events == 2);
    CHECK(forgotten.rows == 1);
    CHECK(count(rig) == 1);
    rig.dispatcher.resume("flows");
    CHECK(rig.handed.take().delivery.event->id == "3");
    rig.settle();
    CHECK(rig.handed.empty());
    rig.database.stop();
    for (const char* end : {"", "-wal"}) {
        std::ifstream file(folder.file() + end, std::ios::binary);
        const std::string bytes((std::istreambuf_iterator<char>(file)), {});
        CHECK(bytes.find("51987654321") == std::string::npos);
        CHECK(bytes.find(" 08408122") == std::string::npos);
    }
}

TEST_CASE("a number is found only as a whole") {
    CHECK(holdsNumber("08408122", {"08408122"}));
    CHECK(holdsNumber("dni=08408122.", {"1", "08408122"}));
    CHECK_FALSE(holdsNumber("084081220", {"08408122"}));
    CHECK_FALSE(holdsNumber("108408122", {"08408122"}));
    CHECK(holdsNumber("108408122 08408122", {"08408122"}));
    CHECK_FALSE(holdsNumber("anything", {""}));
}

TEST_CASE("events are found by id, trace, subject and state, in pages") {
    TempFolder folder;
    VirtualClock clock;
    Rig rig(folder.file(), {}, &clock);
    rig.dispatcher.resume("flows");
    rig.append({event("1", "a"), event("2", "b")});
    auto third = event("3", "a");
    third.trace = "00-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-00f067aa0ba902b7-01";
    third.data = "not json \xff";
    rig.append({third});
    rig.handed.take().done({});
    rig.settle();
    Inspector inspector(rig.database);
    const auto ids = [&](EventFilter filter) {
        std::string all;
        const auto page = inspector.events(filter);
        for (const auto& row : page.at("events")) {
            all += row.at("id").get<std::string>();
        }
        return all;
    };
    EventFilter filter;
    CHECK(ids(filter) == "321");
    filter.subject = "a";
    CHECK(ids(filter) == "31");
    filter = {};
    filter.trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    CHECK(ids(filter) == "21");
    filter = {};
    filter.state = "open";
    CHECK(ids(filter) == "32");
    filter = {};
    filter.limit = 2;
    const auto page = inspector.events(filter);
    filter.before = page.at("next").get<std::int64_t>();
    CHECK(ids(filter) == "1");
    CHECK(inspector.event("nobody").is_null());
    CHECK(inspector.event("3").at("data") == "not json \xff");
    CHECK(inspector.event("1").at("deliveries").at(0).at("state") == "done");
    const auto line = inspector.timeline("1");
    CHECK(line.at("entries").at(0).at("what") == "event received");
    CHECK(line.at("entries").back().at("what") == "delivery done");
}
