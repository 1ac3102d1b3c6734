#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fnb {

/// Without the white space of ASCII around it.
std::string_view trimmed(std::string_view text);

/// Appends `text` as a JSON string with its quotes. `text` is valid UTF-8.
void appendJsonText(std::string& out, std::string_view text);

/// For a value in a query string: everything but unreserved characters as %XX.
std::string percentEncode(std::string_view text);
/// `+` is a space. Broken escapes stay as they are.
std::string percentDecode(std::string_view text);
/// The decoded value of a parameter of a query string; the last when there are several.
std::optional<std::string> queryParameter(std::string_view query, std::string_view name);

/// base64url with or without padding (RFC 4648, section 5); nothing when it is none.
std::optional<std::string> decodeBase64Url(std::string_view text);

/// Seconds that a Retry-After field asks for: a number or an HTTP date. Nothing when unreadable.
std::optional<long long> readRetryAfter(std::string_view value, long long unixSeconds);

}  // namespace fnb
