#include "plugin/probe.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loop/event_loop.hpp"

namespace totemd {
namespace {

/// Reads what the helper prints until it closes its end, at most until the deadline.
/// Returns false when the time is up.
bool readUntilClosed(int fd, std::int64_t deadline, std::string& text) {
    char buffer[512];
    while (true) {
        const std::int64_t left = (deadline - monotonicNow()) / 1'000'000;
        if (left <= 0) return false;
        pollfd entry{fd, POLLIN, 0};
        if (poll(&entry, 1, static_cast<int>(left)) <= 0) continue;
        const ssize_t n = read(fd, buffer, sizeof buffer);
        if (n <= 0) return true;
        if (text.size() < 4096) text.append(buffer, static_cast<std::size_t>(n));
    }
}

std::string lastLine(std::string text) {
    while (!text.empty() && text.back() == '\n') text.pop_back();
    const auto at = text.rfind('\n');
    return at == std::string::npos ? text : text.substr(at + 1);
}

std::string describeExit(int status, const std::string& output, const std::string& library) {
    if (WIFEXITED(status) && WEXITSTATUS(status) == kProbeAgrees) return {};
    if (WIFEXITED(status) && WEXITSTATUS(status) == kProbeRefuses) return lastLine(output);
    const std::string said =
        output.empty() ? std::string() : " (it printed: " + lastLine(output) + ")";
    if (WIFSIGNALED(status)) {
        return library + ": crashed while it was loaded, signal " +
               std::to_string(WTERMSIG(status)) + " (" + strsignal(WTERMSIG(status)) + ")" + said +
               "; its static constructors are the place to look";
    }
    return library + ": called exit(" + std::to_string(WEXITSTATUS(status)) +
           ") while it was loaded" + said + "; a plugin must not end the process";
}

}  // namespace

std::string probePlugin(const std::filesystem::path& probeProgram,
                        const std::filesystem::path& folder, std::chrono::milliseconds timeout) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return "cannot make a pipe for the probe: " + std::string(strerror(errno));
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
    const std::string program = probeProgram.string();
    const std::string argument = folder.string();
    char* argv[] = {const_cast<char*>(program.c_str()), const_cast<char*>(argument.c_str()),
                    nullptr};
    pid_t pid = 0;
    const int error = posix_spawn(&pid, program.c_str(), &actions, nullptr, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (error != 0) {
        close(ends[0]);
        return program + ": cannot be started: " + strerror(error) +
               "; it is installed beside totemd";
    }
    std::string output;
    const bool ended =
        readUntilClosed(ends[0], monotonicNow() + timeout.count() * 1'000'000, output);
    close(ends[0]);
    if (!ended) kill(pid, SIGKILL);
    int status = 0;
    waitpid(pid, &status, 0);
    if (!ended) {
        return folder.string() + ": did not load within " + std::to_string(timeout.count()) +
               " ms; its static constructors must not wait";
    }
    return describeExit(status, output, folder.string());
}

}  // namespace totemd
