#pragma once

#include <functional>

#include "journal/upkeep.hpp"

namespace totemd {

/// Deletes what is older than the options say, `batch` rows per commit, one table after the other;
/// duplicate keys only if `keys`. `done` on the writer thread, also after a failure. Any thread.
void sweep(Database& database, const UpkeepOptions& options, bool keys, std::function<void()> done);

}  // namespace totemd
