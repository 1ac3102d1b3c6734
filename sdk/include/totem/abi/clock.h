/* totem/abi/clock.h - time. Use it instead of the system's, so that tests can turn it. */
#ifndef TOTEM_ABI_CLOCK_H
#define TOTEM_ABI_CLOCK_H

#include "plugin.h"

#define TOTEM_EXT_CLOCK "totem.draft.clock/1"

/* Host side. */
typedef struct totem_host_clock {
    uint32_t struct_size;
    uint32_t reserved_flags;
    int64_t (*monotonic_ns)(const totem_host* host); /* [any-thread] CLOCK_MONOTONIC */
    int64_t (*unix_ns)(const totem_host* host);      /* [any-thread] CLOCK_REALTIME */
} totem_host_clock;

TOTEM_STATIC_ASSERT(sizeof(totem_host_clock) == 24, "totem_host_clock layout");

#endif
