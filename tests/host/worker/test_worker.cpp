// The worker program of the tests: does what the first word of a request says.

#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include "totem/worker.hpp"
#include "totem/worker_sandbox.hpp"

extern char** environ;
// LeakSanitizer traces the process at its end, which the lock-down forbids.
extern "C" const char* __asan_default_options() {
    return "detect_leaks=0";
}

namespace {

using totem::worker::Fd;
using totem::worker::Reply;

std::string firstLine(const char* path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

/// What a worker was given: taken before anything else runs.
std::string surroundings() {
    std::ostringstream out;
    std::map<int, std::string> open;
    DIR* folder = opendir("/proc/self/fd");
    const int own = dirfd(folder);
    while (const dirent* entry = readdir(folder)) {
        const int fd = std::atoi(entry->d_name);
        if (entry->d_name[0] == '.' || fd == own) continue;
        open[fd] = {};
    }
    closedir(folder);
    out << "fds";
    for (const auto& [fd, unused] : open) out << ' ' << fd;
    int variables = 0;
    for (char** variable = environ; *variable; ++variable) ++variables;
    rlimit core{};
    getrlimit(RLIMIT_CORE, &core);
    sigset_t blocked;
    sigprocmask(SIG_BLOCK, nullptr, &blocked);
    char cwd[256];
    out << "; environment " << variables << "; core " << core.rlim_cur << "; group "
        << (getpgid(0) == getpid() ? "own" : "shared") << "; blocked "
        << sigismember(&blocked, SIGUSR1) << "; cwd " << getcwd(cwd, sizeof cwd);
    return out.str();
}

std::string refusal(long result) {
    if (result >= 0) return "allowed";
    return errno == EPERM ? "EPERM" : std::to_string(errno);
}

std::string tryForbidden() {
    std::string out = "open " + refusal(open("/etc/passwd", O_RDONLY));
    out += "; create " + refusal(open("/tmp/totem-worker-test", O_CREAT | O_WRONLY, 0600));
    out += "; socket " + refusal(socket(AF_INET, SOCK_STREAM, 0));
    out += "; unix " + refusal(socket(AF_UNIX, SOCK_STREAM, 0));
    out += "; fork " + refusal(fork());
    char* const none[] = {nullptr};
    out += "; exec " + refusal(execve("/bin/true", none, none));
    out += "; ptrace " + refusal(ptrace(PTRACE_TRACEME, 0, nullptr, nullptr));
    out += "; kill parent " + refusal(kill(getppid(), 0));
    void* code = mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    out += "; code " + refusal(code == MAP_FAILED ? -1 : 0);
    struct stat info;
    out += "; stat " + refusal(stat("/etc/passwd", &info));
    return out;
}

std::string tryAllowed() {
    int sum = 0;
    std::thread([&] { sum = 42; }).join();
    const int memory = memfd_create("test", MFD_CLOEXEC);
    struct stat info;
    const bool file =
        ftruncate(memory, 8192) == 0 && fstat(memory, &info) == 0 && info.st_size == 8192;
    close(memory);
    return std::string("thread ") + (sum == 42 ? "ok" : "no") + "; memory file " +
           (file ? "ok" : "no");
}

Reply passOn(std::vector<Fd> fds) {
    Reply reply;
    for (const Fd& fd : fds) {
        char text[64];
        const ssize_t count = pread(fd.get(), text, sizeof text, 0);
        reply.payload.append(text, count > 0 ? static_cast<std::size_t>(count) : 0);
    }
    const int memory = memfd_create("reply", MFD_CLOEXEC);
    if (write(memory, "from the worker", 15) == 15) reply.fds.emplace_back(memory);
    return reply;
}

Reply handle(std::string_view payload, std::vector<Fd> fds, const std::string& atStart) {
    std::istringstream words{std::string(payload.substr(0, 200))};
    std::string verb;
    long number = 0;
    words >> verb >> number;
    if (verb == "echo") return {std::string(payload)};
    if (verb == "pid") return {std::to_string(getpid())};
    if (verb == "surroundings") {
        // The host sets it once the program runs, so that it is not there at its start.
        return {atStart + "; oom " + firstLine("/proc/self/oom_score_adj")};
    }
    if (verb == "pass") return passOn(std::move(fds));
    if (verb == "lockdown") {
        totem::worker::lockDown();
        return {tryForbidden() + "; " + tryAllowed()};
    }
    if (verb == "spin") {
        for (volatile bool forever = true; forever;) {
        }
    }
    if (verb == "allocate") {
        // Until it is stopped from outside; each page is touched.
        for (std::vector<std::string> kept;;) {
            kept.emplace_back(std::size_t{1} << 20, 'x');
            std::this_thread::sleep_for(std::chrono::microseconds(200));
        }
    }
    if (verb == "crash") {
        std::fprintf(stderr, "about to fail\nthe last line\n");
        signal(SIGSEGV, SIG_DFL);
        raise(SIGSEGV);
    }
    if (verb == "throw") throw std::runtime_error("the handler gave up");
    if (verb == "exit") std::_Exit(static_cast<int>(number));
    if (verb == "hangup") {
        close(totem::worker::kSocket);
        pause();
    }
    if (verb == "garbage") {
        const char noise[64] = "this is no frame at all, but it is long enough to be one.......";
        if (write(totem::worker::kSocket, noise, sizeof noise) > 0) pause();
    }
    if (verb == "twice") {
        std::string frames(32, '\0');  // two empty frames with id 0
        if (write(totem::worker::kSocket, frames.data(), frames.size()) > 0) pause();
    }
    if (verb == "big") return {std::string(static_cast<std::size_t>(number), 'b')};
    if (verb == "noise") {
        for (long i = 0; i < number; ++i) std::fprintf(stderr, "line %ld of much noise\n", i);
        return {"quiet again"};
    }
    return {"unknown"};
}

}  // namespace

int main(int argc, char** argv) {
    const std::string atStart = surroundings();
    const std::string mode = argc > 1 ? argv[1] : "";
    if (mode == "fail") {
        std::fprintf(stderr, "cannot find my data\n");
        return 3;
    }
    if (mode == "never-ready") pause();
    if (mode == "other-protocol") {
        std::string frame(16, '\0');
        if (write(totem::worker::kSocket, frame.data(), frame.size()) > 0) pause();
    }
    return totem::worker::serve(
        [&](std::string_view payload, std::vector<Fd> fds) {
            return handle(payload, std::move(fds), atStart);
        },
        {"test-worker", "1.0"});
}
