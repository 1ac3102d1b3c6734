/* totem/abi/route.h - HTTP requests to a plugin. Routes stand in the manifest:
 *   {"name": "webhook", "path": "/webhook/example", "methods": ["POST"], "flags": ["intake"]}
 * A path that ends in "/" followed by an asterisk takes everything below it; the longest wins.
 * Flags: "intake" (never lost to a plugin's fault: stored and handed in later), "inline" (handle
 * never blocks and runs on the HTTP loop), "own_listener" (only on listeners that name the plugin).
 */
#ifndef TOTEM_ABI_ROUTE_H
#define TOTEM_ABI_ROUTE_H

#include "call.h"
#include "plugin.h"

#define TOTEM_EXT_ROUTE "totem.draft.route/1"

enum {
    TOTEM_REQUEST_LOOPBACK = 1, /* from this machine, and not forwarded by a proxy */
    TOTEM_REQUEST_REPLAYED = 2  /* was stored before and is handed in again */
};

typedef struct totem_http_request {
    uint32_t struct_size;
    uint32_t flags;
    totem_str method;
    totem_str target;   /* as sent: path and query */
    totem_str path;     /* as sent, not percent-decoded */
    totem_str query;    /* as sent, without '?' */
    totem_str listener; /* its name in the configuration */
    totem_str peer;     /* address, without port */
    const totem_header* headers;
    uint32_t header_count;
    uint32_t reserved_flags;
    const totem_body* body; /* borrowed like the rest; NULL when empty */
} totem_http_request;

/* Plugin side. Answer with body->code as HTTP status; TOTEM_E_* become 4xx and 5xx problems. */
typedef struct totem_plugin_route {
    uint32_t struct_size;
    uint32_t reserved_flags;
    /* [plugin-pool], or [loop] for inline routes. request lives until the call is completed. */
    void (*handle)(totem_instance* instance, totem_call* call, totem_str route,
                   const totem_http_request* request);
} totem_plugin_route;

TOTEM_STATIC_ASSERT(offsetof(totem_http_request, headers) == 104, "totem_http_request layout");
TOTEM_STATIC_ASSERT(sizeof(totem_http_request) == 128, "totem_http_request layout");
TOTEM_STATIC_ASSERT(sizeof(totem_plugin_route) == 16, "totem_plugin_route layout");

#endif
