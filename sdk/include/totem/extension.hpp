#pragma once

#include "totem/abi/plugin.h"

namespace totem {
inline namespace v0 {

/// The host's struct for an extension, or null: absent, too old, or not granted. Any thread; valid
/// as long as the host. Test its members with TOTEM_HAS before use.
template <typename Extension>
const Extension* hostExtension(const totem_host* host, const char* id) {
    return static_cast<const Extension*>(host->get_extension(host, id));
}

}  // namespace v0
}  // namespace totem
