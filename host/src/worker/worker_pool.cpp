#include "worker/worker_pool.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <future>
#include <stdexcept>
#include <thread>

#include "loop/event_loop.hpp"
#include "worker/worker_pool_impl.hpp"

namespace totemd {
namespace {

WorkerOptions checked(WorkerOptions options) {
    const auto refuse = [&](const char* what) {
        throw std::invalid_argument("worker " + options.name + ": " + what);
    };
    if (options.program.empty() || options.program.front() != '/') {
        refuse("its program must be an absolute path");
    }
    if (options.instances < 0) refuse("instances must not be negative");
    if (options.memoryBytes <= 0) refuse("its memory limit must be positive");
    if (options.timeLimitNs <= 0 || options.startLimitNs <= 0 || options.idleShutdownNs <= 0) {
        refuse("its times must be positive");
    }
    if (options.instances == 0) {
        options.instances = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
    }
    return options;
}

bool overdue(const PendingRequest& pending, std::int64_t now) {
    return pending.request.deadlineNs != 0 && pending.request.deadlineNs <= now;
}

}  // namespace

std::string_view toString(WorkerStatus status) {
    switch (status) {
        case WorkerStatus::ok:
            return "ok";
        case WorkerStatus::timeout:
            return "timeout";
        case WorkerStatus::memory:
            return "memory";
        case WorkerStatus::crashed:
            return "crashed";
        case WorkerStatus::gone:
            return "gone";
        case WorkerStatus::busy:
            return "busy";
        case WorkerStatus::unavailable:
            return "unavailable";
        case WorkerStatus::stopped:
            return "stopped";
    }
    return "unknown";
}

WorkerPool::WorkerPool(EventLoop& loop, WorkerOptions options, Logger log)
    : impl_(std::make_shared<Impl>(loop, checked(std::move(options)), log)) {}

WorkerPool::~WorkerPool() {
    stop();
}

void WorkerPool::ask(WorkerRequest request, Done done) {
    if (impl_->loop.inLoop()) {
        impl_->submit({std::move(request), std::move(done)});
        return;
    }
    // std::function wants to copy, descriptors cannot be: a shared box in between.
    auto box =
        std::make_shared<PendingRequest>(PendingRequest{std::move(request), std::move(done)});
    impl_->loop.post([impl = impl_, box] { impl->submit(std::move(*box)); });
}

void WorkerPool::warm() {
    impl_->loop.post([impl = impl_] {
        if (!impl->stopped && impl->workers.empty() && monotonicNow() >= impl->notBeforeNs)
            impl->start();
    });
}

void WorkerPool::stop() {
    if (impl_->loop.inLoop()) {
        impl_->stopOnLoop();
        return;
    }
    auto finished = std::make_shared<std::promise<void>>();
    std::future<void> wait = finished->get_future();
    impl_->loop.post([impl = impl_, finished = std::move(finished)] {
        impl->stopOnLoop();
        finished->set_value();
    });
    try {
        wait.get();
    } catch (const std::future_error&) {
        impl_->stopOnLoop();  // the loop has ended and dropped the task: nobody else is there
    }
}

WorkerPool::Counters WorkerPool::counters() const {
    const auto& now = impl_->counted;
    return {now.started, now.failedStarts, now.requests, now.killedForTime, now.killedForMemory,
            now.crashed, now.alive,        now.busy,     now.queued};
}

WorkerPool::Impl::Impl(EventLoop& eventLoop, WorkerOptions given, Logger logger)
    : loop(eventLoop), options(std::move(given)), log(logger) {}

void WorkerPool::Impl::answer(const Done& done, WorkerStatus status, std::uint64_t id,
                              std::string reason) {
    WorkerReply reply;
    reply.status = status;
    reply.workerId = id;
    reply.reason = std::move(reason);
    done(std::move(reply));
}

void WorkerPool::Impl::answerLater(Done done, WorkerStatus status, std::string reason,
                                   std::uint64_t id) {
    loop.post([done = std::move(done), status, reason = std::move(reason), id] {
        answer(done, status, id, reason);
    });
}

void WorkerPool::Impl::submit(PendingRequest pending) {
    ++counted.requests;
    pending.order = nextOrder++;
    const WorkerRequest& request = pending.request;
    if (stopped) {
        answerLater(std::move(pending.done), WorkerStatus::stopped,
                    "worker " + options.name + " is stopped");
    } else if (request.payload.size() > options.maxPayload || request.fds.size() > kMaxFrameFds) {
        answerLater(std::move(pending.done), WorkerStatus::unavailable,
                    "worker " + options.name + ": the request is too large (" +
                        std::to_string(request.payload.size()) + " bytes, " +
                        std::to_string(request.fds.size()) + " descriptors; at most " +
                        std::to_string(options.maxPayload) + " and " +
                        std::to_string(kMaxFrameFds) + ")");
    } else if (overdue(pending, monotonicNow())) {
        answerLater(std::move(pending.done), WorkerStatus::busy,
                    "worker " + options.name + ": the deadline had passed already");
    } else if (request.affinity != 0) {
        submitToWorker(std::move(pending));
    } else {
        Worker* best = nullptr;
        for (const auto& worker : workers) {
            if (worker->state == Worker::State::idle &&
                (!best || worker->changedNs > best->changedNs)) {
                best = worker.get();
            }
        }
        if (best) {
            send(*best, std::move(pending));
        } else {
            enqueue(queue, std::move(pending));
            pump();
        }
    }
}

void WorkerPool::Impl::submitToWorker(PendingRequest pending) {
    Worker* worker = find(pending.request.affinity);
    if (!worker || !worker->usable()) {
        answerLater(
            std::move(pending.done), WorkerStatus::gone,
            "worker " + options.name + " " + std::to_string(pending.request.affinity) + " is gone");
    } else if (worker->state == Worker::State::idle) {
        send(*worker, std::move(pending));
    } else {
        enqueue(worker->queue, std::move(pending));
    }
}

void WorkerPool::Impl::enqueue(RequestQueue& into, PendingRequest pending) {
    const std::size_t bytes = pending.request.payload.size();
    if (queuedRequests >= options.queueRequests || queuedBytes + bytes > options.queueBytes) {
        answerLater(std::move(pending.done), WorkerStatus::busy,
                    "worker " + options.name + ": " + std::to_string(queuedRequests) +
                        " requests wait already");
        return;
    }
    ++queuedRequests;
    queuedBytes += bytes;
    into.push_back(std::move(pending));
    counted.queued = queuedRequests;
}

void WorkerPool::Impl::send(Worker& worker, PendingRequest pending) {
    const std::int64_t now = monotonicNow();
    const std::int64_t deadline = pending.request.deadlineNs;
    const std::int64_t limit = now + options.timeLimitNs;
    worker.state = Worker::State::busy;
    worker.changedNs = now;
    worker.mustEndNs = (deadline != 0 && deadline < limit ? deadline : limit) + kGraceNs;
    worker.writer.begin(pending.order, std::move(pending.request.payload),
                        std::move(pending.request.fds));
    worker.active = std::move(pending);
    ++counted.busy;
    armTick();
    flush(worker);
}

void WorkerPool::Impl::flush(Worker& worker) {
    switch (worker.writer.flush(worker.process.socket())) {
        case FrameWriter::Result::done:
            if (worker.writing) loop.rewatch(worker.process.socket(), EPOLLIN);
            worker.writing = false;
            break;
        case FrameWriter::Result::blocked:
            if (!worker.writing) loop.rewatch(worker.process.socket(), EPOLLIN | EPOLLOUT);
            worker.writing = true;
            break;
        case FrameWriter::Result::failed:
            // It has died and we have not heard of it yet; its end will tell how.
            if (worker.writer.untouched()) {
                PendingRequest pending = std::move(*worker.active);
                worker.active.reset();
                pending.request.payload = worker.writer.takePayload();
                pending.request.fds = worker.writer.takeFds();
                kill(worker, {}, WorkerStatus::crashed);
                if (pending.request.affinity != 0) {
                    answerLater(
                        std::move(pending.done), WorkerStatus::gone,
                        "worker " + options.name + " " + std::to_string(worker.id) + " has ended");
                } else {
                    enqueue(queue, std::move(pending));
                    pump();
                }
            } else {
                kill(worker, {}, WorkerStatus::crashed);
            }
            break;
    }
}

/// Gives an idle worker the request that has waited longest; false when there is none for it.
bool WorkerPool::Impl::feed(Worker& worker) {
    if (queuedRequests == 0) return false;
    const std::int64_t now = monotonicNow();
    expire(worker.queue, now);
    expire(queue, now);
    RequestQueue* from = &worker.queue;
    if (from->empty() || (!queue.empty() && queue.front().order < from->front().order))
        from = &queue;
    if (from->empty()) return false;
    PendingRequest pending = std::move(from->front());
    from->pop_front();
    --queuedRequests;
    queuedBytes -= pending.request.payload.size();
    counted.queued = queuedRequests;
    send(worker, std::move(pending));
    return true;
}

/// Sees to it that what waits without affinity will be served, or says why not.
void WorkerPool::Impl::pump() {
    while (!stopped && count(Worker::State::starting) < queue.size() &&
           usable() < static_cast<std::size_t>(options.instances)) {
        if (monotonicNow() < notBeforeNs || !start()) break;
    }
    if (!queue.empty() && usable() == 0) {
        failQueue(queue, WorkerStatus::unavailable,
                  "worker " + options.name + " cannot be started: " + lastFailure);
    }
    if (queuedRequests > 0) armTick();
}

void WorkerPool::Impl::failQueue(RequestQueue& from, WorkerStatus status,
                                 const std::string& reason) {
    for (PendingRequest& pending : from) {
        --queuedRequests;
        queuedBytes -= pending.request.payload.size();
        answerLater(std::move(pending.done), status, reason);
    }
    from.clear();
    counted.queued = queuedRequests;
}

void WorkerPool::Impl::expire(RequestQueue& from, std::int64_t now) {
    const auto late = [now](const PendingRequest& pending) { return overdue(pending, now); };
    if (std::none_of(from.begin(), from.end(), late)) return;
    RequestQueue kept;
    RequestQueue expired;
    for (PendingRequest& pending : from)
        (late(pending) ? expired : kept).push_back(std::move(pending));
    from = std::move(kept);
    failQueue(expired, WorkerStatus::busy,
              "worker " + options.name + ": the deadline passed while the request waited");
}

}  // namespace totemd
