#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "host/plugin/fixtures.hpp"

using nlohmann::json;
using totem_test::pluginOf;
using totem_test::TestDaemon;
using totem_test::withFixtures;

namespace {

const std::filesystem::path kFixtures = TOTEM_FIXTURE_PLUGINS;

void check(const TestDaemon& daemon, const std::string& id, const std::vector<std::string>& parts) {
    INFO(id);
    const json plugin = pluginOf(daemon, id);
    CHECK(plugin.at("state") == "failed");
    const std::string reason = plugin.value("reason", "");
    for (const std::string& part : parts) CHECK_THAT(reason, Catch::Contains(part));
    const json health = daemon.get("admin", "/health").json().at("components");
    CHECK(health.at(id).at("state") == "unhealthy");
}

}  // namespace

TEST_CASE("plugins that cannot be loaded are left out with file, reason and remedy; the others serve") {
    TestDaemon daemon(withFixtures({{"even", json::object()},
                                    {"ctor-throws", json::object()},
                                    {"ctor-asserts", json::object()},
                                    {"ctor-crashes", json::object()},
                                    {"ctor-hangs", json::object()},
                                    {"ctor-exits", json::object()},
                                    {"wrong-major", json::object()},
                                    {"needs-much", json::object()},
                                    {"no-entry", json::object()},
                                    {"no-symbol", json::object()}},
                                   {{"start_timeout_s", 2}}));
    CHECK(daemon.get("main", "/even/x").status == 200);
    CHECK(daemon.get("main", "/ctor-throws/x").status == 503);
    CHECK(pluginOf(daemon, "even").at("state") == "running");
    check(daemon, "ctor-throws", {"ctor-throws", "crashed while it was loaded, signal 6", "thrown by a static constructor", "static constructors are the place to look"});
    check(daemon, "ctor-asserts", {"crashed while it was loaded, signal 6"});
    check(daemon, "ctor-crashes", {"crashed while it was loaded, signal 11"});
    check(daemon, "ctor-hangs", {"did not load within 2000 ms", "static constructors must not wait"});
    check(daemon, "ctor-exits", {"called exit(0) while it was loaded", "must not end the process"});
    check(daemon, "wrong-major", {"wrong-major.so: built for ABI", "this daemon speaks", "rebuild the plugin against the SDK"});
    check(daemon, "needs-much", {"plugin.json#/requires: this daemon offers no com.example.teleport/1", "upgrade totemd"});
    check(daemon, "no-entry", {"no-entry.so: exports no totem_plugin_entry", "TOTEM_PLUGIN(YourClass)"});
    check(daemon, "no-symbol", {"no-symbol.so: cannot be loaded", "undefined symbol: totem_nowhere", "link everything it uses"});
    CHECK(daemon.get("admin", "/readyz").status == 200);
    CHECK(daemon.stop() == 0);
}

TEST_CASE("a plugin whose file is not what it should be is refused and says how to mend it") {
    TestDaemon daemon(withFixtures({{"even", json::object()}}));
    const auto folder = daemon.folder() / "plugins";
    auto copy = [&](const std::string& id) {
        std::filesystem::create_directories(folder / id);
        std::filesystem::copy_file(kFixtures / "even" / "even.so", folder / id / (id + ".so"));
        std::ofstream(folder / id / "plugin.json") << R"({"id": ")" << id << R"(", "version": "2.0.0"})";
    };
    copy("other");
    copy("open");
    chmod((folder / "open" / "open.so").c_str(), 0666);
    std::filesystem::create_directories(folder / "paper");
    std::ofstream(folder / "paper" / "plugin.json") << R"({"id": "paper", "version": "1"})";
    std::ofstream(folder / "paper" / "paper.so") << "this is no shared object at all, but long enough to be read as one\n";
    std::filesystem::create_directories(folder / "typo");
    std::ofstream(folder / "typo" / "plugin.json") << R"({"id": "typo", "version": 7})";
    json next = withFixtures({{"even", json::object()}, {"other", json::object()}, {"open", json::object()}, {"paper", json::object()}, {"typo", json::object()}});
    next["plugin_path"].push_back(folder.string());
    CHECK(daemon.reload(next));
    CHECK(daemon.get("main", "/even/x").status == 200);
    check(daemon, "other", {"was built from another plugin.json (even 1.0.0)", "(other 2.0.0)", "install both from one build"});
    check(daemon, "open", {"others may write to it", "chmod go-w", "open.so"});
    check(daemon, "paper", {"paper.so: cannot be loaded", "totem_add_plugin()"});
    check(daemon, "typo", {"plugin.json#/version: expected a string, found 7"});
}

TEST_CASE("a library that is missing is named with how to find it") {
    const auto library = kFixtures.parent_path() / "libtotem_absent.so";
    const auto aside = kFixtures.parent_path() / "libtotem_absent.aside";
    if (std::filesystem::exists(library)) std::filesystem::rename(library, aside);
    TestDaemon daemon(withFixtures({{"even", json::object()}, {"no-library", json::object()}}));
    if (std::filesystem::exists(aside)) std::filesystem::rename(aside, library);
    CHECK(daemon.get("main", "/even/x").status == 200);
    check(daemon, "no-library", {"no-library.so: cannot be loaded", "libtotem_absent.so", "`ldd`"});
}

TEST_CASE("a plugin that fails, throws or hangs while it starts is left out; the others serve") {
    const std::string hook = GENERATE("create", "start");
    const std::string how = GENERATE("fail", "throw", "hang");
    INFO(hook << " " << how);
    TestDaemon daemon(withFixtures({{"even", json::object()}, {"odd", {{"config", {{hook, how}}}}}}, {{"start_timeout_s", 1}, {"stop_timeout_s", 2}}));
    CHECK(daemon.get("main", "/even/x").status == 200);
    check(daemon, "odd", {how == "hang" ? hook + " did not return within 1000 ms" : hook + " failed (fault)"});
    CHECK(daemon.stop() == 0);
}

TEST_CASE("a plugin that crashes the daemon in create stays out after three starts, until it changes") {
    const json crashing = withFixtures({{"even", json::object()}, {"odd", {{"config", {{"create", "crash"}}}}}});
    TestDaemon daemon(withFixtures({{"even", json::object()}}));
    CHECK_THROWS_WITH(daemon.reload(crashing), Catch::Contains("did not reload"));
    daemon.kill();
    for (int start = 2; start <= 3; ++start) CHECK_THROWS(daemon.start());
    daemon.start();
    CHECK(daemon.get("main", "/even/x").status == 200);
    check(daemon, "odd", {"the daemon ended 3 times in a row while it was created", "until its library or its configuration changes"});
    CHECK(daemon.reload(withFixtures({{"even", json::object()}, {"odd", json::object()}})));
    CHECK(daemon.get("main", "/odd/x").status == 200);
}
