#include <fcntl.h>
#include <sys/stat.h>

#include "plugin/extensions/extensions.hpp"
#include "plugin/plugin_instance.hpp"
#include "plugin/plugin_services.hpp"
#include "plugin/worker_host.hpp"
#include "worker/unique_fd.hpp"
#include "worker/worker_pool.hpp"

namespace totemd {
namespace {

totem_status statusOf(WorkerStatus status) {
    switch (status) {
        case WorkerStatus::ok:
            return TOTEM_OK;
        case WorkerStatus::timeout:
            return TOTEM_E_DEADLINE;
        case WorkerStatus::memory:
            return TOTEM_E_TOO_LARGE;
        case WorkerStatus::crashed:
        case WorkerStatus::gone:
            return TOTEM_E_GONE;
        case WorkerStatus::busy:
            return TOTEM_E_BUSY;
        case WorkerStatus::unavailable:
            return TOTEM_E_UNAVAILABLE;
        case WorkerStatus::stopped:
            return TOTEM_E_CANCELLED;
    }
    return TOTEM_E_FAULT;
}

/// What a worker answered: its text and, beside it, a file.
struct FileReply : totem_body {
    FileReply(std::string said, UniqueFd given, std::uint64_t size, std::int32_t worker)
        : totem_body{}, text(std::move(said)), file(std::move(given)) {
        struct_size = sizeof(totem_body);
        code = worker;
        fd = file.get();
        content = totem::str(text);
        length = size;
        release = [](totem_body* body) { delete static_cast<FileReply*>(body); };
    }
    std::string text;
    UniqueFd file;
};

/// The size of a memory file that nobody can write or shrink any more; -1 for anything else, which
/// a plugin could not map without the fear of a worker that cuts it.
std::int64_t sealedSize(int fd) {
    constexpr int kNeeded = F_SEAL_WRITE | F_SEAL_SHRINK;
    struct stat status {};
    const int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || (seals & kNeeded) != kNeeded || fstat(fd, &status) != 0) return -1;
    return status.st_size;
}

void finish(PendingAsk& pending, WorkerReply reply) {
    const auto id = static_cast<std::int32_t>(reply.workerId);
    totem_status status = statusOf(reply.status);
    if (status == TOTEM_E_BUSY && pending.cancelled()) status = TOTEM_E_CANCELLED;
    if (status != TOTEM_OK) return pending.answer(status, totem::Body(std::move(reply.reason), id));
    if (reply.fds.empty()) return pending.answer(status, totem::Body(std::move(reply.payload), id));
    const std::int64_t size = sealedSize(reply.fds.front().get());
    if (size < 0)
        return pending.answer(TOTEM_E_GONE,
                              totem::Body("the worker's file is no sealed memory file", id));
    auto* body = new FileReply(std::move(reply.payload), std::move(reply.fds.front()),
                               static_cast<std::uint64_t>(size), id);
    pending.answer(status, totem::Body(body));
}

void ask(const totem_host* host, totem_str worker, std::int32_t affinity, totem_str request,
         UniqueFd file, const totem_ask& ask) {
    PluginInstance& instance = PluginInstance::of(host);
    auto pending = instance.beginAsk(ask);
    if (!pending) return;
    WorkerPool* pool =
        instance.services().workers.pool(instance.id(), std::string(totem::view(worker)));
    if (pool == nullptr)
        return pending->answer(TOTEM_E_NOT_FOUND, "there is no worker of that name");
    WorkerRequest message;
    message.affinity = static_cast<std::uint64_t>(affinity);
    message.payload = totem::view(request);
    if (file) message.fds.push_back(std::move(file));
    message.deadlineNs = pending->deadlineNs();
    pool->ask(std::move(message),
              [pending](WorkerReply reply) { finish(*pending, std::move(reply)); });
}

}  // namespace

const totem_host_worker kWorkerExtension{
    sizeof(totem_host_worker), 0,
    [](const totem_host* host, totem_str worker, std::int32_t affinity, totem_str request,
       const totem_ask* given) { ask(host, worker, affinity, request, {}, *given); },
    [](const totem_host* host, totem_str worker, std::int32_t affinity, totem_str request,
       std::int32_t fd, const totem_ask* given) {
        UniqueFd file(fcntl(fd, F_DUPFD_CLOEXEC, 0));
        if (file) return ask(host, worker, affinity, request, std::move(file), *given);
        if (auto pending = PluginInstance::of(host).beginAsk(*given)) {
            pending->answer(TOTEM_E_INVALID, "the file for the worker is no open descriptor");
        }
    }};

}  // namespace totemd
