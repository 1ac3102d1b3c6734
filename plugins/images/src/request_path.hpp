#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace totem::images {

/// Percent-decodes once. Empty for a broken escape and for what no name may hold: control
/// characters, NUL, a backslash, bytes that are no UTF-8.
std::optional<std::string> decodeOnce(std::string_view text);

/// `text` as it stands in a path of an address: everything but letters, digits and -._~/ escaped.
std::string encodePath(std::string_view text);

/// True for a path below a folder: no empty component, none of `.` and `..`, none that begins with
/// a dot (hidden files are the server's own: uploads on their way), and not longer than a system
/// takes.
bool isPlainPath(std::string_view path);

/// The path below catalogos/ that a request means, whichever alias it came by: decoded once and
/// plain. Empty when there is none.
std::optional<std::string> catalogPath(std::string_view requestPath);

}  // namespace totem::images
