#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "http/http_body.hpp"

namespace totemd {

struct HttpHeader {
    std::string name;
    std::string value;
};

/// As names of headers, hosts and schemes are compared.
bool equalsNoCase(std::string_view left, std::string_view right);

/// The first value of `name` (compared without case), or null.
const std::string* findHeader(const std::vector<HttpHeader>& headers, std::string_view name);

/// One request as it was received; nothing is decoded. Copies are cheap enough to hand to another
/// thread (a spooled body is shared).
struct HttpRequest {
    std::string method;  ///< GET HEAD POST PUT PATCH DELETE OPTIONS: others never get here
    std::string target;  ///< as sent: origin form, absolute form or "*"
    std::string path;    ///< raw, starts with '/' (or is "*"), without the query
    std::string query;   ///< raw, without '?'
    std::vector<HttpHeader> headers;  ///< in order, values trimmed; at most one Host
    Body body;
    std::string peerAddress;      ///< numeric, without the port
    bool peerIsLoopback = false;  ///< of the connection itself; proxies are the caller's business
    std::string listener;         ///< ListenerOptions::name
    std::int64_t receivedUnixNs = 0;  ///< when the header was complete
    bool keepAlive = true;

    /// The first value of a header (compared without case), or "" when it is absent.
    const std::string& header(std::string_view name) const;
    bool hasHeader(std::string_view name) const { return findHeader(headers, name) != nullptr; }
};

/// One answer. The server adds Date, Content-Length and Connection itself and ignores those of the
/// handler, except `Connection: close`, which it honours. A header that would break the message
/// (control characters, no token as its name) turns the answer into a 500.
struct HttpResponse {
    int status = 200;
    std::vector<HttpHeader> headers;
    std::variant<std::string, FileRange> body;

    HttpResponse& with(std::string name, std::string value) {
        headers.push_back({std::move(name), std::move(value)});
        return *this;
    }
    std::uint64_t bodySize() const;

    static HttpResponse empty(int status);
    static HttpResponse text(int status, std::string body);
    static HttpResponse json(int status, std::string serialized);
    /// Bytes that are no UTF-8 are replaced, never thrown at.
    static HttpResponse json(int status, const nlohmann::json& value);
    /// RFC 9457: {"type":"about:blank","title":<reason phrase>,"status":…,"detail":…}
    static HttpResponse problem(int status, std::string_view detail);
    static HttpResponse file(int status, FileRange range, std::string contentType);
};

/// "Not Found" for 404; "Unknown" for a number without a name.
std::string_view reasonPhrase(int status);

}  // namespace totemd
