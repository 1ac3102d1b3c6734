#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <set>
#include <string>

#include "host/journal/fixture.hpp"
#include "journal/sqlite.hpp"

extern char** environ;

using namespace totemd;
using namespace totemd::test;

namespace {

constexpr int kEvents = 400;

/// Runs the helper and collects the ids it acknowledges; kills it after `killAfter` of them (0:
/// never). Returns whether it came to its end.
bool live(const TempFolder& folder, int killAfter, std::set<std::string>& acknowledged) {
    int pipe[2];
    REQUIRE(::pipe2(pipe, O_CLOEXEC) == 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipe[1], 1);
    const std::string database = folder.file();
    const std::string world = folder.path + "/world";
    const std::string count = std::to_string(kEvents);
    std::string program = CRASH_HELPER;
    char* argv[] = {program.data(), const_cast<char*>(database.c_str()),
                    const_cast<char*>(world.c_str()), const_cast<char*>(count.c_str()), nullptr};
    pid_t child = 0;
    REQUIRE(::posix_spawn(&child, program.c_str(), &actions, nullptr, argv, environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
    ::close(pipe[1]);
    FILE* output = ::fdopen(pipe[0], "r");
    bool ended = false;
    int lines = 0;
    char buffer[64];
    while (std::fgets(buffer, sizeof buffer, output) != nullptr) {
        std::string id(buffer);
        if (id.back() != '\n') break;  // cut off by the kill
        id.pop_back();
        if (id == "end")
            ended = true;
        else
            acknowledged.insert(id);
        if (++lines == killAfter) ::kill(child, SIGKILL);
    }
    std::fclose(output);
    ::waitpid(child, nullptr, 0);
    return ended;
}

}  // namespace

TEST_CASE("kill -9 in the middle: every acknowledged event is there and handled exactly once") {
    TempFolder folder;
    std::set<std::string> acknowledged;
    for (const int killAfter : {1, 60, 150, 320}) {
        live(folder, killAfter, acknowledged);
        Sqlite db(folder.file(), Sqlite::Mode::ReadWrite);
        for (const auto& id : acknowledged) {
            CAPTURE(id, killAfter);
            CHECK(db.number("SELECT count(*) FROM events WHERE id = ?", id) == 1);
        }
    }
    CHECK(live(folder, 0, acknowledged));
    CHECK(acknowledged.size() == kEvents);
    std::map<std::string, int> handled;
    std::map<int, int> last;
    std::ifstream world(folder.path + "/world");
    bool ordered = true;
    for (std::string id; std::getline(world, id);) {
        ++handled[id];
        const int number = std::stoi(id);
        ordered = ordered && (last.count(number % 7) == 0 || number > last[number % 7]);
        last[number % 7] = number;
    }
    CHECK(handled.size() == kEvents);
    for (const auto& [id, times] : handled) {
        CAPTURE(id);
        CHECK(times == 1);
    }
    CHECK(ordered);
    Sqlite db(folder.file(), Sqlite::Mode::ReadWrite);
    CHECK(db.number("SELECT count(*) FROM deliveries WHERE state <> 1") == 0);
    CHECK(db.number("SELECT count(*) FROM effects WHERE state <> 1") == 0);
}
