/* totem/abi/call.h - calls that may wait.
 *
 * Routes, event deliveries, actions, outgoing HTTP, cache, store and workers share one shape: one
 * side asks (totem_ask), the other receives a call (totem_call) and completes it exactly once, at
 * once or later, from any thread. The first outcome wins: the deadline answers the asker by
 * itself, and the late completion returns TOTEM_E_GONE.
 */
#ifndef TOTEM_ABI_CALL_H
#define TOTEM_ABI_CALL_H

#include "base.h"

typedef struct totem_header {
    totem_str name;
    totem_str value;
} totem_header;

/* What a call carries back: an optional head (HTTP status and header fields) and content, either
 * in memory or as a range of a file. A receiver owns it and calls release() once, from any thread;
 * everything in it lives until then. Where a body is allowed, NULL means empty. */
typedef struct totem_body {
    uint32_t struct_size;
    int32_t code;                /* HTTP status, worker id …: the extension says; else 0 */
    const totem_header* headers; /* may be NULL */
    uint32_t header_count;
    int32_t fd;        /* >= 0: the content is this file's [offset, offset + length) */
    totem_str content; /* the content when fd < 0; on failure: a sentence saying why */
    uint64_t offset;
    uint64_t length;
    void (*release)(struct totem_body* body); /* [any-thread] */
    void* ctx;                                /* the maker's */
} totem_body;

/* What a callee holds. The host owns it; contents live until complete() is called. */
typedef struct totem_call {
    uint32_t struct_size;
    uint32_t flags;            /* none defined yet */
    int64_t deadline_ns;       /* never 0 */
    int64_t received_unix_ns;  /* when the cause reached the daemon: judge a replay window by it */
    totem_str trace_parent;    /* W3C traceparent */
    totem_str subject;         /* the ordering key, or empty */
    totem_str idempotency_key; /* empty when the asker gave none */
    totem_str caller;          /* plugin id, "http", "journal", "admin" */
    /* [any-thread] Always consumes the call and the body, whatever it returns:
     * TOTEM_OK, or TOTEM_E_GONE when the call was already answered. */
    totem_status (*complete)(struct totem_call* call, totem_status status, totem_body* body);
    /* [any-thread] 1 when nobody waits for the answer any more. */
    int32_t (*cancelled)(const struct totem_call* call);
    uint32_t attempt; /* events: 1 for the first delivery; else 0 */
    uint32_t replay;  /* events: how often an operator started it anew (replay --fresh) */
} totem_call;

/* What an asker hands over; the host copies it before the ask returns. */
typedef struct totem_ask {
    uint32_t struct_size;
    uint32_t flags;            /* none defined yet */
    int64_t deadline_ns;       /* never later than the parent's; 0: that, else 30 s from now */
    const totem_call* parent;  /* gives trace, subject, deadline and cancellation; may be NULL */
    totem_str subject;         /* overrides the parent's when not empty */
    totem_str idempotency_key; /* makes a durable effect of an effectful action */
    /* With a key: a row of the asker's own store (abi/store.h), written in the transaction that
     * records the intent. Empty checkpoint_key: none. */
    totem_str checkpoint_key;
    totem_str checkpoint;
    /* [completion] Called once, never inside the ask (which would deadlock
     * an asker that holds a lock). The receiver owns body (may be NULL). */
    void (*done)(void* ctx, totem_status status, totem_body* body);
    void* ctx;
} totem_ask;

TOTEM_STATIC_ASSERT(offsetof(totem_body, content) == 24, "totem_body layout");
TOTEM_STATIC_ASSERT(offsetof(totem_body, release) == 56 && sizeof(totem_body) == 72,
                    "totem_body layout");
TOTEM_STATIC_ASSERT(offsetof(totem_call, trace_parent) == 24, "totem_call layout");
TOTEM_STATIC_ASSERT(offsetof(totem_call, complete) == 88, "totem_call layout");
TOTEM_STATIC_ASSERT(offsetof(totem_call, attempt) == 104 && sizeof(totem_call) == 112,
                    "totem_call layout");
TOTEM_STATIC_ASSERT(offsetof(totem_ask, parent) == 16, "totem_ask layout");
TOTEM_STATIC_ASSERT(offsetof(totem_ask, done) == 88 && sizeof(totem_ask) == 104,
                    "totem_ask layout");

#endif
