/* A plugin in C11, from the headers of totem/abi/ alone: GET /plain, the action plain.echo, and one
 * line in the log of each life. */
#include <stdlib.h>
#include <string.h>
#include <totem/abi/action.h>
#include <totem/abi/log.h>
#include <totem/abi/plugin.h>
#include <totem/abi/route.h>

extern const totem_str totem_plugin_id, totem_plugin_version, totem_plugin_manifest;

typedef struct plain {
    totem_instance head;
    const totem_host* host;
} plain;

static totem_str text(const char* characters) {
    const totem_str result = {characters, strlen(characters)};
    return result;
}

static void release(totem_body* body) { free(body); }

/* Content lies behind the body, in one piece of memory with it. */
static totem_body* answer(totem_str content) {
    totem_body* body = calloc(1, sizeof *body + content.len + 1);
    if (body == NULL) return NULL;
    memcpy(body + 1, content.ptr, content.len);
    body->struct_size = sizeof *body;
    body->fd = -1;
    body->content.ptr = (const char*)(body + 1);
    body->content.len = content.len;
    body->length = content.len;
    body->release = release;
    return body;
}

static void say(const plain* self, const char* line) {
    const totem_host_log* log = self->host->get_extension(self->host, TOTEM_EXT_LOG);
    if (TOTEM_HAS(log, write)) log->write(self->host, TOTEM_LOG_INFO, text(line), NULL, 0);
}

static void handle(totem_instance* instance, totem_call* call, totem_str route,
                   const totem_http_request* request) {
    (void)instance, (void)route, (void)request;
    call->complete(call, TOTEM_OK, answer(text("plain C\n")));
}

static void invoke(totem_instance* instance, totem_call* call, totem_str name, totem_str input) {
    (void)instance, (void)name;
    call->complete(call, TOTEM_OK, answer(input));
}

static const totem_plugin_route route = {sizeof route, 0, handle};
static const totem_plugin_action action = {sizeof action, 0, invoke, NULL};

static const void* get_extension(totem_instance* instance, const char* id) {
    (void)instance;
    if (strcmp(id, TOTEM_EXT_ROUTE) == 0) return &route;
    return strcmp(id, TOTEM_EXT_ACTION) == 0 ? &action : NULL;
}

static totem_status start(totem_instance* instance) {
    say(instance->plugin_ctx, "plain.started");
    return TOTEM_OK;
}
static void drain(totem_instance* instance, int64_t deadline_ns) {
    (void)instance, (void)deadline_ns;
}
static void stop(totem_instance* instance) { say(instance->plugin_ctx, "plain.stopped"); }
static void destroy(totem_instance* instance) { free(instance->plugin_ctx); }

static totem_status create(const totem_host* host, totem_str config, totem_instance** out) {
    (void)config;
    plain* self = calloc(1, sizeof *self);
    if (self == NULL) return TOTEM_E_UNAVAILABLE;
    self->host = host;
    self->head.struct_size = sizeof self->head;
    self->head.plugin_ctx = self;
    self->head.start = start;
    self->head.drain = drain;
    self->head.stop = stop;
    self->head.destroy = destroy;
    self->head.get_extension = get_extension;
    *out = &self->head;
    return TOTEM_OK;
}

TOTEM_EXPORT const totem_descriptor* totem_plugin_entry(void) {
    static totem_descriptor descriptor = {sizeof descriptor, TOTEM_ABI_MAJOR, TOTEM_ABI_MINOR,
                                          {0}, {0}, {0}, create};
    descriptor.id = totem_plugin_id;
    descriptor.version = totem_plugin_version;
    descriptor.manifest_json = totem_plugin_manifest;
    return &descriptor;
}
