#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

namespace totem_test {

struct HttpReply {
    int status = 0;  ///< 0: no answer (refused, closed, over time); `body` says why
    std::string body;
    std::map<std::string, std::string> headers;  ///< names in lower case

    /// The body as JSON; throws std::runtime_error with the body when it is none.
    nlohmann::json json() const;
};

/// Sends one request to 127.0.0.1 over a connection of its own. Never throws.
HttpReply askHttp(int port, const std::string& method, const std::string& target,
                  const std::string& body = {},
                  const std::vector<std::pair<std::string, std::string>>& headers = {},
                  std::chrono::milliseconds timeout = std::chrono::seconds(30));

/// A port of loopback that nobody listens on, outside the range that the kernel gives to others.
int freePort();

/// Asks again and again until `done`, for what another process does and nobody is told of.
bool pollUntil(std::chrono::milliseconds timeout, const std::function<bool()>& done);

/// Starts a program with its output in a file and returns its process id.
int spawnProgram(const std::vector<std::string>& command, const std::string& outputFile);

/// Where the daemon's plugins come from.
std::filesystem::path pluginFolder();

/// A real totemd in a temporary folder of its own, which it removes at the end.
///
/// The configuration is a JSON object laid over what every test needs: listeners `main` and `admin`
/// on free ports of loopback, a new SQLite file, the plugins of the build tree, a debug log in JSON
/// lines. A null removes a member (JSON Merge Patch). Usual use:
///
///   TestDaemon daemon({{"plugins", {{"hello", {{"enabled", true}}}}}});
///   CHECK(daemon.get("main", "/hello").status == 200);
///
/// The daemon and the plugins come from the build; TOTEM_TEST_TOTEMD and TOTEM_TEST_PLUGINS in the
/// environment name others. Threads: one, except `ask`, `get`, `post`, `log` (any).
/// Errors: std::runtime_error with the end of the log.
class TestDaemon {
public:
    explicit TestDaemon(const nlohmann::json& configuration);
    /// Stops it the hard way when it does not end by itself.
    ~TestDaemon();
    TestDaemon(const TestDaemon&) = delete;
    TestDaemon& operator=(const TestDaemon&) = delete;

    /// The port that a listener got. Throws when the log names no such listener.
    int port(const std::string& listener) const;
    const std::filesystem::path& folder() const { return folder_; }
    /// 0 when it does not run.
    int pid() const { return pid_; }

    HttpReply ask(const std::string& listener, const std::string& method, const std::string& target,
                  const std::string& body = {},
                  const std::vector<std::pair<std::string, std::string>>& headers = {}) const;
    HttpReply get(const std::string& listener, const std::string& target) const;
    /// With `Content-Type: application/json`.
    HttpReply post(const std::string& listener, const std::string& target,
                   const nlohmann::json& body) const;

    /// Everything that it wrote so far, of all its runs.
    std::string log() const;
    /// Waits until the log holds `text` (after `from` bytes). False when it does not in time.
    bool waitForLog(const std::string& text, std::size_t from = 0,
                    std::chrono::milliseconds timeout = std::chrono::seconds(20)) const;

    /// Asks it to end (SIGTERM) and waits. Its exit code; minus the signal when one ended it.
    int stop(std::chrono::milliseconds timeout = std::chrono::seconds(30));
    /// SIGKILL, as a crash would.
    void kill();
    /// Starts it again in the same folder, after stop() or kill(). Ports may change.
    void start();
    /// Another configuration (laid over the basis as in the constructor) and SIGHUP; waits until
    /// the daemon has taken it over or refused it. True when it was taken over.
    bool reload(const nlohmann::json& configuration);

private:
    void writeConfiguration(const nlohmann::json& configuration) const;
    int wait(std::chrono::milliseconds timeout);

    std::filesystem::path folder_;
    int pid_ = 0;
    std::size_t runBegan_ = 0;  // where the log of the present run begins
};

}  // namespace totem_test
