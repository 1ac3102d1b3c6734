#include "loop/event_loop.hpp"
#include "plugin/extensions/extensions.hpp"

namespace totemd {

const totem_host_clock kClockExtension{sizeof(totem_host_clock), 0,
                                       [](const totem_host*) { return monotonicNow(); },
                                       [](const totem_host*) { return unixNow(); }};

}  // namespace totemd
