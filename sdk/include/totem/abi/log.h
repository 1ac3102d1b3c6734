/* totem/abi/log.h - structured log. The host masks secrets, DNIs and phone numbers. */
#ifndef TOTEM_ABI_LOG_H
#define TOTEM_ABI_LOG_H

#include "call.h"
#include "plugin.h"

#define TOTEM_EXT_LOG "totem.draft.log/1"

enum {
    TOTEM_LOG_TRACE = 0,
    TOTEM_LOG_DEBUG = 1,
    TOTEM_LOG_INFO = 2,
    TOTEM_LOG_WARNING = 3,
    TOTEM_LOG_ERROR = 4
};

/* Host side. `event` is a dotted name such as "query.failed"; fields are name and value. */
typedef struct totem_host_log {
    uint32_t struct_size;
    uint32_t reserved_flags;
    int32_t (*enabled)(const totem_host* host, int32_t level);            /* [any-thread] cheap */
    void (*write)(const totem_host* host, int32_t level, totem_str event, /* [any-thread] */
                  const totem_header* fields, uint32_t field_count);
} totem_host_log;

TOTEM_STATIC_ASSERT(sizeof(totem_host_log) == 24, "totem_host_log layout");

#endif
