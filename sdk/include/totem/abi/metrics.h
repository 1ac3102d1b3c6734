/* totem/abi/metrics.h - a plugin's own metrics, scraped as totem_plugin_<name>{plugin="<id>",…}.
 * Calls, errors, latency and queue depth of every plugin are counted by the host already. */
#ifndef TOTEM_ABI_METRICS_H
#define TOTEM_ABI_METRICS_H

#include "call.h"
#include "plugin.h"

#define TOTEM_EXT_METRICS "totem.draft.metrics/1"

enum { TOTEM_METRIC_COUNTER = 0, TOTEM_METRIC_GAUGE = 1, TOTEM_METRIC_HISTOGRAM = 2 };

typedef struct totem_metric totem_metric; /* the host's; valid as long as the host */

/* Host side. */
typedef struct totem_host_metrics {
    uint32_t struct_size;
    uint32_t reserved_flags;
    /* [any-thread] The same name gives the same metric. NULL: bad name or another kind. */
    totem_metric* (*declare)(const totem_host* host, int32_t kind, totem_str name, totem_str help);
    /* [any-thread] Counter: adds; gauge: sets; histogram: observes. Labels beyond the host's limit
     * of combinations are counted under "other". */
    void (*record)(totem_metric* metric, const totem_header* labels, uint32_t label_count,
                   double value);
} totem_host_metrics;

TOTEM_STATIC_ASSERT(sizeof(totem_host_metrics) == 24, "totem_host_metrics layout");

#endif
