/* totem/abi/health.h - what a plugin knows about itself and its upstreams, shown in GET /health. */
#ifndef TOTEM_ABI_HEALTH_H
#define TOTEM_ABI_HEALTH_H

#include "plugin.h"

#define TOTEM_EXT_HEALTH "totem.draft.health/1"

enum {
    TOTEM_HEALTH_NONE = 0,
    TOTEM_HEALTH_STARTING = 1,
    TOTEM_HEALTH_HEALTHY = 2,
    TOTEM_HEALTH_UNHEALTHY = 3
};

/* Host side. */
typedef struct totem_host_health {
    uint32_t struct_size;
    uint32_t reserved_flags;
    /* [any-thread] The state of one component of the plugin ("portal", "instance:ventas"), with a
     * sentence for the operator. The host keeps since when. Never a secret or a customer's data. */
    void (*report)(const totem_host* host, totem_str component, int32_t state, totem_str detail);
} totem_host_health;

TOTEM_STATIC_ASSERT(sizeof(totem_host_health) == 16, "totem_host_health layout");

#endif
