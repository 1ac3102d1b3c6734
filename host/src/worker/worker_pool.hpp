#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "observe/log.hpp"
#include "worker/unique_fd.hpp"

namespace totemd {

class EventLoop;

struct WorkerOptions {
    std::string name;     // for the log and errors
    std::string program;  // absolute path
    std::vector<std::string> arguments;
    std::vector<std::string> environment;          // NAME=value; nothing is inherited
    int instances = 0;                             // at most this many processes; 0: one per core
    std::int64_t memoryBytes = 512ll << 20;        // resident; polled while busy
    std::int64_t timeLimitNs = 5'000'000'000;      // per request, from its sending
    std::int64_t idleShutdownNs = 30'000'000'000;  // an idle process ends after this
    std::uint64_t recycleRequests = 0;             // a process ends after so many; 0: never
    std::int64_t recycleBytes = 0;  // a process that holds more after a request ends; 0: never
    std::int64_t startLimitNs = 10'000'000'000;  // from spawn to ready
    int niceness = 0;                            // added to the daemon's
    std::size_t queueRequests = 10'000;          // waiting requests beyond these are refused
    std::size_t queueBytes = 256u << 20;
    std::uint32_t maxPayload = 64u << 20;  // bytes, both ways
};

enum class WorkerStatus {
    ok,
    timeout,      // overran its time and was killed
    memory,       // overran its memory and was killed
    crashed,      // the process ended or spoke nonsense while it had the request
    gone,         // the worker asked for by affinity is no more: ask again with a checkpoint
    busy,         // no worker had it: the queue is full, or its deadline passed there
    unavailable,  // the program cannot be started (back-off) or the request cannot be sent
    stopped,      // the pool was stopped
};
std::string_view toString(WorkerStatus status);

struct WorkerRequest {
    std::uint64_t affinity = 0;  // worker id of an earlier reply, 0 for any
    std::string payload;
    std::vector<UniqueFd> fds;    // at most 16; closed here once sent
    std::int64_t deadlineNs = 0;  // CLOCK_MONOTONIC; 0: only the time limit counts
};

struct WorkerReply {
    WorkerStatus status = WorkerStatus::ok;
    std::string payload;  // of the worker, when ok
    std::vector<UniqueFd> fds;
    std::uint64_t workerId = 0;  // who had it; 0 when it reached no worker
    std::string reason;          // when not ok, one line, without data of the request
};

/// The processes of one plugin's worker program: started on demand, spoken to in frames
/// (totem/worker.hpp has the other end), one request at a time each, capped in time and memory,
/// killed and replaced when they overrun.
///
/// A request without affinity goes to an idle worker, the one used last first, else a new process
/// is started, else it waits; the oldest waiting request is next. A request is allowed its time
/// limit or what is left to its deadline, whichever is less, and 250 ms of grace. A request is
/// never sent twice: when it may have begun, its failure is reported. A process that has done its
/// share (recycle…) is hung up between two requests, so no request is lost by it.
///
/// Threads: `ask`, `warm`, `counters` from anywhere. Completions run on the loop, once each, never
/// inside `ask`; they must not block. Lifetime: the loop runs from before the first `ask` until
/// after `stop()`, and its thread starts the processes (they die with it). Errors: none thrown by
/// `ask`.
class WorkerPool {
public:
    using Done = std::function<void(WorkerReply reply)>;

    /// Starts nothing yet. Throws std::invalid_argument for options that cannot work.
    WorkerPool(EventLoop& loop, WorkerOptions options, Logger log);
    ~WorkerPool();  // stops
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;

    void ask(WorkerRequest request, Done done);

    /// Starts a process when there is none; without use it ends like any idle one.
    void warm();

    /// Kills and reaps all processes and answers what is open with `stopped`; blocks until that is
    /// done. Later asks are answered `stopped`. From any thread.
    void stop();

    struct Counters {
        std::uint64_t started, failedStarts, requests;
        std::uint64_t killedForTime, killedForMemory, crashed;
        std::uint64_t alive, busy, queued;  // now
    };
    Counters counters() const;

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;  // shared with tasks that are posted to the loop
};

}  // namespace totemd
