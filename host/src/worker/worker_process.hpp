#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>

#include "worker/unique_fd.hpp"
#include "worker/worker_pool.hpp"

namespace totemd {

/// One running worker program and the descriptors to it: its socket, its stderr, its end.
/// Owned by the pool, used on its loop. The destructor kills and reaps what is still running.
class WorkerProcess {
public:
    /// Starts the program in its own process group with nothing of ours: an empty environment but
    /// for the given one, descriptors 0 to 3, no blocked signals, small rlimits, first in line for
    /// the system's out-of-memory killer. Throws std::system_error naming the program.
    explicit WorkerProcess(const WorkerOptions& options);
    ~WorkerProcess();
    WorkerProcess(const WorkerProcess&) = delete;
    WorkerProcess& operator=(const WorkerProcess&) = delete;

    int socket() const { return socket_.get(); }
    int errors() const { return errors_.get(); }
    /// Readable when the process has ended.
    int endFd() const { return end_.get(); }
    pid_t pid() const { return pid_; }

    void kill();
    /// Closes the socket: a well-behaved worker ends then.
    void hangUp() { socket_.reset(); }
    /// Whether the process has ended; then `howItEnded` says how.
    bool reap(bool wait);
    const std::string& howItEnded() const { return howItEnded_; }

    /// Resident memory in bytes; 0 when the process is gone.
    std::int64_t residentBytes() const;
    /// Takes what was written to stderr; false when its end was closed.
    bool readErrors();
    /// The last lines written to stderr, at most 2 KB.
    const std::string& lastErrors() const { return lastErrors_; }

private:
    void spawn(const WorkerOptions& options, int childSocket, int childErrors);
    void restrain(int niceness) const;

    pid_t pid_ = -1;
    bool reaped_ = false;
    UniqueFd socket_;
    UniqueFd errors_;
    UniqueFd end_;
    UniqueFd statm_;
    std::string howItEnded_;
    std::string lastErrors_;
};

}  // namespace totemd
