#include "journal/journal.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <thread>

#include "host/journal/fixture.hpp"
#include "journal/requests.hpp"
#include "journal/sqlite.hpp"

using namespace totemd;
using namespace totemd::test;
using Catch::Matchers::Contains;

TEST_CASE("an event is stored once and its duplicate is told so") {
    TempFolder folder;
    Rig rig(folder.file());
    const auto first = rig.append({event("1"), event("2"), event("1")});
    REQUIRE(first.size() == 3);
    CHECK(first[0].status == Appended::Status::Stored);
    CHECK(first[1].status == Appended::Status::Stored);
    CHECK(first[2].status == Appended::Status::Duplicate);
    CHECK(first[1].seq > first[0].seq);
    auto other = event("1");
    other.source = "chatwoot:2";
    const auto second = rig.append({event("2"), other});
    CHECK(second[0].status == Appended::Status::Duplicate);
    CHECK(second[1].status == Appended::Status::Stored);
}

TEST_CASE("a duplicate is known after a restart") {
    TempFolder folder;
    { Rig(folder.file()).append({event("1")}); }
    Rig rig(folder.file());
    CHECK(rig.append({event("1")})[0].status == Appended::Status::Duplicate);
}

TEST_CASE("done is told only when another connection can read the event") {
    TempFolder folder;
    Rig rig(folder.file());
    Sqlite reader(folder.file(), Sqlite::Mode::ReadOnly);
    for (int i = 0; i < 20; ++i) {
        std::promise<std::int64_t> seen;
        rig.journal.append({event(std::to_string(i))}, [&](std::vector<Appended> results) {
            seen.set_value(
                reader.number("SELECT count(*) FROM events WHERE seq = ?", results[0].seq)
                    .value_or(0));
        });
        CHECK(seen.get_future().get() == 1);
    }
    CHECK(rig.database.counters().commits >= 20);
}

TEST_CASE("events appended from many threads are all stored, in shared commits") {
    TempFolder folder;
    Rig rig(folder.file());
    std::atomic<int> stored{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < 200; ++i) {
                rig.journal.append({event(std::to_string(t * 1000 + i), "s" + std::to_string(i))},
                                   [&](std::vector<Appended> results) {
                                       stored += results[0].status == Appended::Status::Stored;
                                   });
            }
        });
    }
    for (auto& thread : threads) thread.join();
    rig.settle();
    CHECK(stored == 1600);
    CHECK(rig.database.counters().commits < 1600);
}

TEST_CASE("an append above the queue limit is refused as a whole, with the reason") {
    TempFolder folder;
    DispatcherOptions options;
    options.maxQueued = 3;
    Rig rig(folder.file(), options);
    CHECK(rig.append({event("1"), event("2")})[1].status == Appended::Status::Stored);
    const auto refused = rig.append({event("3"), event("4")});
    CHECK(refused[0].status == Appended::Status::Refused);
    CHECK(refused[0].reason == "too many events are waiting");
    CHECK(rig.append({event("3")})[0].status == Appended::Status::Stored);
}

TEST_CASE("an append above the size bound is refused") {
    TempFolder folder;
    Rig rig(folder.file(), {}, nullptr, 1000);
    CHECK_FALSE(rig.database.writable());
    const auto results = rig.append({event("1")});
    CHECK(results[0].status == Appended::Status::Refused);
    CHECK_THAT(results[0].reason, Contains("size bound"));
}

TEST_CASE("after stop an append is refused in the call") {
    TempFolder folder;
    Rig rig(folder.file());
    rig.database.stop();
    const auto results = rig.append({event("1")});
    CHECK(results[0].status == Appended::Status::Refused);
    CHECK(results[0].reason == "the journal is closed");
}

TEST_CASE("what stands in the journal is readable by its owner only") {
    TempFolder folder;
    Rig rig(folder.file());
    rig.append({event("1")});
    for (const char* end : {"", "-wal", "-shm"}) {
        struct stat status {};
        REQUIRE(::stat((folder.file() + end).c_str(), &status) == 0);
        CHECK((status.st_mode & 0777) == 0600);
    }
}

TEST_CASE("a second daemon on the same file is refused and told what to do") {
    TempFolder folder;
    Rig rig(folder.file());
    CHECK_THROWS_WITH(Database({folder.file()}),
                      Contains("another totemd has it open") && Contains("storage.url"));
}

TEST_CASE("a file that is no database is refused and left alone") {
    TempFolder folder;
    const std::string text =
        "this is not a database, whatever its name says, and it is long enough";
    { std::ofstream(folder.file()) << text << std::string(8192, 'x'); }
    CHECK_THROWS_WITH(Database({folder.file()}),
                      Contains(folder.file()) && Contains("damaged or no journal"));
    std::string begin(text.size(), ' ');
    std::ifstream(folder.file()).read(begin.data(), static_cast<std::streamsize>(begin.size()));
    CHECK(begin == text);
}

TEST_CASE("a file that only a newer daemon can read is refused with both versions") {
    TempFolder folder;
    { Database database({folder.file()}); }
    {
        Sqlite db(folder.file(), Sqlite::Mode::ReadWrite);
        db.exec("UPDATE meta SET value = 7 WHERE key IN ('version', 'min_reader')");
    }
    CHECK_THROWS_WITH(Database({folder.file()}),
                      Contains("schema version 7") && Contains("reads up to 2"));
}

TEST_CASE("a file of version 1 is taken over with what waits in it") {
    TempFolder folder;
    { Database database({folder.file()}); }
    {
        Sqlite db(folder.file(), Sqlite::Mode::ReadWrite);
        db.exec("UPDATE meta SET value = 1 WHERE key IN ('version', 'min_reader')");
        db.exec("ALTER TABLE effects ADD COLUMN run TEXT NOT NULL DEFAULT ''");
        db.exec("DROP TABLE requests");
        db.exec(
            "CREATE TABLE requests(seq INTEGER PRIMARY KEY, received INTEGER NOT NULL,"
            " state INTEGER NOT NULL, attempts INTEGER NOT NULL, updated INTEGER NOT NULL,"
            " plugin TEXT NOT NULL, route TEXT NOT NULL, method TEXT NOT NULL,"
            " target TEXT NOT NULL, peer TEXT NOT NULL, reason TEXT NOT NULL,"
            " error TEXT NOT NULL, headers TEXT NOT NULL, body BLOB NOT NULL)");
        db.exec("CREATE INDEX requests_open ON requests(plugin, seq) WHERE state = 0");
        db.exec(
            "INSERT INTO requests VALUES(7, 1, 0, 2, 3, 'desk', 'in', 'POST', '/in', '127.0.0.1',"
            " 'stopped', '', '[]', 'hola')");
    }
    {
        Database database({folder.file()});
        Requests requests(database, {});
        std::promise<std::vector<RawRequest>> taken;
        requests.take("desk", 10, Requests::Which::Due,
                      [&](std::vector<RawRequest> all) { taken.set_value(std::move(all)); });
        const auto waiting = taken.get_future().get();
        REQUIRE(waiting.size() == 1);
        CHECK(waiting[0].body == "hola");
        CHECK(waiting[0].listener == "main");
        CHECK(waiting[0].attempts == 3);
    }
    Sqlite db(folder.file(), Sqlite::Mode::ReadOnly);
    CHECK(db.number("SELECT value FROM meta WHERE key = 'version'") == 2);
}

TEST_CASE("a missing folder is named") {
    CHECK_THROWS_WITH(Database({"/nonexistent/totem.db"}), Contains("/nonexistent/totem.db"));
}
