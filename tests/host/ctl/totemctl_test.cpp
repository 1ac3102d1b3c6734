#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "ctl/command_line.hpp"
#include "ctl/output.hpp"
#include "host/ctl/fake_admin.hpp"

namespace fs = std::filesystem;

namespace {

const fs::path kGolden = TOTEM_GOLDEN_DIR;

struct Outcome {
    int exitCode = 0;
    std::string out, err;
};

Outcome run(const std::vector<std::string>& arguments, const std::string& input = {},
            const std::map<std::string, std::string>& environment = {}) {
    std::ostringstream out;
    std::ostringstream err;
    std::istringstream in(input);
    Outcome outcome;
    outcome.exitCode = totemd::runTotemctl(
        arguments,
        {out, err, in, [&environment](const std::string& name) -> std::optional<std::string> {
             auto found = environment.find(name);
             if (found == environment.end()) return std::nullopt;
             return found->second;
         }});
    outcome.out = out.str();
    outcome.err = err.str();
    return outcome;
}

std::string slurp(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

/// Compares with tests/golden/ctl/NAME.txt; TOTEM_UPDATE_GOLDEN=1 writes it anew.
void checkGolden(const std::string& name, std::string text,
                 const std::vector<std::pair<std::string, std::string>>& replacements = {}) {
    for (const auto& [from, to] : replacements)
        for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
            text.replace(at, from.size(), to);
    const fs::path file = kGolden / (name + ".txt");
    if (std::getenv("TOTEM_UPDATE_GOLDEN") != nullptr) std::ofstream(file) << text;
    INFO("golden file " << file);
    CHECK(text == slurp(file));
}

/// A folder of its own that goes with the test.
class Folder {
public:
    Folder() {
        std::string name = (fs::temp_directory_path() / "totemctl-XXXXXX").string();
        REQUIRE(mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    ~Folder() { fs::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    std::string write(const std::string& name, const std::string& text) const {
        fs::create_directories((path_ / name).parent_path());
        std::ofstream(path_ / name, std::ios::binary) << text;
        return (path_ / name).string();
    }

private:
    fs::path path_;
};

const std::map<std::string, FakeAdmin::Answer> kAnswers{
    {"GET /api/v1/plugins", {200, R"({"plugins": [
        {"id": "desk", "state": "running", "version": "1.2.0", "since": "2026-01-31T12:00:00Z",
         "open_calls": 3, "queued": 0},
        {"id": "bridge", "state": "failed", "version": "0.9.0", "reason": "create: missing token"}]})"}},
    {"GET /api/v1/events?limit=50", {200, R"({"events": [
        {"seq": 1769860800000123, "id": "message_created:7", "source": "desk", "type": "message.received",
         "subject": "conversation:1", "received": 1769860800123456789, "deliveries": [
            {"subscriber": "flows", "state": "done", "attempts": 1},
            {"subscriber": "audit", "state": "dead", "attempts": 8}]},
        {"seq": 1769860800000001, "id": "evil\u001b[2J\u0007", "type": "message.received", "subject": "",
         "received": 1769860800000000000, "deliveries": []}], "next": 1769860800000001})"}},
    {"GET /api/v1/events?limit=2&before=9&subject=a%26b&type=t&state=dead",
     {200, R"({"events": [], "next": null})"}},
    {"GET /api/v1/events/message_created%3A7", {200, R"({"seq": 5, "id": "message_created:7",
        "source": "desk", "type": "message.received", "subject": "conversation:1", "time": "2026-01-31T12:00:00Z",
        "received": 1769860800123456789, "trace": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
        "deliveries": [{"subscriber": "flows", "state": "done", "attempts": 1, "updated": 1769860800223456789, "error": ""}],
        "effects": [{"seq": 6, "action": "desk.send_message", "state": "done", "created": 1769860800200000000}],
        "data": {"text": "hola\u001b[31m", "from": {"name": "Ana"}}, "reply": {"action": "desk.send_message"}})"}},
    {"POST /api/v1/events/5/replay", {200, R"({"replayed": 1})"}},
    {"POST /api/v1/events/6/replay",
     {409, R"({"title": "Conflict", "status": 409, "detail": "every delivery is still open"})"}},
    {"GET /api/v1/effects?limit=50&state=unknown",
     {200, R"({"effects": [{"seq": 6, "created": 1769860800200000000,
        "action": "desk.send_message", "subject": "conversation:1", "state": "unknown", "attempts": 1, "key": "run:1"}], "next": null})"}},
    {"GET /api/v1/requests?limit=50",
     {200, R"({"requests": [{"seq": 9, "received": 1769860800200000000,
        "plugin": "desk", "method": "POST", "target": "/webhook/desk", "state": "open", "attempts": 0, "reason": "plugin is reloading"}], "next": null})"}},
    {"POST /api/v1/requests/replay", {200, R"({"waiting": 1})"}},
    {"GET /api/v1/trace/5", {200, R"({"trace": "00-0af7-1-00", "entries": [
        {"at": 1769860800123456789, "what": "event received", "id": "message_created:7", "type": "message.received"},
        {"at": 1769860800223456789, "what": "delivery done", "subscriber": "flows", "attempts": 1, "error": ""}]})"}},
    {"GET /api/v1/trace/none", {200, R"({"trace": "", "entries": []})"}},
    {"GET /health",
     {200, R"({"status": "healthy", "version": "0.1.0", "listeners": {"main": "127.0.0.1:5678"},
        "components": {"journal": {"state": "healthy", "since": "2026-01-31T12:00:00Z", "last_latency_ms": 1, "last_error": ""}},
        "upstreams": [{"upstream": "portal:443", "state": "unhealthy", "last_error": "time-out"}]})"}},
    {"GET /metrics", {200, "# TYPE totem_up gauge\ntotem_up 1\n"}},
    {"GET /api/v1/log", {200, R"({"levels": {"desk": "debug", "http": "info"}})"}},
    {"PUT /api/v1/log/desk", {200, R"({"levels": {"desk": "warn"}})"}},
    {"GET /api/v1/actions", {200, R"({"actions": [
        {"name": "desk.send_message", "plugin": "desk", "effect": "reconcilable", "title": "Send a message", "input": {}},
        {"name": "flows.import", "plugin": "flows", "effect": "idempotent", "title": "", "input": {"properties": {"workflow": {"type": "object"}, "note": {"type": "string"}}}}]})"}},
    {"POST /api/v1/actions/desk.send_message", {200, R"({"id": 17, "status": "sent"})"}},
    {"POST /api/v1/actions/no.such",
     {404,
      R"({"title": "Not Found", "status": 404, "detail": "no plugin offers the action no.such"})"}},
    {"POST /api/v1/actions/flows.import",
     {200, R"([{"name": "DNI", "active": true, "id": "f1"}])"}},
    {"POST /api/v1/forget", {200, R"({"events": 3, "effects": 2, "rows": 0, "requests": 0})"}},
    {"POST /api/v1/reload", {202, R"({"reload": "started"})"}},
    {"GET /api/v1/commands", {200, R"({"commands": [
        {"group": "flow", "verb": "import", "action": "flows.import", "help": "Put a workflow into service",
         "arguments": [{"name": "file", "kind": "file-content", "input": "workflow", "required": true, "help": "The exported JSON"},
                       {"name": "note", "kind": "file-content", "help": "Text to keep beside it"},
                       {"name": "activate", "kind": "flag", "help": "Serve it at once"},
                       {"name": "max_runs", "kind": "integer"}, {"name": "folder"}]},
        {"group": "flow", "verb": "import", "action": "other.import", "help": "Comes too late"},
        {"group": "plugin", "verb": "hijack", "action": "x.y"},
        {"group": "--json", "verb": "x", "action": "x.y"}, {"group": "half"}, 7]})"}}};

}  // namespace

TEST_CASE("each listing reads as recorded") {
    const FakeAdmin admin(kAnswers);
    const std::vector<std::pair<const char*, std::vector<std::string>>> rows{
        {"plugin_list", {"plugin", "list"}},
        {"events_list", {"events", "list"}},
        {"events_list_empty",
         {"events", "list", "--limit", "2", "--before", "9", "--subject", "a&b", "--type", "t",
          "--state", "dead"}},
        {"events_show", {"events", "show", "message_created:7"}},
        {"events_replay", {"events", "replay", "5", "--fresh"}},
        {"events_replay_refused", {"events", "replay", "6"}},
        {"effects_list", {"effects", "list", "--state", "unknown"}},
        {"requests_list", {"requests", "list"}},
        {"requests_replay", {"requests", "replay"}},
        {"trace", {"trace", "5"}},
        {"trace_none", {"trace", "none"}},
        {"health", {"health"}},
        {"metrics", {"metrics"}},
        {"log_levels", {"log", "levels"}},
        {"log_level", {"log", "level", "desk", "warn"}},
        {"actions", {"actions"}},
        {"call", {"call", "desk.send_message", R"({"text": "hola"})"}},
        {"call_json", {"--json", "call", "desk.send_message"}},
        {"call_unknown", {"call", "no.such"}},
        {"forget", {"forget", "08408122"}},
        {"reload", {"reload"}},
        {"events_list_json", {"requests", "replay", "--json"}}};
    for (const auto& [name, arguments] : rows) {
        std::vector<std::string> all{"--admin", admin.address()};
        all.insert(all.end(), arguments.begin(), arguments.end());
        const Outcome outcome = run(all);
        CHECK(outcome.out.find('\x1b') == std::string::npos);
        checkGolden(
            name,
            outcome.out + outcome.err + "exit code " + std::to_string(outcome.exitCode) + "\n",
            {{admin.address(), "ADDRESS"}});
    }
}

TEST_CASE("help reads as recorded, for totemctl and for each group") {
    checkGolden("help", run({"--config", "/no/such/file", "--help"}).out);
    std::string groups;
    for (const char* group : {"config", "plugin", "events", "effects", "requests", "log"})
        groups += run({group, "--help"}).out;
    groups += run({"events", "list", "--help"}).out + run({"call", "--help"}).out;
    checkGolden("help_groups", groups);
}

TEST_CASE("wrong arguments end with exit code 2 and a hint") {
    for (const std::vector<std::string>& arguments :
         std::vector<std::vector<std::string>>{{},
                                               {"events"},
                                               {"no-such"},
                                               {"events", "show"},
                                               {"log", "level", "desk", "loud"},
                                               {"--timeout", "x", "health"},
                                               {"events", "list", "--limit", "501"},
                                               {"health", "--no-such"}}) {
        const Outcome outcome = run(arguments);
        CHECK(outcome.exitCode == 2);
        CHECK(outcome.err.find("--help") != std::string::npos);
        CHECK(outcome.out.empty());
    }
}

TEST_CASE("config check prints every error and ends with 2, with 0 when all is well") {
    const Folder folder;
    const auto bad = folder.write("bad.json", R"({"log": {"level": 5}, "cach": {}})");
    const Outcome wrong = run({"config", "check", "--config", bad});
    CHECK(wrong.exitCode == 2);
    CHECK(wrong.err.find("bad.json:1:19: log.level: expected one of") != std::string::npos);
    CHECK(wrong.err.find("did you mean \"cache\"?") != std::string::npos);
    CHECK(wrong.err.find("2 errors\n") != std::string::npos);
    const auto good = folder.write("good.json", "{}");
    const Outcome fine = run({"--config", good, "config", "check"});
    CHECK(fine.exitCode == 0);
    CHECK(fine.out == good + ": ok\n");
}

TEST_CASE("config show hides secrets") {
    const Folder folder;
    const auto file = folder.write("totemd.json", R"({"listeners": {"admin": {"address":
        "127.0.0.1:1", "token": "${env:TOKEN}"}}})");
    const Outcome outcome = run({"config", "show", "--config", file}, "", {{"TOKEN", "hunter2"}});
    CHECK(outcome.exitCode == 0);
    CHECK(outcome.out.find("hunter2") == std::string::npos);
    CHECK(outcome.out.find("\"token\": \"***\"") != std::string::npos);
}

TEST_CASE("address and token come from options, the environment or the configuration") {
    const FakeAdmin admin(kAnswers);
    const Folder folder;
    const auto config = folder.write("totemd.json", R"({"log": {"level": "wrong, but no matter"},
        "listeners": {"admin": {"address": ")" + admin.address() +
                                                        R"(", "token": "from-config"}}})");
    const auto file = folder.write("token", "from-file\n");
    const std::map<std::string, std::string> environment{{"TOTEM_ADMIN", admin.address()},
                                                         {"TOTEM_ADMIN_TOKEN", "from-environment"}};
    CHECK(run({"reload", "--config", config}).exitCode == 0);
    CHECK(run({"reload", "--config", config}, "", environment).exitCode == 0);
    CHECK(run({"reload", "--token-file", file, "--config", config}, "", environment).exitCode == 0);
    CHECK(admin.asked() ==
          std::vector<std::string>{"POST /api/v1/reload | {} | Bearer from-config | -",
                                   "POST /api/v1/reload | {} | Bearer from-environment | -",
                                   "POST /api/v1/reload | {} | Bearer from-file | -"});
}

TEST_CASE("what cannot be reached or read says the address tried and the next step") {
    std::string closed;
    {
        const FakeAdmin gone({});
        closed = gone.address();
    }
    const Folder folder;
    std::string text;
    auto add = [&](const std::vector<std::string>& arguments) {
        const Outcome outcome = run(arguments);
        text += outcome.err + "exit code " + std::to_string(outcome.exitCode) + "\n";
    };
    add({"health", "--admin", closed});
    add({"health", "--config",
         folder.write("none.json", R"({"listeners": {"main": {"address": "127.0.0.1:1"}}})")});
    add({"health", "--config",
         folder.write("zero.json", R"({"listeners": {"admin": {"address": "127.0.0.1:0"}}})")});
    add({"health", "--config", "/no/such/file.json"});
    add({"health", "--admin", closed, "--token-file", "/no/such/token"});
    const FakeAdmin strict({{"GET /health", {401, ""}},
                            {"GET /metrics", {500, "boom"}},
                            {"GET /api/v1/log", {200, "<html>"}}});
    add({"health", "--admin", strict.address()});
    add({"health", "--admin", strict.address(), "--token-file", folder.write("token", "wrong")});
    add({"metrics", "--admin", strict.address()});
    add({"log", "levels", "--admin", strict.address()});
    add({"reload", "--admin", strict.address()});
    add({"call", "a.b", "{\"x\": }", "--admin", strict.address()});
    add({"call", "a.b", "[]", "--admin", strict.address()});
    add({"call", "a.b", "@/no/such/input", "--admin", strict.address()});
    const std::string path = fs::path(folder.write("x", "")).parent_path().string();
    checkGolden("unreachable", text,
                {{closed, "CLOSED"}, {strict.address(), "ADDRESS"}, {path, "FOLDER"}});
}

TEST_CASE("health ends with 1 unless all is well") {
    const FakeAdmin admin({{"GET /health", {200, R"({"status": "unhealthy"})"}}});
    const Outcome outcome = run({"health", "--admin", admin.address()});
    CHECK(outcome.exitCode == 1);
    CHECK(outcome.out == "status: unhealthy\n");
}

TEST_CASE("call takes its input from the line, a file or standard input, with a key") {
    const FakeAdmin admin(kAnswers);
    const Folder folder;
    const auto file = folder.write("input.json", R"({"from": "file"})");
    const std::vector<std::string> start{"--admin", admin.address(), "call", "desk.send_message"};
    auto call = [&start](std::vector<std::string> rest, const std::string& input) {
        rest.insert(rest.begin(), start.begin(), start.end());
        CHECK(run(rest, input).exitCode == 0);
    };
    call({"{\"a\":1}", "--idempotency-key", "k1"}, "");
    call({"@" + file}, "");
    call({"-"}, R"({"from": "stdin"})");
    const std::string path = "POST /api/v1/actions/desk.send_message | ";
    CHECK(admin.asked() == std::vector<std::string>{path + R"({"a":1} | - | k1)",
                                                    path + R"({"from":"file"} | - | -)",
                                                    path + R"({"from":"stdin"} | - | -)"});
}

TEST_CASE("a command that a plugin declares calls its action") {
    const FakeAdmin admin(kAnswers);
    const Folder folder;
    const auto workflow = folder.write("dni.json", R"({"nodes": []})");
    const auto note = folder.write("note.json", R"({"kept": "as text"})");
    const Outcome outcome = run({"flow", "import", workflow, "--activate", "--note", note,
                                 "--max-runs", "3", "--folder", "f", "--admin", admin.address()});
    CHECK(outcome.err.empty());
    CHECK(outcome.exitCode == 0);
    CHECK(outcome.out == "ID  NAME  ACTIVE\nf1  DNI   yes\n");
    CHECK(
        admin.asked().back() ==
        R"(POST /api/v1/actions/flows.import | {"workflow":{"nodes":[]},"note":"{\"kept\": \"as text\"}",)"
        R"("activate":true,"max_runs":3,"folder":"f"} | - | -)");
    checkGolden("declared_help", run({"flow", "import", "--help", "--admin", admin.address()}).out);
    CHECK(run({"flow", "import", "/no/such.json", "--admin", admin.address()}).exitCode == 2);
    CHECK(run({"plugin", "hijack", "--admin", admin.address()}).exitCode == 2);
}

TEST_CASE("declared commands are known offline, from the manifests of enabled plugins") {
    const Folder folder;
    folder.write(
        "plugins/flows/plugin.json",
        R"({"id": "flows", "commands": [{"group": "flow", "verb": "list", "action": "flows.list", "help": "List them"}]})");
    folder.write(
        "plugins/off/plugin.json",
        R"({"id": "off", "commands": [{"group": "off", "verb": "x", "action": "off.x"}]})");
    folder.write("plugins/broken/plugin.json", "{");
    const auto config = folder.write("totemd.json", R"({"plugin_path": ["plugins"], "plugins":
        {"flows": {}, "broken": {}, "off": {"enabled": false}}})");
    const Outcome help = run({"--config", config, "flow", "--help"});
    CHECK(help.exitCode == 0);
    CHECK(help.out.find("List them") != std::string::npos);
    CHECK(run({"--config", config, "--help"}).out.find("\n  off") == std::string::npos);
}

TEST_CASE("plugin new writes a plugin, and nothing over what is there") {
    const Folder folder;
    const std::string where = fs::path(folder.write("x", "")).parent_path() / "new";
    const Outcome outcome = run({"plugin", "new", "credit_check", "--folder", where});
    CHECK(outcome.exitCode == 0);
    checkGolden("plugin_new", outcome.out, {{where, "FOLDER"}});
    const std::string source = slurp(fs::path(where) / "src/credit_check.cpp");
    CHECK(source.find("TOTEM_PLUGIN(CreditCheck);") != std::string::npos);
    CHECK(source.find('@') == std::string::npos);
    const Outcome again = run({"plugin", "new", "credit_check", "--folder", where});
    CHECK(again.exitCode == 2);
    CHECK(again.err == "totemctl: " + where + " is not empty: name another folder with --folder\n");
    for (const char* bad : {"Credit", "1st", "a-b", "../x"})
        CHECK(run({"plugin", "new", bad, "--folder", where + bad}).exitCode == 2);
}

TEST_CASE("plugin check accepts a good plugin, by folder and by library") {
    const fs::path hello = fs::path(TOTEM_PLUGINS_DIR) / "hello";
    for (const fs::path& given : {hello, hello / "", hello / "hello.so"}) {
        const Outcome outcome = run({"plugin", "check", given.string()});
        INFO(outcome.out << outcome.err);
        CHECK(outcome.out.find("manifest: ok\n") != std::string::npos);
        CHECK(outcome.out.find("commands: ok\nlibrary: ok\n") != std::string::npos);
    }
}

TEST_CASE("plugin check says what is wrong with a bad one") {
    const Folder folder;
    const std::string manifest = folder.write("odd/plugin.json", R"({"id": "even", "version": "1",
        "actions": [{"name": "even.a", "input": {"type": 5}}],
        "commands": [{"group": "even", "verb": "b", "action": "even.b"}]})");
    folder.write("odd/schema.json", R"({"pattern": "["})");
    folder.write("odd/even.so", "not a library");
    const fs::path odd = fs::path(manifest).parent_path();
    const Outcome outcome = run({"plugin", "check", odd.string()});
    CHECK(outcome.exitCode == 1);
    const std::size_t library = outcome.out.find("library: ");  // the loader's own words
    REQUIRE(library != std::string::npos);
    CHECK(outcome.out.substr(library) != "library: ok\n");
    checkGolden("plugin_check_bad", outcome.out.substr(0, library), {{odd.string(), "FOLDER"}});
    const Outcome nothing = run({"plugin", "check", "/no/such", "--config", "/no/such.json"});
    CHECK(nothing.exitCode == 2);
    CHECK(nothing.err.find("neither a plugin's folder") != std::string::npos);
}

TEST_CASE("tables align characters, cut long cells and hide control characters") {
    std::ostringstream out;
    totemd::printTable(
        out,
        totemd::OutputJson::parse(
            R"([{"b_c": "Peña", "id": 1, "x": null}, {"b_c": "\u009bA\n\t", "id": 22, "list": ["a", "b"], "y": {"k": 1}}])"));
    CHECK(out.str() ==
          "ID  B C   X  LIST  Y\n1   Peña  -  -     -\n22  ?A??  -  a, b  {\"k\":1}\n");
    std::ostringstream wide;
    totemd::printTable(wide, {{{"t", std::string(100, 'x')}}});
    CHECK(wide.str() == "T\n" + std::string(71, 'x') + "…\n");
}
