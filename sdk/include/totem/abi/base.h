/* totem/abi/base.h - the types that cross the line between the daemon and a plugin.
 *
 * The line is plain C11: fixed-size integers, pointer and length, structs of function pointers.
 * No C++ type, no exception, no allocator crosses it, so a plugin may come from any compiler.
 *
 * Conventions, the same in every header of this folder:
 * - Every struct that crosses begins with `struct_size`: the bytes its maker filled. Structs only
 *   grow at their end. Test a member with TOTEM_HAS before use.
 * - A `totem_str` parameter is borrowed until the call returns. What must live longer crosses as a
 *   `totem_body` (abi/call.h), which its receiver releases once.
 * - Thread tags: [any-thread], [plugin-pool] (one of the plugin's own threads, may block),
 *   [completion] (the plugin's completion thread, must not block), [loop] (an event loop of the
 *   daemon, must not block).
 * - Times are nanoseconds; `deadline_ns` is CLOCK_MONOTONIC, `*_unix_ns` since 1970.
 * - Text is UTF-8. JSON is UTF-8 text.
 */
#ifndef TOTEM_ABI_BASE_H
#define TOTEM_ABI_BASE_H

#include <stddef.h>
#include <stdint.h>

#define TOTEM_ABI_MAJOR 0
#define TOTEM_ABI_MINOR 1

#if defined(__GNUC__)
#define TOTEM_EXPORT __attribute__((visibility("default")))
#else
#define TOTEM_EXPORT
#endif

#ifdef __cplusplus
#define TOTEM_STATIC_ASSERT(condition, text) static_assert(condition, text)
#else
#define TOTEM_STATIC_ASSERT(condition, text) _Static_assert(condition, text)
#endif

/* True when the maker of *object knew the member and set it. Function pointer members only. */
#define TOTEM_HAS(object, member)                                                  \
    ((object) != NULL &&                                                           \
     (object)->struct_size >=                                                      \
         (size_t)((const char*)(&(object)->member + 1) - (const char*)(object)) && \
     (object)->member != NULL)

/* Bytes, not NUL-terminated. ptr may be NULL when len is 0. */
typedef struct totem_str {
    const char* ptr;
    size_t len;
} totem_str;

/* 0 is success; failures are negative. New codes may be added: treat an unknown one as FAULT. */
typedef int32_t totem_status;
enum {
    TOTEM_OK = 0,
    TOTEM_E_INVALID = -1,     /* the input is wrong; asking again with the same input is useless */
    TOTEM_E_NOT_FOUND = -2,   /* no such thing: action, key, worker */
    TOTEM_E_UNAVAILABLE = -3, /* certainly not done, may work later: upstream down, no extension */
    TOTEM_E_BUSY = -4,        /* a limit is reached; certainly not done */
    TOTEM_E_DEADLINE = -5,    /* not finished in time */
    TOTEM_E_CANCELLED = -6,   /* the asker went away or the instance stops */
    TOTEM_E_GONE = -7,        /* too late: somebody else completed the call, or the worker died */
    TOTEM_E_ABANDONED = -8,   /* the callee dropped the call unanswered */
    TOTEM_E_FAULT = -9,       /* the callee failed by its own fault (an exception, a bug) */
    TOTEM_E_REFUSED = -10,    /* the other side said no for good */
    TOTEM_E_UNKNOWN = -11,    /* it may have happened or not */
    TOTEM_E_DENIED = -12,     /* not granted, or against the address policy */
    TOTEM_E_TOO_LARGE = -13   /* over a size limit */
};

TOTEM_STATIC_ASSERT(sizeof(void*) == 8, "totem supports 64-bit systems only");
TOTEM_STATIC_ASSERT(offsetof(totem_str, len) == 8 && sizeof(totem_str) == 16, "totem_str layout");

#endif
