/* totem/abi/cache.h - a cache shared by all plugins and, with Redis behind it, by all daemons.
 * Keys are used as given: documented keys can be read by other programs. Entries may vanish at any
 * time. Locks end with their time to live, whoever holds them. */
#ifndef TOTEM_ABI_CACHE_H
#define TOTEM_ABI_CACHE_H

#include "call.h"
#include "plugin.h"

#define TOTEM_EXT_CACHE "totem.draft.cache/1"

/* Host side; everything [any-thread]. ttl_ns must be above 0. */
typedef struct totem_host_cache {
    uint32_t struct_size;
    uint32_t reserved_flags;
    void (*get)(const totem_host* host, totem_str key,
                const totem_ask* ask); /* content, or NOT_FOUND */
    void (*set)(const totem_host* host, totem_str key, totem_str value, int64_t ttl_ns,
                const totem_ask* ask);
    void (*remove)(const totem_host* host, totem_str key, const totem_ask* ask);
    /* OK with a token as content, or BUSY when somebody else holds it. */
    void (*lock)(const totem_host* host, totem_str key, int64_t ttl_ns, const totem_ask* ask);
    void (*unlock)(const totem_host* host, totem_str key, totem_str token, const totem_ask* ask);
    /* Adds and returns the sum as decimal text; ttl_ns counts from the first increment. */
    void (*increment)(const totem_host* host, totem_str key, int64_t by, int64_t ttl_ns,
                      const totem_ask* ask);
} totem_host_cache;

TOTEM_STATIC_ASSERT(sizeof(totem_host_cache) == 56, "totem_host_cache layout");

#endif
