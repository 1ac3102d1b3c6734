/* Where every member of the line lies. A change here breaks plugins that are already compiled:
 * structs of the line grow at their end only, by a new row. */
#include <totem/abi/base.h>
#include <totem/abi/call.h>
#include <totem/abi/plugin.h>
#include <totem/abi/route.h>
#include <totem/abi/action.h>
#include <totem/abi/event.h>
#include <totem/abi/http_client.h>
#include <totem/abi/cache.h>
#include <totem/abi/store.h>
#include <totem/abi/timer.h>
#include <totem/abi/clock.h>
#include <totem/abi/log.h>
#include <totem/abi/metrics.h>
#include <totem/abi/health.h>
#include <totem/abi/worker.h>

#define MEMBER(type, member, offset, size)                                                   \
    TOTEM_STATIC_ASSERT(                                                                     \
        offsetof(type, member) == (offset) && sizeof(((type*)0)->member) == (size),          \
        #type "." #member " moved")

/* Types without struct_size stand in arrays or are passed by value: they never grow. */
#define FIXED(type, size) TOTEM_STATIC_ASSERT(sizeof(type) == (size), #type " grew")

MEMBER(totem_str, ptr, 0, 8);
MEMBER(totem_str, len, 8, 8);

MEMBER(totem_header, name, 0, 16);
MEMBER(totem_header, value, 16, 16);
FIXED(totem_str, 16);
FIXED(totem_header, 32);

MEMBER(totem_body, struct_size, 0, 4);
MEMBER(totem_body, code, 4, 4);
MEMBER(totem_body, headers, 8, 8);
MEMBER(totem_body, header_count, 16, 4);
MEMBER(totem_body, fd, 20, 4);
MEMBER(totem_body, content, 24, 16);
MEMBER(totem_body, offset, 40, 8);
MEMBER(totem_body, length, 48, 8);
MEMBER(totem_body, release, 56, 8);
MEMBER(totem_body, ctx, 64, 8);

MEMBER(totem_call, struct_size, 0, 4);
MEMBER(totem_call, flags, 4, 4);
MEMBER(totem_call, deadline_ns, 8, 8);
MEMBER(totem_call, received_unix_ns, 16, 8);
MEMBER(totem_call, trace_parent, 24, 16);
MEMBER(totem_call, subject, 40, 16);
MEMBER(totem_call, idempotency_key, 56, 16);
MEMBER(totem_call, caller, 72, 16);
MEMBER(totem_call, complete, 88, 8);
MEMBER(totem_call, cancelled, 96, 8);
MEMBER(totem_call, attempt, 104, 4);
MEMBER(totem_call, replay, 108, 4);

MEMBER(totem_ask, struct_size, 0, 4);
MEMBER(totem_ask, flags, 4, 4);
MEMBER(totem_ask, deadline_ns, 8, 8);
MEMBER(totem_ask, parent, 16, 8);
MEMBER(totem_ask, subject, 24, 16);
MEMBER(totem_ask, idempotency_key, 40, 16);
MEMBER(totem_ask, checkpoint_key, 56, 16);
MEMBER(totem_ask, checkpoint, 72, 16);
MEMBER(totem_ask, done, 88, 8);
MEMBER(totem_ask, ctx, 96, 8);

MEMBER(totem_host, struct_size, 0, 4);
MEMBER(totem_host, abi_major, 4, 2);
MEMBER(totem_host, abi_minor, 6, 2);
MEMBER(totem_host, host_ctx, 8, 8);
MEMBER(totem_host, get_extension, 16, 8);

MEMBER(totem_instance, struct_size, 0, 4);
MEMBER(totem_instance, reserved_flags, 4, 4);
MEMBER(totem_instance, plugin_ctx, 8, 8);
MEMBER(totem_instance, start, 16, 8);
MEMBER(totem_instance, drain, 24, 8);
MEMBER(totem_instance, stop, 32, 8);
MEMBER(totem_instance, destroy, 40, 8);
MEMBER(totem_instance, get_extension, 48, 8);

MEMBER(totem_descriptor, struct_size, 0, 4);
MEMBER(totem_descriptor, abi_major, 4, 2);
MEMBER(totem_descriptor, abi_minor, 6, 2);
MEMBER(totem_descriptor, id, 8, 16);
MEMBER(totem_descriptor, version, 24, 16);
MEMBER(totem_descriptor, manifest_json, 40, 16);
MEMBER(totem_descriptor, create, 56, 8);

MEMBER(totem_http_request, struct_size, 0, 4);
MEMBER(totem_http_request, flags, 4, 4);
MEMBER(totem_http_request, method, 8, 16);
MEMBER(totem_http_request, target, 24, 16);
MEMBER(totem_http_request, path, 40, 16);
MEMBER(totem_http_request, query, 56, 16);
MEMBER(totem_http_request, listener, 72, 16);
MEMBER(totem_http_request, peer, 88, 16);
MEMBER(totem_http_request, headers, 104, 8);
MEMBER(totem_http_request, header_count, 112, 4);
MEMBER(totem_http_request, reserved_flags, 116, 4);
MEMBER(totem_http_request, body, 120, 8);

MEMBER(totem_plugin_route, struct_size, 0, 4);
MEMBER(totem_plugin_route, reserved_flags, 4, 4);
MEMBER(totem_plugin_route, handle, 8, 8);

MEMBER(totem_host_action, struct_size, 0, 4);
MEMBER(totem_host_action, reserved_flags, 4, 4);
MEMBER(totem_host_action, ask, 8, 8);
MEMBER(totem_host_action, list, 16, 8);

MEMBER(totem_plugin_action, struct_size, 0, 4);
MEMBER(totem_plugin_action, reserved_flags, 4, 4);
MEMBER(totem_plugin_action, invoke, 8, 8);
MEMBER(totem_plugin_action, reconcile, 16, 8);

MEMBER(totem_host_event, struct_size, 0, 4);
MEMBER(totem_host_event, reserved_flags, 4, 4);
MEMBER(totem_host_event, publish, 8, 8);
MEMBER(totem_host_event, release_lane, 16, 8);

MEMBER(totem_plugin_event, struct_size, 0, 4);
MEMBER(totem_plugin_event, reserved_flags, 4, 4);
MEMBER(totem_plugin_event, deliver, 8, 8);

MEMBER(totem_http_out, struct_size, 0, 4);
MEMBER(totem_http_out, flags, 4, 4);
MEMBER(totem_http_out, method, 8, 16);
MEMBER(totem_http_out, url, 24, 16);
MEMBER(totem_http_out, headers, 40, 8);
MEMBER(totem_http_out, header_count, 48, 4);
MEMBER(totem_http_out, max_redirects, 52, 4);
MEMBER(totem_http_out, content, 56, 16);
MEMBER(totem_http_out, max_response_bytes, 72, 8);
MEMBER(totem_http_out, proxy, 80, 16);

MEMBER(totem_host_http_client, struct_size, 0, 4);
MEMBER(totem_host_http_client, reserved_flags, 4, 4);
MEMBER(totem_host_http_client, ask, 8, 8);

MEMBER(totem_host_cache, struct_size, 0, 4);
MEMBER(totem_host_cache, reserved_flags, 4, 4);
MEMBER(totem_host_cache, get, 8, 8);
MEMBER(totem_host_cache, set, 16, 8);
MEMBER(totem_host_cache, remove, 24, 8);
MEMBER(totem_host_cache, lock, 32, 8);
MEMBER(totem_host_cache, unlock, 40, 8);
MEMBER(totem_host_cache, increment, 48, 8);

MEMBER(totem_host_store, struct_size, 0, 4);
MEMBER(totem_host_store, reserved_flags, 4, 4);
MEMBER(totem_host_store, get, 8, 8);
MEMBER(totem_host_store, put, 16, 8);
MEMBER(totem_host_store, remove, 24, 8);
MEMBER(totem_host_store, list, 32, 8);

MEMBER(totem_host_timer, struct_size, 0, 4);
MEMBER(totem_host_timer, reserved_flags, 4, 4);
MEMBER(totem_host_timer, start, 8, 8);
MEMBER(totem_host_timer, cancel, 16, 8);

MEMBER(totem_host_clock, struct_size, 0, 4);
MEMBER(totem_host_clock, reserved_flags, 4, 4);
MEMBER(totem_host_clock, monotonic_ns, 8, 8);
MEMBER(totem_host_clock, unix_ns, 16, 8);

MEMBER(totem_host_log, struct_size, 0, 4);
MEMBER(totem_host_log, reserved_flags, 4, 4);
MEMBER(totem_host_log, enabled, 8, 8);
MEMBER(totem_host_log, write, 16, 8);

MEMBER(totem_host_metrics, struct_size, 0, 4);
MEMBER(totem_host_metrics, reserved_flags, 4, 4);
MEMBER(totem_host_metrics, declare, 8, 8);
MEMBER(totem_host_metrics, record, 16, 8);

MEMBER(totem_host_health, struct_size, 0, 4);
MEMBER(totem_host_health, reserved_flags, 4, 4);
MEMBER(totem_host_health, report, 8, 8);

MEMBER(totem_host_worker, struct_size, 0, 4);
MEMBER(totem_host_worker, reserved_flags, 4, 4);
MEMBER(totem_host_worker, ask, 8, 8);
MEMBER(totem_host_worker, ask_file, 16, 8);
