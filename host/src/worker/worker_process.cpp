#include "worker/worker_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <vector>

namespace totemd {
namespace {

constexpr int kChildSocket = 3;
constexpr int kAboveChild = 16;  // our ends of what the child gets, out of the way of 0 to 3
constexpr rlim_t kMaxFiles = 256;
constexpr std::size_t kKeptErrors = 2048;

[[noreturn]] void throwError(int error, const std::string& what) {
    throw std::system_error(error, std::generic_category(), what);
}

UniqueFd movedUp(UniqueFd fd) {
    UniqueFd moved(fcntl(fd.get(), F_DUPFD_CLOEXEC, kAboveChild));
    if (!moved) throwError(errno, "fcntl F_DUPFD_CLOEXEC");
    return moved;
}

void setNonBlocking(int fd) {
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

/// posix_spawn's two attribute objects.
struct SpawnSetup {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;

    SpawnSetup() {
        posix_spawn_file_actions_init(&actions);
        posix_spawnattr_init(&attributes);
    }
    ~SpawnSetup() {
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
    }
    SpawnSetup(const SpawnSetup&) = delete;
    SpawnSetup& operator=(const SpawnSetup&) = delete;

    void descriptors(int childSocket, int childErrors) {
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0);
        posix_spawn_file_actions_adddup2(&actions, 0, 1);
        posix_spawn_file_actions_adddup2(&actions, childErrors, 2);
        posix_spawn_file_actions_adddup2(&actions, childSocket, kChildSocket);
        // Ours are close-on-exec; a plugin's or a library's may not be.
        posix_spawn_file_actions_addclosefrom_np(&actions, kChildSocket + 1);
        posix_spawn_file_actions_addchdir_np(&actions, "/");
    }

    void signalsAndGroup() {
        sigset_t none;
        sigset_t all;
        sigemptyset(&none);
        sigfillset(&all);
        posix_spawnattr_setsigmask(&attributes, &none);
        posix_spawnattr_setsigdefault(&attributes, &all);
        posix_spawnattr_setpgroup(&attributes, 0);
        posix_spawnattr_setflags(
            &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    }
};

std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> result;
    for (const std::string& text : texts) result.push_back(const_cast<char*>(text.c_str()));
    result.push_back(nullptr);
    return result;
}

std::string describe(const siginfo_t& info) {
    if (info.si_code == CLD_EXITED) return "exit code " + std::to_string(info.si_status);
    const char* name = sigdescr_np(info.si_status);
    return "signal " + std::to_string(info.si_status) + " (" + (name ? name : "unknown") + ")";
}

/// Keeps the end: whole lines where there are some, so that the log shows no half of anything.
void shorten(std::string& errors) {
    if (errors.size() <= kKeptErrors) return;
    std::size_t from = errors.size() - kKeptErrors;
    const std::size_t line = errors.find('\n', from);
    if (line != std::string::npos && line + 1 < errors.size()) from = line + 1;
    errors.erase(0, from);
}

}  // namespace

WorkerProcess::WorkerProcess(const WorkerOptions& options) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        throwError(errno, "socketpair");
    socket_.reset(pair[0]);
    UniqueFd childSocket = movedUp(UniqueFd(pair[1]));
    int pipes[2];
    if (pipe2(pipes, O_CLOEXEC) != 0) throwError(errno, "pipe2");
    errors_.reset(pipes[0]);
    UniqueFd childErrors = movedUp(UniqueFd(pipes[1]));
    setNonBlocking(socket_.get());
    setNonBlocking(errors_.get());
    spawn(options, childSocket.get(), childErrors.get());
    restrain(options.niceness);
}

void WorkerProcess::spawn(const WorkerOptions& options, int childSocket, int childErrors) {
    SpawnSetup setup;
    setup.descriptors(childSocket, childErrors);
    setup.signalsAndGroup();
    std::vector<std::string> arguments{options.program};
    arguments.insert(arguments.end(), options.arguments.begin(), options.arguments.end());
    const int error = posix_spawn(&pid_, options.program.c_str(), &setup.actions, &setup.attributes,
                                  pointers(arguments).data(), pointers(options.environment).data());
    if (error != 0) {
        pid_ = -1;
        throwError(error, "starting " + options.program);
    }
    end_.reset(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
    if (!end_) {
        const int failed = errno;
        kill();
        reap(true);
        throwError(failed, "pidfd_open");
    }
    const std::string proc = "/proc/" + std::to_string(pid_);
    statm_.reset(open((proc + "/statm").c_str(), O_RDONLY | O_CLOEXEC));
    UniqueFd oom(open((proc + "/oom_score_adj").c_str(), O_WRONLY | O_CLOEXEC));
    // Best effort: without /proc the worker runs all the same.
    [[maybe_unused]] auto written = oom ? write(oom.get(), "1000", 4) : 0;
}

void WorkerProcess::restrain(int niceness) const {
    const rlimit noCore{0, 0};
    const rlimit files{kMaxFiles, kMaxFiles};
    prlimit(pid_, RLIMIT_CORE, &noCore, nullptr);
    prlimit(pid_, RLIMIT_NOFILE, &files, nullptr);
    if (niceness != 0) {
        setpriority(PRIO_PROCESS, static_cast<id_t>(pid_), getpriority(PRIO_PROCESS, 0) + niceness);
    }
}

WorkerProcess::~WorkerProcess() {
    if (pid_ < 0 || reaped_) return;
    kill();
    reap(true);
}

void WorkerProcess::kill() {
    if (pid_ <= 0 || reaped_) return;
    ::kill(-pid_, SIGKILL);
    ::kill(pid_, SIGKILL);  // should it have left its group
}

bool WorkerProcess::reap(bool wait) {
    if (reaped_) return true;
    siginfo_t info{};
    int result = 0;
    do {
        result = waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | (wait ? 0 : WNOHANG));
    } while (result != 0 && errno == EINTR);
    if (result == 0 && info.si_pid == 0) return false;
    howItEnded_ = result == 0 ? describe(info) : "an end that somebody else took notice of";
    reaped_ = true;
    return true;
}

std::int64_t WorkerProcess::residentBytes() const {
    static const std::int64_t pageBytes = sysconf(_SC_PAGESIZE);
    std::array<char, 128> text{};
    const ssize_t count = statm_ ? pread(statm_.get(), text.data(), text.size() - 1, 0) : 0;
    if (count <= 0) return 0;
    const char* resident = strchr(text.data(), ' ');
    return resident ? std::strtoll(resident, nullptr, 10) * pageBytes : 0;
}

bool WorkerProcess::readErrors() {
    std::array<char, 16384> text;
    ssize_t count = 0;
    // A few rounds at most: a worker that floods its stderr must not hold the loop.
    for (int i = 0; i < 4; ++i) {
        count = read(errors_.get(), text.data(), text.size());
        if (count <= 0) break;
        lastErrors_.append(text.data(), static_cast<std::size_t>(count));
        shorten(lastErrors_);
    }
    return count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR));
}

}  // namespace totemd
