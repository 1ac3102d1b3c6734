/* totem/abi/action.h - actions: something a plugin can do for others. JSON in, JSON out.
 * Declared in the manifest:
 *   {"name": "example.greet", "effect": "none", "input": {JSON Schema}, "output": {JSON Schema}}
 *
 * effect: "none" (may be repeated and cached), "idempotent" (may be repeated), "reconcilable" (may
 * not, but the plugin can find out whether it happened), "unprovable".
 *
 * The host checks the input against its schema before invoke. */
#ifndef TOTEM_ABI_ACTION_H
#define TOTEM_ABI_ACTION_H

#include "call.h"
#include "plugin.h"

#define TOTEM_EXT_ACTION "totem.draft.action/1"

/* Host side. */
typedef struct totem_host_action {
    uint32_t struct_size;
    uint32_t reserved_flags;
    /* [any-thread] With an idempotency key, a reconcilable or unprovable action becomes a durable
     * effect: intent before, result after, the same key again returns the recorded result. Its
     * deadline bounds one attempt; the answer is OK, REFUSED or UNKNOWN. BUSY: the intent could not
     * be stored (full disk), so there is no effect. CANCELLED: nobody waits for the call on whose
     * behalf it was asked any more (its deadline has passed, the instance stops); the effect goes
     * on, and the same key finds it again. */
    void (*ask)(const totem_host* host, totem_str name, totem_str input_json, const totem_ask* ask);
    /* [any-thread] done gets {"actions": [{name, plugin, effect, title, input, output}, …]}. */
    void (*list)(const totem_host* host, const totem_ask* ask);
} totem_host_action;

/* Plugin side. A callee says UNAVAILABLE or BUSY only when certainly nothing was done, and UNKNOWN
 * when it cannot tell. */
typedef struct totem_plugin_action {
    uint32_t struct_size;
    uint32_t reserved_flags;
    void (*invoke)(totem_instance* instance, totem_call* call, totem_str name,
                   totem_str input_json); /* [plugin-pool] */
    /* [plugin-pool] Did it happen? question_json: {"action", "input", "intent_unix_ns", "key",
     * "settled"}, where settled holds the results of other intents on the subject. Answer
     * {"state": "done", "result"}, {"state": "absent"} or {"state": "unknown", "reason"}. May be
     * NULL. */
    void (*reconcile)(totem_instance* instance, totem_call* call, totem_str name,
                      totem_str question_json);
} totem_plugin_action;

TOTEM_STATIC_ASSERT(sizeof(totem_host_action) == 24, "totem_host_action layout");
TOTEM_STATIC_ASSERT(sizeof(totem_plugin_action) == 24, "totem_plugin_action layout");

#endif
