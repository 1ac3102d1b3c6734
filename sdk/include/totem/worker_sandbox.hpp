#pragma once

// `totem::worker::lockDown()`: the system calls that a warmed-up worker may still make. For worker
// programs only; needs libseccomp (link `-lseccomp`).

#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>

namespace totem::worker {
namespace detail {

struct FilterFree {
    void operator()(void* filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, FilterFree>;

inline void check(int result, const char* what) {
    if (result < 0) throw std::system_error(-result, std::generic_category(), what);
}

template <typename... Conditions>
void allow(const Filter& filter, int call, Conditions... conditions) {
    check(
        seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, sizeof...(conditions), conditions...),
        "seccomp_rule_add");
}

inline scmp_arg_cmp equals(unsigned argument, scmp_datum_t value) {
    return {argument, SCMP_CMP_EQ, value, 0};
}

inline scmp_arg_cmp masked(unsigned argument, scmp_datum_t mask, scmp_datum_t value) {
    return {argument, SCMP_CMP_MASKED_EQ, mask, value};
}

inline void allowPlainCalls(const Filter& filter) {
    for (int call : {
             // the socket that is there, memory files, pipes
             SCMP_SYS(read),
             SCMP_SYS(write),
             SCMP_SYS(readv),
             SCMP_SYS(writev),
             SCMP_SYS(pread64),
             SCMP_SYS(pwrite64),
             SCMP_SYS(recvmsg),
             SCMP_SYS(sendmsg),
             SCMP_SYS(recvfrom),
             SCMP_SYS(sendto),
             SCMP_SYS(close),
             SCMP_SYS(fstat),
             SCMP_SYS(lseek),
             SCMP_SYS(fcntl),
             SCMP_SYS(dup),
             SCMP_SYS(ftruncate),
             SCMP_SYS(memfd_create),
             SCMP_SYS(eventfd2),
             SCMP_SYS(pipe2),
             SCMP_SYS(poll),
             SCMP_SYS(ppoll),
             SCMP_SYS(select),
             SCMP_SYS(pselect6),
             // memory
             SCMP_SYS(munmap),
             SCMP_SYS(mremap),
             SCMP_SYS(madvise),
             SCMP_SYS(brk),
             SCMP_SYS(mincore),
             SCMP_SYS(membarrier),
             // threads of this process
             SCMP_SYS(futex),
             SCMP_SYS(set_robust_list),
             SCMP_SYS(rseq),
             SCMP_SYS(set_tid_address),
             SCMP_SYS(sched_yield),
             SCMP_SYS(sched_getaffinity),
             SCMP_SYS(sched_getparam),
             SCMP_SYS(sched_getscheduler),
             SCMP_SYS(exit),
             SCMP_SYS(exit_group),
             // signals to itself
             SCMP_SYS(rt_sigaction),
             SCMP_SYS(rt_sigprocmask),
             SCMP_SYS(rt_sigreturn),
             SCMP_SYS(rt_sigsuspend),
             SCMP_SYS(rt_sigtimedwait),
             SCMP_SYS(sigaltstack),
             SCMP_SYS(restart_syscall),
             // what time it is, who and where this is
             SCMP_SYS(clock_gettime),
             SCMP_SYS(clock_getres),
             SCMP_SYS(clock_nanosleep),
             SCMP_SYS(nanosleep),
             SCMP_SYS(gettimeofday),
             SCMP_SYS(time),
             SCMP_SYS(getpid),
             SCMP_SYS(gettid),
             SCMP_SYS(getppid),
             SCMP_SYS(getuid),
             SCMP_SYS(geteuid),
             SCMP_SYS(getgid),
             SCMP_SYS(getegid),
             SCMP_SYS(getrusage),
             SCMP_SYS(times),
             SCMP_SYS(sysinfo),
             SCMP_SYS(uname),
             SCMP_SYS(getcpu),
             SCMP_SYS(getrandom),
         }) {
        allow(filter, call);
    }
}

inline void allowWithLimits(const Filter& filter) {
    const scmp_datum_t self = static_cast<scmp_datum_t>(getpid());
    // No new code: neither fresh executable pages nor old ones made executable.
    allow(filter, SCMP_SYS(mmap), masked(2, PROT_EXEC, 0));
    allow(filter, SCMP_SYS(mprotect), masked(2, PROT_EXEC, 0));
    // Threads, never processes. clone3 keeps its flags in memory, where a filter cannot look:
    // "no such call" makes the C library use clone.
    allow(filter, SCMP_SYS(clone), masked(0, CLONE_THREAD, CLONE_THREAD));
    check(seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0),
          "seccomp_rule_add");
    allow(filter, SCMP_SYS(tgkill), equals(0, self));
    allow(filter, SCMP_SYS(kill), equals(0, self));
    allow(filter, SCMP_SYS(prctl), equals(0, PR_SET_NAME));
    allow(filter, SCMP_SYS(prctl), equals(0, PR_SET_PDEATHSIG));
    // Reading a limit (the C library asks for the stack's), not setting one.
    allow(filter, SCMP_SYS(prlimit64), equals(0, 0), equals(2, 0));
    allow(filter, SCMP_SYS(getrlimit));
    // How the C library spells fstat(). With a path it would tell a file's size and times, no more.
    allow(filter, SCMP_SYS(newfstatat), equals(3, AT_EMPTY_PATH));
}

}  // namespace detail

/// Forbids, in every thread of the process and for good, whatever a worker does not need once it is
/// warm: opening files, sockets, other processes, programs, tracing, new executable memory. What
/// remains is computing, threads, memory (also memory files) and descriptors that it already holds
/// or is handed. Measured with JavaScriptCore (JIT off).
///
/// A forbidden call fails with EPERM and does not kill: libraries probe for files and features that
/// they can do without (time zones, /proc, CPU lists), and a customer's run must not die of such a
/// probe. The call is refused as surely either way.
///
/// Open what you need before: /proc/self/statm for a look at your own memory (`pread` it), data
/// files, libraries that load on first use, and threads whose start reads /proc.
/// Errors: std::system_error when the filter cannot be installed; do not go on then.
inline void lockDown() {
    detail::Filter filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)));
    if (!filter) throw std::system_error(ENOMEM, std::generic_category(), "seccomp_init");
    detail::check(seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1), "seccomp: all threads");
    detail::allowPlainCalls(filter);
    detail::allowWithLimits(filter);
    detail::check(seccomp_load(filter.get()), "seccomp_load");
}

}  // namespace totem::worker
