/* totem/abi/timer.h - one-shot timers. They end with the instance; what must survive a restart
 * belongs in an event or the store. */
#ifndef TOTEM_ABI_TIMER_H
#define TOTEM_ABI_TIMER_H

#include "plugin.h"

#define TOTEM_EXT_TIMER "totem.draft.timer/1"

/* Host side. */
typedef struct totem_host_timer {
    uint32_t struct_size;
    uint32_t reserved_flags;
    /* [any-thread] Runs fire(ctx, 1) once after delay_ns [completion], or fire(ctx, 0) when it was
     * cancelled or the instance stopped: fire is called exactly once, so ctx can be freed there.
     * Returns the timer's id, never 0. */
    uint64_t (*start)(const totem_host* host, int64_t delay_ns,
                      void (*fire)(void* ctx, int32_t fired), void* ctx);
    /* [any-thread] Asks for fire(ctx, 0); does nothing when the timer has fired. */
    void (*cancel)(const totem_host* host, uint64_t id);
} totem_host_timer;

TOTEM_STATIC_ASSERT(sizeof(totem_host_timer) == 24, "totem_host_timer layout");

#endif
