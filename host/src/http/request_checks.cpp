#include "http/request_checks.hpp"

#include <strings.h>

#include <algorithm>
#include <array>

namespace totemd {
namespace {

constexpr std::array<std::string_view, 7> kMethods = {"GET",   "HEAD",   "POST",   "PUT",
                                                      "PATCH", "DELETE", "OPTIONS"};

HeadVerdict refuse(int status, std::string detail) {
    return {status, std::move(detail)};
}

/// Characters of uri-host and port; anything else could be read as another host.
bool isHost(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '.' ||
               c == '-' || c == '_' || c == ':' || c == '[' || c == ']' || c == '%' || c == '~';
    });
}

/// Splits an origin-form target into path and query.
void splitTarget(std::string_view target, HttpRequest& request) {
    const std::size_t mark = target.find('?');
    request.path = target.substr(0, mark);
    if (mark != std::string_view::npos) request.query = target.substr(mark + 1);
}

HeadVerdict checkTarget(HttpRequest& request, std::string_view host) {
    const std::string_view target = request.target;
    if (target.find('#') != std::string_view::npos) {
        return refuse(400, "the request target has a fragment");
    }
    if (target.front() == '/') {
        splitTarget(target, request);
        return {};
    }
    if (target == "*") {
        if (request.method != "OPTIONS") return refuse(400, "target * is for OPTIONS only");
        request.path = "*";
        return {};
    }
    // Absolute form, as proxies send it: only when it names the same host as the Host header.
    constexpr std::string_view kScheme = "http://";
    if (!equalsNoCase(target.substr(0, kScheme.size()), kScheme)) {
        return refuse(400, "the request target must start with / or http://");
    }
    const std::string_view rest = target.substr(kScheme.size());
    const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
    if (!equalsNoCase(rest.substr(0, end), host)) {
        return refuse(400, "the request target names another host than the Host header");
    }
    splitTarget(rest.substr(end), request);
    if (request.path.empty()) request.path = "/";
    return {};
}

/// How often each header that decides about framing is there, and its last value.
struct Framing {
    int hosts = 0, lengths = 0, encodings = 0, expects = 0;
    std::string_view host, length, encoding, expect;
};

Framing collectFraming(const HttpRequest& request) {
    Framing found;
    for (const HttpHeader& header : request.headers) {
        const auto take = [&header](std::string_view name, int& count, std::string_view& value) {
            if (!equalsNoCase(header.name, name)) return;
            ++count;
            value = header.value;
        };
        switch (header.name.size()) {
            case 4:
                take("Host", found.hosts, found.host);
                break;
            case 6:
                take("Expect", found.expects, found.expect);
                break;
            case 14:
                take("Content-Length", found.lengths, found.length);
                break;
            case 17:
                take("Transfer-Encoding", found.encodings, found.encoding);
                break;
            default:
                break;
        }
    }
    return found;
}

HeadVerdict checkBody(const Framing& found, int minorVersion) {
    HeadVerdict verdict;
    if (found.encodings > 0) {
        if (found.lengths > 0) {
            return refuse(400, "Content-Length and Transfer-Encoding exclude each other");
        }
        if (found.encodings > 1) return refuse(400, "more than one Transfer-Encoding");
        if (!equalsNoCase(found.encoding, "chunked")) {
            return refuse(400, "the only Transfer-Encoding that is understood is chunked");
        }
        if (minorVersion == 0) return refuse(400, "HTTP/1.0 has no Transfer-Encoding");
        verdict.chunked = true;
    }
    if (found.lengths > 1) return refuse(400, "more than one Content-Length");
    if (found.lengths == 1) {
        const auto length = parseContentLength(found.length);
        if (!length) return refuse(400, "Content-Length is not a number");
        verdict.contentLength = *length;
    }
    if (found.expects > 0 && minorVersion > 0) {
        if (found.expects > 1 || !equalsNoCase(found.expect, "100-continue")) {
            return refuse(417, "the only expectation that is understood is 100-continue");
        }
        verdict.expectsContinue = true;
    }
    return verdict;
}

}  // namespace

std::optional<std::uint64_t> parseContentLength(std::string_view text) {
    if (text.empty() || text.size() > 18) return std::nullopt;
    std::uint64_t value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return value;
}

HeadVerdict checkHead(HttpRequest& request, int minorVersion) {
    if (std::find(kMethods.begin(), kMethods.end(), request.method) == kMethods.end()) {
        return refuse(501, "the method is not known here");
    }
    const Framing found = collectFraming(request);
    if (found.hosts > 1) return refuse(400, "more than one Host header");
    if (found.hosts == 0 && minorVersion > 0) return refuse(400, "the Host header is missing");
    if (found.hosts == 1 && !isHost(found.host)) return refuse(400, "the Host header is no host");
    HeadVerdict target = checkTarget(request, found.host);
    if (target.status != 0) return target;
    return checkBody(found, minorVersion);
}

}  // namespace totemd
