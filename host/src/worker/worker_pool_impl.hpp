#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "worker/worker.hpp"

namespace totemd {

/// A worker may overrun its time by this before it is killed.
constexpr std::int64_t kGraceNs = 250'000'000;

/// The pool's scheduling. Everything but the counters belongs to the loop thread.
struct WorkerPool::Impl : std::enable_shared_from_this<WorkerPool::Impl> {
    Impl(EventLoop& eventLoop, WorkerOptions given, Logger logger);

    // Requests
    void submit(PendingRequest pending);
    void submitToWorker(PendingRequest pending);
    void enqueue(RequestQueue& queue, PendingRequest pending);
    void send(Worker& worker, PendingRequest pending);
    void flush(Worker& worker);
    bool feed(Worker& worker);
    void pump();
    static void answer(const Done& done, WorkerStatus status, std::uint64_t id, std::string reason);
    /// `id` of the worker that had the request; 0 when it reached none.
    void answerLater(Done done, WorkerStatus status, std::string reason, std::uint64_t id = 0);
    void failQueue(RequestQueue& queue, WorkerStatus status, const std::string& reason);
    void expire(RequestQueue& queue, std::int64_t now);

    // Processes
    Worker* find(std::uint64_t id);
    std::size_t count(Worker::State state) const;
    std::size_t usable() const;
    bool start();
    void startFailed(const std::string& reason);
    void onSocket(std::uint64_t id, std::uint32_t events);
    void onFrame(Worker& worker);
    void onErrors(std::uint64_t id);
    void onEnd(std::uint64_t id);
    void kill(Worker& worker, const std::string& why, WorkerStatus status);
    bool isWorn(const Worker& worker) const;
    void hangUp(Worker& worker);
    void bury(std::uint64_t id);
    void report(const Worker& worker, const std::string& how, bool expected);

    // Time
    void armTick();
    void tick();
    void armIdleTimer(std::int64_t delayNs);
    void closeIdle();

    void stopOnLoop();

    EventLoop& loop;
    const WorkerOptions options;
    const Logger log;

    std::vector<std::unique_ptr<Worker>> workers;
    RequestQueue queue;  // without affinity
    std::size_t queuedRequests = 0;
    std::size_t queuedBytes = 0;
    std::uint64_t nextWorker = 1;
    std::uint64_t nextOrder = 1;
    int failuresInRow = 0;
    std::int64_t notBeforeNs = 0;  // back-off after failed starts
    std::string lastFailure;
    bool stopped = false;
    std::uint64_t tickTimer = 0;  // 0: not armed
    std::uint64_t idleTimer = 0;

    struct {
        std::atomic<std::uint64_t> started{0}, failedStarts{0}, requests{0};
        std::atomic<std::uint64_t> killedForTime{0}, killedForMemory{0}, crashed{0};
        std::atomic<std::uint64_t> alive{0}, busy{0}, queued{0};
    } counted;
};

}  // namespace totemd
