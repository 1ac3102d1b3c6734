#include "e2e/daemon.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/StreamCopier.h>
#include <Poco/String.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>
#include <stdexcept>
#include <thread>

extern char** environ;

namespace totem_test {
namespace {

using Json = nlohmann::json;
using namespace std::chrono_literals;

std::string fromEnvironment(const char* name, const char* fallback) {
    const char* value = std::getenv(name);
    return value == nullptr || *value == '\0' ? fallback : value;
}

std::string contentOf(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    std::stringstream bytes;
    bytes << stream.rdbuf();
    return bytes.str();
}

std::string endOf(const std::string& log) {
    return log.substr(log.size() - std::min<std::size_t>(log.size(), 4000));
}

Json basisFor(const std::filesystem::path& folder) {
    return {{"listeners",
             {{"main", {{"address", "127.0.0.1:0"}}}, {"admin", {{"address", "127.0.0.1:0"}}}}},
            {"storage", {{"url", "sqlite:" + (folder / "totem.db").string()}}},
            {"plugin_path", {pluginFolder().string()}},
            {"log", {{"level", "debug"}, {"format", "json"}}},
            {"plugins", Json::object()}};
}

}  // namespace

int freePort() {
    std::random_device random;
    for (;;) {
        const int port = std::uniform_int_distribution<int>(20000, 32000)(random);
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        const int bound = bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
        close(fd);
        if (bound == 0) return port;
    }
}

std::filesystem::path pluginFolder() {
    return fromEnvironment("TOTEM_TEST_PLUGINS", TOTEM_BUILD_PLUGINS);
}

int spawnProgram(const std::vector<std::string>& command, const std::string& outputFile) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
        posix_spawn_file_actions_addopen(&actions, fd, outputFile.c_str(),
                                         O_WRONLY | O_CREAT | O_APPEND, 0600);
    }
    std::vector<std::string> words = command;
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    pid_t pid = 0;
    const int error = posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) throw std::runtime_error("cannot start " + command[0] + ": " + strerror(error));
    return pid;
}

bool pollUntil(std::chrono::milliseconds timeout, const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + timeout;
    while (!done()) {
        if (std::chrono::steady_clock::now() >= end) return false;
        std::this_thread::sleep_for(5ms);
    }
    return true;
}

Json HttpReply::json() const {
    Json value = Json::parse(body, nullptr, false);
    if (value.is_discarded()) {
        throw std::runtime_error("no JSON (HTTP " + std::to_string(status) + "): " + body);
    }
    return value;
}

HttpReply askHttp(int port, const std::string& method, const std::string& target,
                  const std::string& body,
                  const std::vector<std::pair<std::string, std::string>>& headers,
                  std::chrono::milliseconds timeout) {
    HttpReply reply;
    try {
        Poco::Net::HTTPClientSession session("127.0.0.1", static_cast<Poco::UInt16>(port));
        session.setTimeout(Poco::Timespan(timeout.count() * 1000));
        Poco::Net::HTTPRequest request(method, target, Poco::Net::HTTPMessage::HTTP_1_1);
        for (const auto& [name, value] : headers) request.set(name, value);
        if (!body.empty() || method == "POST" || method == "PUT") {
            request.setContentLength64(static_cast<Poco::Int64>(body.size()));
        }
        session.sendRequest(request) << body << std::flush;
        Poco::Net::HTTPResponse response;
        std::istream& content = session.receiveResponse(response);
        Poco::StreamCopier::copyToString(content, reply.body);
        for (const auto& [name, value] : response) reply.headers[Poco::toLower(name)] = value;
        reply.status = response.getStatus();
    } catch (const Poco::Exception& error) {
        reply.body = error.displayText();
    }
    return reply;
}

TestDaemon::TestDaemon(const Json& configuration) {
    std::string name = (std::filesystem::temp_directory_path() / "totemd-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) {
        throw std::runtime_error("cannot make a temporary folder: " + name);
    }
    folder_ = name;
    try {
        writeConfiguration(configuration);
        start();
    } catch (...) {
        kill();
        std::filesystem::remove_all(folder_);
        throw;
    }
}

TestDaemon::~TestDaemon() {
    try {
        stop();
    } catch (const std::exception&) {
        kill();
    }
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

void TestDaemon::writeConfiguration(const Json& configuration) const {
    Json merged = basisFor(folder_);
    merged.merge_patch(configuration);
    std::ofstream(folder_ / "totemd.json") << merged.dump(2) << "\n";
}

void TestDaemon::start() {
    runBegan_ = log().size();
    pid_ = spawnProgram({fromEnvironment("TOTEM_TEST_TOTEMD", TOTEM_BUILD_TOTEMD),
                         "--config=" + (folder_ / "totemd.json").string()},
                        (folder_ / "totemd.log").string());
    bool ended = false;
    const bool known = pollUntil(60s, [&] {
        ended = waitpid(pid_, nullptr, WNOHANG) == pid_;
        return ended || log().find("\"daemon.started\"", runBegan_) != std::string::npos;
    });
    if (ended) pid_ = 0;
    if (ended || !known) {
        throw std::runtime_error("totemd did not start; its log ends with:\n" + endOf(log()));
    }
}

int TestDaemon::port(const std::string& listener) const {
    std::istringstream lines(log().substr(runBegan_));
    int found = 0;
    for (std::string line; std::getline(lines, line);) {
        const Json entry = Json::parse(line, nullptr, false);
        if (!entry.is_object() || entry.value("event", "") != "http.listening") continue;
        if (entry.value("listener", "") != listener) continue;
        const std::string address = entry.value("address", "");
        found = std::atoi(address.substr(address.rfind(':') + 1).c_str());
    }
    if (found == 0) throw std::runtime_error("totemd has no listener called " + listener);
    return found;
}

HttpReply TestDaemon::ask(const std::string& listener, const std::string& method,
                          const std::string& target, const std::string& body,
                          const std::vector<std::pair<std::string, std::string>>& headers) const {
    return askHttp(port(listener), method, target, body, headers);
}

HttpReply TestDaemon::get(const std::string& listener, const std::string& target) const {
    return ask(listener, "GET", target);
}

HttpReply TestDaemon::post(const std::string& listener, const std::string& target,
                           const Json& body) const {
    return ask(listener, "POST", target, body.dump(), {{"Content-Type", "application/json"}});
}

std::string TestDaemon::log() const {
    return contentOf(folder_ / "totemd.log");
}

bool TestDaemon::waitForLog(const std::string& text, std::size_t from,
                            std::chrono::milliseconds timeout) const {
    return pollUntil(timeout, [&] { return log().find(text, from) != std::string::npos; });
}

int TestDaemon::wait(std::chrono::milliseconds timeout) {
    int status = 0;
    if (!pollUntil(timeout, [&] { return waitpid(pid_, &status, WNOHANG) == pid_; })) {
        throw std::runtime_error("totemd did not end; its log ends with:\n" + endOf(log()));
    }
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int TestDaemon::stop(std::chrono::milliseconds timeout) {
    if (pid_ == 0) return 0;
    ::kill(pid_, SIGTERM);
    return wait(timeout);
}

void TestDaemon::kill() {
    if (pid_ == 0) return;
    ::kill(pid_, SIGKILL);
    wait(30s);
}

bool TestDaemon::reload(const Json& configuration) {
    writeConfiguration(configuration);
    const std::size_t from = log().size();
    ::kill(pid_, SIGHUP);
    bool taken = false;
    const bool known = pollUntil(60s, [&] {
        const std::string text = log();
        taken = text.find("\"reload.done\"", from) != std::string::npos;
        return taken || text.find("\"reload.refused\"", from) != std::string::npos;
    });
    if (!known) throw std::runtime_error("totemd did not reload:\n" + endOf(log()));
    return taken;
}

}  // namespace totem_test
