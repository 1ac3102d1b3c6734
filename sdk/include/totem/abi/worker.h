/* totem/abi/worker.h - helper processes of a plugin, for whatever interprets hostile input: no
 * network, no files but those handed in, memory and time capped, killed and respawned by the host.
 * Declared in the manifest:
 *   "workers": [{"name": "flow", "program": "totem-flow-worker", "memory_mb": 256, "time_ms":
 * 10000}] and, where wanted, "arguments" (texts), "nice" (0 to 19), "recycle_requests" and
 * "recycle_mb" (a process ends after so many requests, or once it holds more than that between
 * two), "optional": true (the plugin runs without the program; asks answer NOT_FOUND).
 * The program's end is totem/worker.hpp. */
#ifndef TOTEM_ABI_WORKER_H
#define TOTEM_ABI_WORKER_H

#include "call.h"
#include "plugin.h"

#define TOTEM_EXT_WORKER "totem.draft.worker/1"

/* Host side. One request at a time per worker; others wait. */
typedef struct totem_host_worker {
    uint32_t struct_size;
    uint32_t reserved_flags;
    /* [any-thread] affinity 0: any worker; else body->code of an earlier answer: that very worker,
     * or GONE when it has ended. done: OK with the worker's id in body->code; DEADLINE: the worker
     * that had this request was killed for its time (never for a request that only waited);
     * TOO_LARGE: over its memory and killed; GONE: died (content says how); BUSY: no worker had the
     * request, the queue was full or its deadline passed there; CANCELLED: as BUSY, and nobody
     * waits for the answer any more, or the pool was stopped; UNAVAILABLE: none can be started.
     * Also in a failure body->code is the worker that had the request, 0 when none had it: GONE
     * with 0 is the one asked for by affinity, which had ended before. */
    void (*ask)(const totem_host* host, totem_str worker, int32_t affinity, totem_str request,
                const totem_ask* ask);
    /* [any-thread] As `ask`, with a file: the worker receives `fd` (duplicated before this
     * returns). A worker may answer either kind of ask with a file beside its text: content is
     * the text then, and [0, length) of fd the file, which the host has seen to be a memory file
     * sealed against writing and shrinking, so that it can be mapped without fear. */
    void (*ask_file)(const totem_host* host, totem_str worker, int32_t affinity, totem_str request,
                     int32_t fd, const totem_ask* ask);
} totem_host_worker;

TOTEM_STATIC_ASSERT(sizeof(totem_host_worker) == 24, "totem_host_worker layout");

#endif
