/* totem/abi/plugin.h - the entry of a plugin and the life of its instances.
 *
 * A plugin is a shared object that exports one function, totem_plugin_entry. The daemon reads the
 * manifest beside the library first, opens the library in a helper process to see that it loads,
 * then here. Libraries stay mapped until the daemon ends.
 *
 * Life of an instance: create -> start -> (work) -> drain -> stop -> destroy. A changed
 * configuration makes a new instance; the old one is drained while the new one already works.
 * No exception may leave any function of either side.
 */
#ifndef TOTEM_ABI_PLUGIN_H
#define TOTEM_ABI_PLUGIN_H

#include "base.h"

/* The daemon's side, one per instance; valid until destroy() returns. */
typedef struct totem_host {
    uint32_t struct_size;
    uint16_t abi_major, abi_minor;
    void* host_ctx;
    /* [any-thread] The extension's struct, valid as long as the host; NULL: absent or not granted.
     */
    const void* (*get_extension)(const struct totem_host* host, const char* id);
} totem_host;

typedef struct totem_instance {
    uint32_t struct_size;
    uint32_t reserved_flags; /* 0 */
    void* plugin_ctx;
    /* [plugin-pool] Ready to serve when it returns TOTEM_OK. */
    totem_status (*start)(struct totem_instance* instance);
    /* [plugin-pool] Take no new work of your own; calls in progress may go on until deadline_ns. */
    void (*drain)(struct totem_instance* instance, int64_t deadline_ns);
    /* [plugin-pool] Join every thread you started. No call comes after it. */
    void (*stop)(struct totem_instance* instance);
    /* [plugin-pool] No callback comes after it returns. */
    void (*destroy)(struct totem_instance* instance);
    /* [any-thread] The plugin's side of an extension; NULL: not provided. */
    const void* (*get_extension)(struct totem_instance* instance, const char* id);
} totem_instance;

typedef struct totem_descriptor {
    uint32_t struct_size;
    uint16_t abi_major, abi_minor;
    totem_str id;
    totem_str version;
    totem_str manifest_json; /* the same bytes as the installed plugin.json */
    /* [plugin-pool] config_json is valid against the plugin's schema, secrets resolved. On failure
     * *out stays NULL and the reason is logged. */
    totem_status (*create)(const totem_host* host, totem_str config_json, totem_instance** out);
} totem_descriptor;

#ifdef __cplusplus
extern "C" {
#endif
/* The only exported symbol. Pure: no side effects, the same pointer at each call. */
TOTEM_EXPORT const totem_descriptor* totem_plugin_entry(void);
#ifdef __cplusplus
}
#endif

TOTEM_STATIC_ASSERT(offsetof(totem_host, host_ctx) == 8 && sizeof(totem_host) == 24,
                    "totem_host layout");
TOTEM_STATIC_ASSERT(offsetof(totem_instance, start) == 16 && sizeof(totem_instance) == 56,
                    "totem_instance layout");
TOTEM_STATIC_ASSERT(offsetof(totem_descriptor, create) == 56 && sizeof(totem_descriptor) == 64,
                    "totem_descriptor layout");

#endif
