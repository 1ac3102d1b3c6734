#include <sys/epoll.h>

#include <algorithm>
#include <system_error>

#include "loop/event_loop.hpp"
#include "worker/worker_pool_impl.hpp"

namespace totemd {
namespace {

constexpr std::int64_t kTickNs = 50'000'000;
constexpr std::string_view kGreeting = "totem-worker 1\n";
constexpr std::int64_t kHangUpNs = 2'000'000'000;
constexpr std::int64_t kFirstBackOffNs = 100'000'000;
constexpr std::int64_t kLongestBackOffNs = 30'000'000'000;

std::string milliseconds(std::int64_t ns) {
    return std::to_string(ns / 1'000'000) + " ms";
}
std::string megabytes(std::int64_t bytes) {
    return std::to_string(bytes >> 20) + " MB";
}

std::string withErrors(const std::string& errors) {
    return errors.empty() ? std::string() : "; stderr: " + errors;
}

}  // namespace

Worker* WorkerPool::Impl::find(std::uint64_t id) {
    for (const auto& worker : workers) {
        if (worker->id == id) return worker.get();
    }
    return nullptr;
}

std::size_t WorkerPool::Impl::count(Worker::State state) const {
    return static_cast<std::size_t>(std::count_if(
        workers.begin(), workers.end(), [&](const auto& w) { return w->state == state; }));
}

std::size_t WorkerPool::Impl::usable() const {
    return static_cast<std::size_t>(
        std::count_if(workers.begin(), workers.end(), [](const auto& w) { return w->usable(); }));
}

bool WorkerPool::Impl::start() {
    try {
        workers.push_back(std::make_unique<Worker>(nextWorker, options));
    } catch (const std::system_error& error) {
        startFailed(error.what());
        return false;
    }
    Worker& worker = *workers.back();
    const std::uint64_t id = nextWorker++;
    worker.changedNs = monotonicNow();
    worker.mustEndNs = worker.changedNs + options.startLimitNs;
    loop.watch(worker.process.socket(), EPOLLIN,
               [this, id](std::uint32_t events) { onSocket(id, events); });
    loop.watch(worker.process.errors(), EPOLLIN, [this, id](std::uint32_t) { onErrors(id); });
    loop.watch(worker.process.endFd(), EPOLLIN, [this, id](std::uint32_t) { onEnd(id); });
    ++counted.started;
    counted.alive = workers.size();
    log.debug("worker.started",
              {{"worker", options.name}, {"id", id}, {"pid", worker.process.pid()}});
    armTick();
    return true;
}

void WorkerPool::Impl::startFailed(const std::string& reason) {
    ++counted.failedStarts;
    lastFailure = reason;
    const std::int64_t wait =
        std::min(kLongestBackOffNs, kFirstBackOffNs << std::min(failuresInRow, 10));
    ++failuresInRow;
    notBeforeNs = monotonicNow() + wait;
    log.error("worker.start.failed", {{"worker", options.name},
                                      {"program", options.program},
                                      {"reason", reason},
                                      {"next_try_in", milliseconds(wait)}});
}

void WorkerPool::Impl::onSocket(std::uint64_t id, std::uint32_t events) {
    Worker* worker = find(id);
    if (!worker || !worker->usable()) return;
    if ((events & EPOLLOUT) != 0 && worker->writer.pending()) {
        flush(*worker);
        if (!worker->usable()) return;
    }
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) return;
    switch (worker->reader.read(worker->process.socket())) {
        case FrameReader::Result::blocked:
            break;
        case FrameReader::Result::frame:
            onFrame(*worker);
            break;
        case FrameReader::Result::closed:
            kill(*worker, {}, WorkerStatus::crashed);
            break;
        case FrameReader::Result::broken:
            kill(*worker, "it sent a frame that is none", WorkerStatus::crashed);
            break;
    }
}

void WorkerPool::Impl::onFrame(Worker& worker) {
    const std::uint64_t expected = worker.active ? worker.active->order : 0;
    const bool wanted =
        worker.state == Worker::State::busy || worker.state == Worker::State::starting;
    if (!wanted || worker.reader.header().id != expected || worker.writer.pending()) {
        kill(worker, "it spoke without being asked", WorkerStatus::crashed);
        return;
    }
    if (!worker.active && !worker.reader.payload().starts_with(kGreeting)) {
        kill(worker,
             "it speaks another protocol than " +
                 std::string(kGreeting.substr(0, kGreeting.size() - 1)),
             WorkerStatus::unavailable);
        return;
    }
    WorkerReply reply;
    reply.workerId = worker.id;
    reply.payload = worker.reader.takePayload();
    reply.fds = worker.reader.takeFds();
    worker.reader.reset();
    Done done;
    if (worker.active) {
        done = std::move(worker.active->done);
        worker.active.reset();
        --counted.busy;
        ++worker.served;
    } else {
        failuresInRow = 0;
        worker.everReady = true;
    }
    worker.state = Worker::State::idle;
    worker.changedNs = monotonicNow();
    // The next request goes out before the completion runs, so that both work at once.
    if (isWorn(worker)) {
        hangUp(worker);
        pump();
    } else if (!feed(worker)) {
        armIdleTimer(options.idleShutdownNs);
    }
    if (done) done(std::move(reply));
}

bool WorkerPool::Impl::isWorn(const Worker& worker) const {
    if (worker.served == 0) return false;
    return (options.recycleRequests != 0 && worker.served >= options.recycleRequests) ||
           (options.recycleBytes != 0 && worker.process.residentBytes() > options.recycleBytes);
}

/// Lets an idle worker end by itself.
void WorkerPool::Impl::hangUp(Worker& worker) {
    loop.unwatch(worker.process.socket());
    worker.process.hangUp();
    worker.state = Worker::State::closing;
    worker.changedNs = monotonicNow();
    worker.mustEndNs = worker.changedNs + kHangUpNs;
    failQueue(worker.queue, WorkerStatus::gone,
              "worker " + options.name + " " + std::to_string(worker.id) + " is gone");
    armTick();
}

void WorkerPool::Impl::onErrors(std::uint64_t id) {
    Worker* worker = find(id);
    if (worker && !worker->process.readErrors()) loop.unwatch(worker->process.errors());
}

void WorkerPool::Impl::onEnd(std::uint64_t id) {
    const auto self = shared_from_this();  // a completion may drop the pool
    Worker* worker = find(id);
    if (!worker || !worker->process.reap(false)) return;
    if (worker->state == Worker::State::busy) {
        // It may have answered as its last act. The number bounds what a hostile one can delay.
        FrameReader::Result result = FrameReader::Result::blocked;
        for (int i = 0; i < 1024 && result == FrameReader::Result::blocked; ++i) {
            result = worker->reader.read(worker->process.socket());
        }
        if (result == FrameReader::Result::frame) onFrame(*worker);
    }
    if (find(id)) bury(id);
}

/// Ends a worker whose request, if it has one, is answered `status`: at once when we know why, else
/// (empty `why`) when its end has told how.
void WorkerPool::Impl::kill(Worker& worker, const std::string& why, WorkerStatus status) {
    if (worker.state == Worker::State::dying) return;
    if (worker.state == Worker::State::busy) --counted.busy;
    if (worker.state == Worker::State::starting && !why.empty()) {
        startFailed(why + withErrors(worker.process.lastErrors()));
    }
    worker.state = Worker::State::dying;
    worker.killedWhy = why;
    if (worker.process.socket() >= 0) loop.unwatch(worker.process.socket());
    worker.process.kill();
    const std::string name = "worker " + options.name + " " + std::to_string(worker.id);
    if (worker.active && !why.empty()) {
        answerLater(std::move(worker.active->done), status, name + ": " + why, worker.id);
        worker.active.reset();
    }
    failQueue(worker.queue, WorkerStatus::gone, name + " is gone");
    if (status == WorkerStatus::timeout) ++counted.killedForTime;
    if (status == WorkerStatus::memory) ++counted.killedForMemory;
}

/// Says how a worker ended, answers what it had, and forgets it.
void WorkerPool::Impl::bury(std::uint64_t id) {
    Worker& worker = *find(id);
    const bool closing = worker.state == Worker::State::closing;
    if (worker.state != Worker::State::dying && !closing) kill(worker, {}, WorkerStatus::crashed);
    worker.process.readErrors();
    const std::string& how = worker.process.howItEnded();
    if (worker.active) {
        answerLater(
            std::move(worker.active->done), WorkerStatus::crashed,
            "worker " + options.name + " " + std::to_string(id) + " ended by itself with " + how,
            id);
    }
    report(worker, how, closing);
    loop.unwatch(worker.process.errors());
    loop.unwatch(worker.process.endFd());
    if (worker.process.socket() >= 0) loop.unwatch(worker.process.socket());
    workers.erase(
        std::find_if(workers.begin(), workers.end(), [&](const auto& w) { return w->id == id; }));
    counted.alive = workers.size();
    if (!stopped) pump();
}

void WorkerPool::Impl::report(const Worker& worker, const std::string& how, bool expected) {
    const std::string& errors = worker.process.lastErrors();
    if (expected) {
        log.debug("worker.closed", {{"worker", options.name}, {"id", worker.id}, {"end", how}});
    } else if (!worker.everReady) {
        if (worker.killedWhy.empty()) startFailed("it ended with " + how + withErrors(errors));
    } else if (!worker.killedWhy.empty()) {
        log.warn("worker.killed", {{"worker", options.name},
                                   {"id", worker.id},
                                   {"reason", worker.killedWhy},
                                   {"stderr", errors}});
    } else {
        ++counted.crashed;
        log.warn("worker.crashed",
                 {{"worker", options.name}, {"id", worker.id}, {"end", how}, {"stderr", errors}});
    }
}

void WorkerPool::Impl::armTick() {
    if (tickTimer != 0) return;
    tickTimer = loop.after(kTickNs, [this] {
        tickTimer = 0;
        tick();
    });
}

/// Looks after time and memory of what is at work; runs only while something is.
void WorkerPool::Impl::tick() {
    const std::int64_t now = monotonicNow();
    bool atWork = false;
    for (const auto& owned : workers) {
        Worker& worker = *owned;
        const bool busy = worker.state == Worker::State::busy;
        const bool starting = worker.state == Worker::State::starting;
        if (!busy && !starting && worker.state != Worker::State::closing) continue;
        atWork = true;
        if (now >= worker.mustEndNs) {
            const std::string after = milliseconds(now - worker.changedNs);
            if (busy) {
                kill(worker, "its request overran the time limit (killed after " + after + ")",
                     WorkerStatus::timeout);
            } else if (starting) {
                kill(worker, "it was not ready after " + after, WorkerStatus::unavailable);
            } else {
                worker.process.kill();
            }
        } else if (busy) {
            const std::int64_t resident = worker.process.residentBytes();
            if (resident > options.memoryBytes) {
                kill(worker,
                     "it used " + megabytes(resident) + " of memory; the limit is " +
                         megabytes(options.memoryBytes),
                     WorkerStatus::memory);
            }
        }
        expire(worker.queue, now);
    }
    expire(queue, now);
    pump();
    if (atWork || queuedRequests > 0) armTick();
}

void WorkerPool::Impl::armIdleTimer(std::int64_t delayNs) {
    if (idleTimer != 0) return;
    idleTimer = loop.after(delayNs, [this] {
        idleTimer = 0;
        closeIdle();
    });
}

void WorkerPool::Impl::closeIdle() {
    const std::int64_t now = monotonicNow();
    std::int64_t next = 0;
    for (const auto& owned : workers) {
        Worker& worker = *owned;
        if (worker.state != Worker::State::idle) continue;
        const std::int64_t left = worker.changedNs + options.idleShutdownNs - now;
        if (left > 0) {
            next = next == 0 ? left : std::min(next, left);
            continue;
        }
        hangUp(worker);
    }
    if (next != 0) armIdleTimer(next);
}

void WorkerPool::Impl::stopOnLoop() {
    if (stopped) return;
    stopped = true;
    if (tickTimer != 0) loop.cancel(tickTimer);
    if (idleTimer != 0) loop.cancel(idleTimer);
    const std::string reason = "worker " + options.name + " is stopped";
    for (const auto& worker : workers) worker->process.kill();
    for (const auto& worker : workers) {
        loop.unwatch(worker->process.errors());
        loop.unwatch(worker->process.endFd());
        if (worker->process.socket() >= 0) loop.unwatch(worker->process.socket());
        worker->process.reap(true);
    }
    std::vector<std::unique_ptr<Worker>> ended = std::move(workers);
    workers.clear();
    counted.alive = 0;
    counted.busy = 0;
    RequestQueue open = std::move(queue);
    queue.clear();
    for (const auto& worker : ended) {
        if (worker->active) open.push_back(std::move(*worker->active));
        for (PendingRequest& pending : worker->queue) open.push_back(std::move(pending));
    }
    queuedRequests = 0;
    queuedBytes = 0;
    counted.queued = 0;
    for (PendingRequest& pending : open) answer(pending.done, WorkerStatus::stopped, 0, reason);
}

}  // namespace totemd
