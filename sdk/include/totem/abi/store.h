/* totem/abi/store.h - a durable key-value table of the plugin's own, in the journal's database. */
#ifndef TOTEM_ABI_STORE_H
#define TOTEM_ABI_STORE_H

#include "call.h"
#include "plugin.h"

#define TOTEM_EXT_STORE "totem.draft.store/1"

/* Host side; everything [any-thread]. A write's done comes when it is durable. */
typedef struct totem_host_store {
    uint32_t struct_size;
    uint32_t reserved_flags;
    void (*get)(const totem_host* host, totem_str key,
                const totem_ask* ask); /* content, or NOT_FOUND */
    /* expires_unix_ns 0: never. */
    void (*put)(const totem_host* host, totem_str key, totem_str value, int64_t expires_unix_ns,
                const totem_ask* ask);
    void (*remove)(const totem_host* host, totem_str key, const totem_ask* ask);
    /* Keys with the prefix, ascending, above `after`: {"entries": [{"key", "value"}, …]}; values
     * that are not UTF-8 are left out. At most `limit` (0: 1000). */
    void (*list)(const totem_host* host, totem_str prefix, totem_str after, uint32_t limit,
                 const totem_ask* ask);
} totem_host_store;

TOTEM_STATIC_ASSERT(sizeof(totem_host_store) == 40, "totem_host_store layout");

#endif
