/* totem/abi/http_client.h - outgoing HTTP/1.1 (RFC 9110, RFC 9112) with pooled connections, total
 * deadlines, a bulkhead and a circuit breaker per upstream, and the operator's address policy. */
#ifndef TOTEM_ABI_HTTP_CLIENT_H
#define TOTEM_ABI_HTTP_CLIENT_H

#include "call.h"
#include "plugin.h"

#define TOTEM_EXT_HTTP_CLIENT "totem.draft.http_client/1"

enum {
    TOTEM_HTTP_REPEATABLE = 1,   /* sending it twice does no harm, whatever the method */
    TOTEM_HTTP_INSECURE_TLS = 2, /* do not verify the certificate */
    TOTEM_HTTP_ONCE = 4          /* never sent again by the host, whatever the method and the
                                    answer (429, 503): the asker has its own rules */
};

typedef struct totem_http_out {
    uint32_t struct_size;
    uint32_t flags; /* GET and HEAD are repeatable without the flag */
    totem_str method;
    totem_str url;
    const totem_header* headers;
    uint32_t header_count;
    int32_t max_redirects; /* 0: answers 3xx are returned as they are */
    totem_str content;
    uint64_t max_response_bytes; /* 0: the host's default (16 MB) */
    totem_str proxy;             /* "http://name:port", or empty */
} totem_http_out;

/* Host side. done gets OK with body->code = HTTP status, whatever the status is. UNAVAILABLE: the
 * request certainly never reached the other side. UNKNOWN: it may have (only when not repeatable).
 * DEADLINE: repeatable and no answer in time. DENIED: address policy. TOO_LARGE: answer over the
 * limit. INVALID: bad URL or header. Failures carry a sentence as content. */
typedef struct totem_host_http_client {
    uint32_t struct_size;
    uint32_t reserved_flags;
    void (*ask)(const totem_host* host, const totem_http_out* request,
                const totem_ask* ask); /* [any-thread] */
} totem_host_http_client;

TOTEM_STATIC_ASSERT(offsetof(totem_http_out, content) == 56 && sizeof(totem_http_out) == 96,
                    "totem_http_out layout");
TOTEM_STATIC_ASSERT(sizeof(totem_host_http_client) == 16, "totem_host_http_client layout");

#endif
