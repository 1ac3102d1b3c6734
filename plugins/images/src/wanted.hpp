#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "accept.hpp"
#include "magic.hpp"
#include "rendition.hpp"
#include "settings.hpp"

namespace totem::images {

/// What the query of an address asks for: ?preset= &w= &h= &fit= &q= &fm= &dpr= &v= &e= &s=
struct Wanted {
    Preset shape;         ///< a preset with what the query changes of it
    bool shaped = false;  ///< anything but the picture as it is
    bool free = false;    ///< more than a preset by its name: needs a signature where one is asked
    std::string version;  ///< v: the beginning of the source's hash, or anything
    std::string signature;     ///< s
    std::int64_t expires = 0;  ///< e: UNIX seconds; 0: never

    /// Throws Failure (kInvalid) with a sentence for the client.
    static Wanted parse(std::string_view query, const Settings& settings);
    /// Sizes go up to the next of a few, qualities to the usual one.
    void snap(const Settings& settings);
    /// What a signature is over, besides the path: everything above but v.
    std::string signedText() const;
};

/// The rendition for a source; none: the file as it is.
std::optional<Rendition> renditionFor(const Wanted& wanted, Kind source, Accepts accepts);

/// True when the answer depends on the Accept header.
bool isNegotiated(const Wanted& wanted, Kind source);

}  // namespace totem::images
