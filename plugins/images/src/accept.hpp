#pragma once

#include <string_view>

namespace totem::images {

/// What a client says it can show, in the few classes that matter: more would mean a copy of each
/// answer for each browser.
enum class Accepts { kOriginal, kWebp, kAvif };

/// By the Accept header of a request. Only what is named counts: everything says */*. `kAvif`
/// means WebP as well, unless a quality of 0 forbids it (then the original is safer).
Accepts acceptsOf(std::string_view header);

/// Without the blanks around it, as parts of header fields are read.
std::string_view trimmed(std::string_view text);

}  // namespace totem::images
