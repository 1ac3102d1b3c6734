/* totem/abi/event.h - events: something happened. A JSON object after CloudEvents 1.0:
 *   {"id", "source", "type", "subject", "time", "data": {…}, "reply": {"action", "arguments"}}
 * `subject` is the ordering key, `source` + `id` the duplicate key (make ids from the other side's
 * own). Messages use the types message.received, message.sent, message.updated; everything else is
 * <plugin>.<name>. Published and wanted types stand in the manifest:
 *   "events": {"publishes": ["message.*"], "subscribes": ["message.received"], "rank": 10} */
#ifndef TOTEM_ABI_EVENT_H
#define TOTEM_ABI_EVENT_H

#include "call.h"
#include "plugin.h"

#define TOTEM_EXT_EVENT "totem.draft.event/1"

/* Host side. */
typedef struct totem_host_event {
    uint32_t struct_size;
    uint32_t reserved_flags;
    /* [any-thread] events_json is an array, appended atomically. done comes when it is durable,
     * with {"results": ["stored" | "duplicate", …], "events": [number in the journal, 0 for a
     * duplicate, …]}; TOTEM_E_BUSY: queue limit or disk full. */
    void (*publish)(const totem_host* host, totem_str events_json, const totem_ask* ask);
    /* [any-thread] Lets the next event of the same subject be delivered before this one is done
     * (a flow that sleeps). The call stays open. */
    void (*release_lane)(const totem_host* host, totem_call* call);
} totem_host_event;

/* Plugin side. Events of one subject come one at a time. Complete with TOTEM_OK when handled;
 * UNAVAILABLE, BUSY or CANCELLED: again later, the attempt does not count; REFUSED or INVALID: dead
 * letter at once; anything else: again with back-off until the attempts are used up. A delivery
 * that meets its deadline while it waits for an effect does not count either: the next one finds
 * the effect again by its idempotency key. */
typedef struct totem_plugin_event {
    uint32_t struct_size;
    uint32_t reserved_flags;
    void (*deliver)(totem_instance* instance, totem_call* call,
                    totem_str event_json); /* [plugin-pool] */
} totem_plugin_event;

TOTEM_STATIC_ASSERT(sizeof(totem_host_event) == 24, "totem_host_event layout");
TOTEM_STATIC_ASSERT(sizeof(totem_plugin_event) == 16, "totem_plugin_event layout");

#endif
