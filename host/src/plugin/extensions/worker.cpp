#include "plugin/extensions/extensions.hpp"
#include "plugin/plugin_instance.hpp"
#include "plugin/plugin_services.hpp"
#include "plugin/worker_host.hpp"
#include "worker/worker_pool.hpp"

namespace totemd {
namespace {

totem_status statusOf(WorkerStatus status) {
    switch (status) {
        case WorkerStatus::ok: return TOTEM_OK;
        case WorkerStatus::timeout: return TOTEM_E_DEADLINE;
        case WorkerStatus::memory: return TOTEM_E_TOO_LARGE;
        case WorkerStatus::crashed:
        case WorkerStatus::gone: return TOTEM_E_GONE;
        case WorkerStatus::busy: return TOTEM_E_BUSY;
        case WorkerStatus::unavailable: return TOTEM_E_UNAVAILABLE;
        case WorkerStatus::stopped: return TOTEM_E_CANCELLED;
    }
    return TOTEM_E_FAULT;
}

}  // namespace

const totem_host_worker kWorkerExtension{
    sizeof(totem_host_worker), 0,
    [](const totem_host* host, totem_str worker, std::int32_t affinity, totem_str request, const totem_ask* ask) {
        PluginInstance& instance = PluginInstance::of(host);
        auto pending = instance.beginAsk(*ask);
        if (!pending) return;
        WorkerPool* pool = instance.services().workers.pool(instance.id(), std::string(totem::view(worker)));
        if (pool == nullptr) return pending->answer(TOTEM_E_NOT_FOUND, "the manifest declares no worker of that name");
        WorkerRequest message;
        message.affinity = static_cast<std::uint64_t>(affinity);
        message.payload = totem::view(request);
        message.deadlineNs = pending->deadlineNs();
        pool->ask(std::move(message), [pending](WorkerReply reply) {
            const totem_status status = statusOf(reply.status);
            std::string content = status == TOTEM_OK ? std::move(reply.payload) : std::move(reply.reason);
            pending->answer(status, totem::Body(std::move(content), static_cast<std::int32_t>(reply.workerId)));
        });
    }};

}  // namespace totemd
