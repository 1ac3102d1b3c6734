#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "journal/event.hpp"
#include "plugin/manifest.hpp"

namespace totemd {

/// Reads the array of events that a plugin publishes (totem/abi/event.h). Throws
/// std::invalid_argument naming the member; a type that the manifest does not declare is refused.
/// `source` defaults to the plugin's id, `time` to `receivedUnixNs`.
std::vector<NewEvent> parseEvents(std::string_view json, const Manifest& publisher,
                                  const std::string& trace, std::int64_t receivedUnixNs);

/// The envelope that a subscriber receives. `data` and `reply` go in as they are, unparsed.
std::string eventEnvelope(const Event& event);

/// RFC 3339 in UTC with milliseconds.
std::string formatTime(std::int64_t unixNs);

}  // namespace totemd
