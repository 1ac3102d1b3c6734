#pragma once

#include "totem/abi/action.h"
#include "totem/abi/cache.h"
#include "totem/abi/clock.h"
#include "totem/abi/event.h"
#include "totem/abi/health.h"
#include "totem/abi/http_client.h"
#include "totem/abi/log.h"
#include "totem/abi/metrics.h"
#include "totem/abi/store.h"
#include "totem/abi/timer.h"
#include "totem/abi/worker.h"

#include <string>
#include <vector>

namespace totemd {

/// The host's side of each ABI extension, one file each. They hold no state of their own: the
/// instance comes out of totem_host, what it offers out of PluginServices.
extern const totem_host_action kActionExtension;
extern const totem_host_cache kCacheExtension;
extern const totem_host_clock kClockExtension;
extern const totem_host_event kEventExtension;
extern const totem_host_health kHealthExtension;
extern const totem_host_http_client kHttpClientExtension;
extern const totem_host_log kLogExtension;
extern const totem_host_metrics kMetricsExtension;
extern const totem_host_store kStoreExtension;
extern const totem_host_timer kTimerExtension;
extern const totem_host_worker kWorkerExtension;

/// Null for an id that this host does not offer.
const void* findExtension(const char* id);
/// Every id that this host offers.
const std::vector<std::string>& extensionIds();

}  // namespace totemd
