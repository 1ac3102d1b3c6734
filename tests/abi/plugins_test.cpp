// Plugins that somebody else built, in a real daemon.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "abi/command.hpp"
#include "e2e/daemon.hpp"

using namespace totem_test;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

void must(const std::vector<std::string>& command) {
    const Finished finished = runCommand(command);
    INFO(finished.output);
    REQUIRE(finished.ok());
}

/// What `cmake --install` gives to plugin authors.
fs::path installedSdk(const Scratch& scratch) {
    const fs::path prefix = scratch.path() / "sdk";
    must({TOTEM_CMAKE, "--install", TOTEM_BUILD, "--component", "sdk", "--prefix", prefix});
    return prefix;
}

void build(const fs::path& source, const fs::path& folder, const fs::path& sdk,
           const std::vector<std::string>& options) {
    std::vector<std::string> configure{
        TOTEM_CMAKE, "-G", "Ninja", "-S",
        source,      "-B", folder,  "-DCMAKE_PREFIX_PATH=" + sdk.string()};
    configure.insert(configure.end(), options.begin(), options.end());
    must(configure);
    must({TOTEM_CMAKE, "--build", folder});
}

}  // namespace

TEST_CASE("a plugin in plain C serves, acts, is reloaded and stops") {
    const json on = {{"plugins", {{"plain", json::object()}}}};
    TestDaemon daemon(on);
    CHECK(daemon.get("main", "/plain").body == "plain C\n");
    CHECK(daemon.post("admin", "/api/v1/actions/plain.echo", {{"a", "ñ"}}).json() ==
          json{{"a", "ñ"}});
    CHECK(daemon.reload({{"plugins", {{"plain", {{"enabled", false}}}}}}));
    CHECK(daemon.get("main", "/plain").status == 404);
    CHECK(daemon.reload(on));
    CHECK(daemon.get("main", "/plain").status == 200);
    CHECK(daemon.stop() == 0);
    CHECK(daemon.log().find("plain.stopped") != std::string::npos);
}

TEST_CASE("a plugin of the installed SDK works with every compiler and standard library") {
    const Scratch scratch;
    const fs::path sdk = installedSdk(scratch);
    struct Toolchain {
        std::string name, compiler;
        std::vector<std::string> flags;
    };
    int built = 0;
    for (const Toolchain& toolchain :
         {Toolchain{"build", TOTEM_CXX, {}}, Toolchain{"clang", "clang++", {}},
          Toolchain{"libcxx", "clang++", {"-stdlib=libc++"}}}) {
        if (!translates(toolchain.compiler, toolchain.flags)) {
            WARN(toolchain.compiler << " is not installed for " << toolchain.name);
            continue;
        }
        for (const std::string type : {"Debug", "Release"}) {
            INFO(toolchain.name << " " << type);
            const fs::path folder = scratch.path() / (toolchain.name + type);
            std::string flags;
            for (const std::string& flag : toolchain.flags) flags += flag + " ";
            build(fs::path(TOTEM_ABI_TESTS) / "outside", folder, sdk,
                  {"-DCMAKE_CXX_COMPILER=" + toolchain.compiler, "-DCMAKE_CXX_FLAGS=" + flags,
                   "-DCMAKE_BUILD_TYPE=" + type});
            const std::string path = folder / "plugins";
            TestDaemon daemon(
                {{"plugin_path", {path}}, {"plugins", {{"outside", json::object()}}}});
            CHECK(daemon.get("main", "/outside/hello").body == "Hello!\n");
            const char* const greet = "/api/v1/actions/outside.greet";
            CHECK(daemon.post("admin", greet, {{"name", "Ana"}}).json().at("text") ==
                  "Hello, Ana!");
            // Thrown in a handler and by a library in it: nothing crosses the line.
            CHECK(daemon.get("main", "/outside/throw").status == 500);
            CHECK(daemon.post("admin", greet, json::object()).status >= 400);
            CHECK(daemon.get("main", "/outside/hello").status == 200);
            CHECK(daemon.reload(
                {{"plugin_path", {path}}, {"plugins", {{"outside", {{"enabled", false}}}}}}));
            CHECK(daemon.stop() == 0);
            ++built;
        }
    }
    CHECK(built >= 2);
}

TEST_CASE("what `totemctl plugin new` writes is built, passes its own tests and serves") {
    const Scratch scratch;
    const fs::path sdk = installedSdk(scratch);
    const fs::path source = scratch.path() / "credit_check";
    must({TOTEM_TOTEMCTL, "plugin", "new", "credit_check", "--folder", source});
    const fs::path folder = source / "build";
    build(source, folder, sdk, {});
    must({"ctest", "--test-dir", folder, "--output-on-failure"});
    TestDaemon daemon({{"plugin_path", {(folder / "plugins").string()}},
                       {"plugins", {{"credit_check", json::object()}}}});
    CHECK(daemon.get("main", "/credit_check").body == "Hello, stranger!\n");
    CHECK(daemon.stop() == 0);
}
