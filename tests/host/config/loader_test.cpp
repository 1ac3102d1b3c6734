#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "config/loader.hpp"

namespace fs = std::filesystem;
using nlohmann::json;
using totemd::Configuration;
using totemd::LoadedConfig;

namespace {

/// A folder of its own that goes with the test.
class Folder {
public:
    Folder() {
        std::string name = (fs::temp_directory_path() / "totem-config-XXXXXX").string();
        REQUIRE(mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    ~Folder() { fs::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    fs::path write(const std::string& name, const std::string& text) const {
        fs::create_directories((path_ / name).parent_path());
        std::ofstream(path_ / name, std::ios::binary) << text;
        return path_ / name;
    }
    const fs::path& path() const { return path_; }

private:
    fs::path path_;
};

totemd::ConfigSources withPlugins(std::map<std::string, std::string> schemas) {
    totemd::ConfigSources sources;
    sources.environment = [](const std::string& name) -> std::optional<std::string> {
        if (name == "TOKEN") return "s3cret-token";
        if (name == "PORT") return "8081";
        return std::nullopt;
    };
    sources.findPlugins = [schemas](const auto&, auto&) {
        totemd::PluginSchemas found;
        for (const auto& [id, schema] : schemas) found[id] = {id + "/schema.json", schema};
        return found;
    };
    return sources;
}

LoadedConfig load(const std::string& text, const totemd::ConfigSources& sources = withPlugins({})) {
    const Folder folder;
    return totemd::loadConfiguration(folder.write("totemd.json", text), sources);
}

}  // namespace

TEST_CASE("an empty object gives every default, and they are those of the header") {
    const LoadedConfig loaded = load("{}");
    INFO(totemd::describe(loaded.problems));
    REQUIRE(loaded.configuration);
    Configuration expected;
    expected.listeners["main"].address = "127.0.0.1:5678";
    expected.listeners["fnb"].address = "127.0.0.1:5000";
    expected.listeners["fnb"].plugins = {"fnb"};
    expected.listeners["images"].address = "127.0.0.1:8000";
    expected.listeners["images"].plugins = {"images"};
    expected.listeners["admin"].address = "127.0.0.1:9678";
    CHECK(*loaded.configuration == expected);
}

TEST_CASE("a listeners section replaces the default listeners") {
    const LoadedConfig loaded = load(R"({"listeners": {"admin": {"address": "127.0.0.1:0"}}})");
    REQUIRE(loaded.configuration);
    REQUIRE(loaded.configuration->listeners.size() == 1);
    CHECK(loaded.configuration->listeners.at("admin").limits == totemd::ListenerLimits{});
}

TEST_CASE("every value of the file arrives in the typed configuration") {
    const LoadedConfig loaded = load(
        R"({
        "listeners": {"main": {"address": "0.0.0.0:${env:PORT}", "plugins": ["desk"], "token": "t",
            "allow": ["10.0.0.0/8"], "trusted_proxies": ["::1"], "limits": {"header_bytes": 2048,
            "body_bytes": 5, "memory_body_bytes": 6, "connections": 7, "requests_per_second": 8,
            "header_timeout_s": 0.5, "body_timeout_s": 2, "idle_timeout_s": 3,
            "request_timeout_s": 4}}},
        "storage": {"url": "sqlite:x.db", "retention": {"events_days": 1, "dead_letters_days": 2,
            "duplicate_keys_days": 0.5}, "max_bytes": 1048577, "max_open_events": 9,
            "max_undecoded": 10, "max_undecoded_bytes": 11},
        "cache": {"url": "memory:", "max_bytes": 65536},
        "upstream": {"connect_to": {"a:1": "listener:main", "b:2": "[::1]:3"},
            "allow": ["10.0.0.0/8"], "deny": ["127.0.0.1:22"],
            "connections": 12, "limits": {"connections": 13, "queue": 14, "retries": 15,
            "breaker_failures": 16, "breaker_open_s": 17, "connect_timeout_s": 18,
            "timeout_s": 19, "response_bytes": 20},
            "hosts": {"slow:80": {"connections": 2, "timeout_s": 90}}},
        "plugin_path": ["/p", "/q"],
        "plugins": {"desk": {"enabled": false, "required": true, "log_level": "debug",
            "grants": ["totem.http_client/1"], "threads": 2, "max_open_asks": 3,
            "config": {"a": [1]}}},
        "log": {"level": "error", "format": "json"},
        "delivery": {"max_attempts": 1, "backoff_initial_ms": 2, "backoff_max_s": 3,
            "attempt_timeout_s": 6, "max_answer_age_s": 7},
        "guard": {"call_soft_limit_s": 1, "call_hard_limit_s": 2,
            "start_timeout_s": 5, "stop_timeout_s": 6}
        })",
        withPlugins({{"desk", ""}}));
    INFO(totemd::describe(loaded.problems));
    REQUIRE(loaded.configuration);
    using std::chrono::milliseconds;
    Configuration want;
    want.listeners["main"] = {"0.0.0.0:8081",
                              {"desk"},
                              "t",
                              {"10.0.0.0/8"},
                              {"::1"},
                              {2048, 5, 6, 7, 8, milliseconds(500), milliseconds(2000),
                               milliseconds(3000), milliseconds(4000)}};
    want.storage = {"sqlite:x.db",
                    milliseconds(86'400'000),
                    milliseconds(172'800'000),
                    milliseconds(43'200'000),
                    1048577,
                    9,
                    10,
                    11};
    want.cache = {"memory:", 65536};
    want.upstream.connectTo = {{"a:1", "listener:main"}, {"b:2", "[::1]:3"}};
    want.upstream.allow = {"10.0.0.0/8"};
    want.upstream.deny = {"127.0.0.1:22"};
    want.upstream.connections = 12;
    want.upstream.limits = {
        13, 14, 15, 16, milliseconds(17'000), milliseconds(18'000), milliseconds(19'000), 20};
    want.upstream.hosts["slow:80"] = want.upstream.limits;
    want.upstream.hosts["slow:80"].connections = 2;
    want.upstream.hosts["slow:80"].timeout = milliseconds(90'000);
    want.pluginPath = {"/p", "/q"};
    want.plugins["desk"] = {
        false, true, "debug",       std::vector<std::string>{"totem.http_client/1"},
        2,     3,    R"({"a":[1]})"};
    want.log = {"error", "json"};
    want.delivery = {1, milliseconds(2), milliseconds(3000), milliseconds(6000),
                     milliseconds(7000)};
    want.guard = {milliseconds(1000), milliseconds(2000),
                  milliseconds(5000), milliseconds(6000)};
    want.secrets = loaded.configuration->secrets;
    CHECK(*loaded.configuration == want);
}

TEST_CASE("conf.d is merged in the order of names: objects deeply, lists and scalars replaced") {
    const Folder folder;
    folder.write("conf.d/20-b.json", R"({"log": {"level": "error"}, "plugin_path": ["/late"]})");
    folder.write("conf.d/10-a.json", R"({"log": {"level": "debug", "format": "json"}})");
    folder.write("conf.d/note.txt", "not read");
    folder.write("conf.d/.hidden.json", "not read");
    const auto file = folder.write("totemd.json", R"({"plugin_path": ["/a", "/b"]})");
    const LoadedConfig loaded = totemd::loadConfiguration(file, withPlugins({}));
    REQUIRE(loaded.configuration);
    CHECK(loaded.configuration->log.level == "error");
    CHECK(loaded.configuration->log.format == "json");
    CHECK(loaded.configuration->pluginPath == std::vector<std::string>{"/late"});
    REQUIRE(loaded.files.size() == 3);
    CHECK(fs::path(loaded.files[1]).filename() == "10-a.json");
}

TEST_CASE("a relative plugin folder counts from the file that names it") {
    const Folder folder;
    folder.write("conf.d/10.json", R"({"plugin_path": ["../plugins", "/abs"]})");
    const LoadedConfig loaded =
        totemd::loadConfiguration(folder.write("totemd.json", "{}"), withPlugins({}));
    REQUIRE(loaded.configuration);
    CHECK(loaded.configuration->pluginPath ==
          std::vector<std::string>{(folder.path() / "plugins").string(), "/abs"});
}

TEST_CASE("references give their text, one newline of a file is dropped, $${ is a plain ${") {
    const Folder folder;
    folder.write("secret.txt", "from-file\n\n");
    folder.write("credentials/desk", "from-credential\r\n");
    auto sources = withPlugins({{"desk", ""}});
    sources.credentialsDirectory = (folder.path() / "credentials").string();
    const auto file = folder.write("totemd.json", R"({"plugins": {"desk": {"config": {
        "a": "Bearer ${env:TOKEN}!", "b": "${file:secret.txt}", "c": "${credential:desk}",
        "d": "$${env:TOKEN} ${env:PORT}${env:PORT}", "list": ["${env:TOKEN}"]}}}})");
    const LoadedConfig loaded = totemd::loadConfiguration(file, sources);
    INFO(totemd::describe(loaded.problems));
    REQUIRE(loaded.configuration);
    const json config = json::parse(loaded.configuration->plugins.at("desk").config);
    CHECK(config["a"] == "Bearer s3cret-token!");
    CHECK(config["b"] == "from-file\n");
    CHECK(config["c"] == "from-credential");
    CHECK(config["d"] == "${env:TOKEN} 80818081");
    CHECK(config["list"][0] == "s3cret-token");
}

TEST_CASE("the credentials directory is taken from the environment") {
    const Folder folder;
    folder.write("credentials/admin", "from-credential");
    auto sources = withPlugins({});
    sources.environment = [&folder](const std::string& name) -> std::optional<std::string> {
        if (name == "CREDENTIALS_DIRECTORY") return (folder.path() / "credentials").string();
        return std::nullopt;
    };
    const auto file = folder.write("totemd.json", R"({"listeners": {"admin":
        {"address": "127.0.0.1:1", "token": "${credential:admin}"}}})");
    const LoadedConfig loaded = totemd::loadConfiguration(file, sources);
    REQUIRE(loaded.configuration);
    CHECK(loaded.configuration->listeners.at("admin").token == "from-credential");
}

TEST_CASE("outside the service a credential is a warning, inside it is an error") {
    const std::string text = R"({"listeners": {"admin":
        {"address": "127.0.0.1:1", "token": "${credential:admin}"}}})";
    auto sources = withPlugins({});
    const LoadedConfig inside = load(text, sources);
    REQUIRE(inside.problems.size() == 1);
    CHECK(inside.problems[0].message.find("LoadCredential=admin:/path") != std::string::npos);
    sources.credentialsOptional = true;
    const LoadedConfig outside = load(text, sources);
    CHECK(outside.problems.empty());
    REQUIRE(outside.warnings.size() == 1);
    CHECK(outside.warnings[0].message.find("was not checked") != std::string::npos);
}

TEST_CASE("the dump shows no secret: references, writeOnly, telling names, passwords in URLs") {
    const LoadedConfig loaded = load(
        R"({"listeners": {"admin": {"address": "127.0.0.1:${env:PORT}", "token": "inline-token"}},
            "plugins": {"desk": {"config": {"hidden": "write-only", "api_access_token": "by-name",
                "shown": "plain", "accounts": [{"webhook_secret": "deep"}],
                "database": "postgresql://totem:pgpass@db/totem",
                "from": "x ${env:TOKEN}"}}}})",
        withPlugins({{"desk", R"({"properties": {"hidden": {"type": "string",
            "writeOnly": true}}})"}}));
    INFO(totemd::describe(loaded.problems));
    REQUIRE(loaded.configuration);
    for (const char* secret :
         {"pgpass", "8081", "inline-token", "write-only", "by-name", "deep", "s3cret"}) {
        INFO(secret);
        CHECK(loaded.maskedDump.find(secret) == std::string::npos);
    }
    CHECK(loaded.maskedDump.find("\"plain\"") != std::string::npos);
    CHECK(loaded.maskedDump.find("postgresql://totem:***@db/totem") != std::string::npos);
    const auto& secrets = loaded.configuration->secrets;
    for (const char* secret :
         {"pgpass", "inline-token", "write-only", "by-name", "deep", "s3cret-token"}) {
        INFO(secret);
        CHECK(std::find(secrets.begin(), secrets.end(), secret) != secrets.end());
    }
}

TEST_CASE("defaults of a plugin's schema are filled in, in objects, lists and references") {
    const LoadedConfig loaded =
        load(R"({"plugins": {"desk": {"config": {"accounts": [{}, {"ttl": 5}], "own": {}}}}})",
             withPlugins({{"desk", R"({
            "properties": {
                "timeout_ms": {"type": "integer", "default": 5000},
                "retry": {"type": "object", "default": {}, "properties": {"n": {"default": 3}}},
                "accounts": {"items": {"$ref": "#/definitions/account"}},
                "own": {"properties": {"deep": {"default": [1]}}}
            },
            "definitions": {"account": {"properties": {"ttl": {"default": 60}}}}})"}}));
    REQUIRE(loaded.configuration);
    CHECK(json::parse(loaded.configuration->plugins.at("desk").config) == json::parse(R"({
        "timeout_ms": 5000, "retry": {"n": 3}, "accounts": [{"ttl": 60}, {"ttl": 5}],
        "own": {"deep": [1]}})"));
}

TEST_CASE("problems say file, line, column, path and pointer") {
    const LoadedConfig loaded = load("{\n  \"log\": {\n      \"level\": 7\n  }\n}\n");
    CHECK_FALSE(loaded.configuration);
    REQUIRE(loaded.problems.size() == 1);
    const totemd::ConfigProblem& problem = loaded.problems[0];
    CHECK(problem.line == 3);
    CHECK(problem.column == 16);
    CHECK(problem.path == "log.level");
    CHECK(problem.pointer == "/log/level");
    CHECK(fs::path(problem.file).filename() == "totemd.json");
}

TEST_CASE("wrong types in every place of the file are reported and never crash") {
    const std::vector<std::string> wrong{"null",   "true",      "7",  "\"text\"",
                                         "[]",     "[[]]",      "{}", "{\"x\": {\"y\": []}}",
                                         "-1e400", "[null, {}]"};
    const std::vector<std::string> frames{R"({"listeners": @})",
                                          R"({"listeners": {"main": @}})",
                                          R"({"listeners": {"main": {"address": @}}})",
                                          R"({"listeners": {"main": {"plugins": @}}})",
                                          R"({"listeners": {"main": {"limits": @}}})",
                                          R"({"listeners": {"main": {"allow": @}}})",
                                          R"({"storage": @})",
                                          R"({"storage": {"retention": @}})",
                                          R"({"cache": {"url": @}})",
                                          R"({"upstream": @})",
                                          R"({"upstream": {"connect_to": @}})",
                                          R"({"upstream": {"connect_to": {"a:1": @}}})",
                                          R"({"upstream": {"hosts": {"a": @}}})",
                                          R"({"plugin_path": @})",
                                          R"({"plugins": @})",
                                          R"({"plugins": {"desk": @}})",
                                          R"({"plugins": {"desk": {"enabled": @}}})",
                                          R"({"plugins": {"desk": {"config": @}}})",
                                          R"({"plugins": {"desk": {"config": {"a": @}}}})",
                                          R"({"log": @})",
                                          R"({"$schema": @})",
                                          R"({"storage": {"max_undecoded": @}})",
                                          "@"};
    const auto sources = withPlugins({{"desk", R"({"properties": {"a": {"type": "integer"}}})"}});
    for (const std::string& frame : frames) {
        for (const std::string& value : wrong) {
            std::string text = frame;
            text.replace(text.find('@'), 1, value);
            INFO(text);
            const LoadedConfig loaded = load(text, sources);
            CHECK(loaded.configuration.has_value() == loaded.problems.empty());
        }
    }
}

TEST_CASE("a file that cannot be read says so with the reason") {
    const Folder folder;
    const auto missing = totemd::loadConfiguration(folder.path() / "no.json");
    REQUIRE(missing.problems.size() == 1);
    CHECK(missing.problems[0].text() ==
          (folder.path() / "no.json").string() + ": cannot be read: there is no such file");
    const auto isFolder = totemd::loadConfiguration(folder.path());
    REQUIRE(isFolder.problems.size() == 1);
    CHECK(isFolder.problems[0].message == "cannot be read: it is a folder, expected a file");
    folder.write("conf.d", "a file where a folder is expected");
    const auto confD =
        totemd::loadConfiguration(folder.write("totemd.json", "{}"), withPlugins({}));
    REQUIRE(confD.problems.size() == 1);
    CHECK(confD.problems[0].message == "this folder cannot be read: Not a directory");
}

TEST_CASE("files, strings and referenced files have a largest size") {
    CHECK(load("{\"$schema\": \"" + std::string(70'000, 'x') + "\"}").problems.at(0).message ==
          "this text is longer than 65536 bytes: put it into a file of its own");
    CHECK(load("{}" + std::string(5'000'000, ' ')).problems.at(0).message ==
          "is larger than 4194304 bytes");
    const Folder folder;
    folder.write("big", std::string(70'000, 'x'));
    const auto file = folder.write("totemd.json", R"({"$schema": "${file:big}"})");
    const auto loaded = totemd::loadConfiguration(file, withPlugins({}));
    REQUIRE(loaded.problems.size() == 1);
    CHECK(loaded.problems[0].message.find("is larger than 65536 bytes") != std::string::npos);
}

TEST_CASE("two listeners on one address are refused, on port 0 they are not") {
    const auto text = [](const std::string& address) {
        return R"({"listeners": {"admin": {"address": ")" + address +
               R"("}, "main": {"address": ")" + address + R"("}}})";
    };
    CHECK(load(text("127.0.0.1:0")).problems.empty());
    REQUIRE(load(text("127.0.0.1:80")).problems.size() == 1);
    CHECK(load(text("127.0.0.1:80")).problems[0].message ==
          "expected an address of its own, got that of listener \"admin\"");
}
