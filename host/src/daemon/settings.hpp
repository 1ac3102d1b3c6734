#pragma once

#include <atomic>
#include <filesystem>

#include "config/configuration.hpp"
#include "journal/database.hpp"
#include "journal/dispatcher.hpp"
#include "journal/requests.hpp"
#include "journal/upkeep.hpp"
#include "observe/log.hpp"
#include "state/memory_cache.hpp"
#include "upstream/upstream_options.hpp"

namespace totemd {

class Front;

/// From the configuration's sections to the options of each room: the one place that knows both.
LogOptions logOptions(const Configuration& configuration);
MemoryCacheOptions cacheOptions(const Configuration& configuration);
DatabaseOptions databaseOptions(const Configuration& configuration);
DispatcherOptions dispatcherOptions(const Configuration& configuration);
RequestsOptions requestsOptions(const Configuration& configuration);
UpkeepOptions upkeepOptions(const Configuration& configuration);
/// `front` is null until the listeners are bound; "listener:NAME" resolves from then on, and the
/// admin listener's address is denied.
UpstreamOptions upstreamOptions(const Configuration& configuration,
                                const std::atomic<Front*>& front);
/// Where the daemon keeps its files: the folder of the SQLite database.
std::filesystem::path stateFolder(const Configuration& configuration);

inline std::int64_t nanoseconds(Milliseconds value) {
    return value.count() * 1'000'000;
}

}  // namespace totemd
