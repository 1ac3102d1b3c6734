#include "plugin/http_bridge.hpp"

#include "totem/status.hpp"

#include <fcntl.h>

#include <memory>
#include <utility>

namespace totemd {
namespace {

int httpStatusOf(totem_status status) {
    switch (status) {
        case TOTEM_E_INVALID:
            return 400;
        case TOTEM_E_DENIED:
            return 403;
        case TOTEM_E_NOT_FOUND:
            return 404;
        case TOTEM_E_TOO_LARGE:
            return 413;
        case TOTEM_E_REFUSED:
            return 422;
        case TOTEM_E_BUSY:
            return 429;
        case TOTEM_E_UNKNOWN:
            return 502;
        case TOTEM_E_UNAVAILABLE:
        case TOTEM_E_CANCELLED:
            return 503;
        case TOTEM_E_DEADLINE:
            return 504;
        default:
            return 500;
    }
}

/// A plugin's own fault is logged where it happened; a stranger gets no inside view.
std::string detailOf(totem_status status, const totem::Body& body) {
    if (status == TOTEM_E_FAULT || status == TOTEM_E_ABANDONED)
        return "the plugin failed; the log says why";
    if (status == TOTEM_E_DEADLINE) return "no answer in time";
    return body.content().empty() ? totem::statusName(static_cast<totem::Status>(status))
                                  : std::string(body.content());
}

}  // namespace

BridgedRequest::BridgedRequest(HttpRequest&& request, bool replayed)
    : totem_http_request{}, held(std::move(request)) {
    struct_size = sizeof(totem_http_request);
    flags = (isLocal(held) ? TOTEM_REQUEST_LOOPBACK : 0) | (replayed ? TOTEM_REQUEST_REPLAYED : 0);
    method = totem::str(held.method);
    target = totem::str(held.target);
    path = totem::str(held.path);
    query = totem::str(held.query);
    listener = totem::str(held.listener);
    peer = totem::str(held.peerAddress);
    views_.reserve(held.headers.size());
    for (const HttpHeader& header : held.headers)
        views_.push_back({totem::str(header.name), totem::str(header.value)});
    headers = views_.data();
    header_count = static_cast<std::uint32_t>(views_.size());
    if (held.body.empty()) return;
    content_.struct_size = sizeof content_;
    content_.fd = held.body.spooled() ? held.body.file()->fd() : -1;
    content_.content = totem::str(held.body.bytes());
    content_.length = held.body.size();
    body = &content_;
}

bool isLocal(const HttpRequest& request) {
    return request.peerIsLoopback && !request.hasHeader("Forwarded") &&
           !request.hasHeader("X-Forwarded-For");
}

HttpResponse responseOf(totem_status status, totem::Body body) {
    if (status != TOTEM_OK) {
        HttpResponse problem = HttpResponse::problem(httpStatusOf(status), detailOf(status, body));
        if (status == TOTEM_E_BUSY) problem.with("Retry-After", "5");
        return problem;
    }
    const totem_body* raw = body.raw();
    HttpResponse response;
    if (raw == nullptr) return HttpResponse::empty(200);
    response.status = raw->code == 0 ? 200 : raw->code;
    if (response.status < 200 || response.status > 599)
        return HttpResponse::problem(500, "the plugin answered with no valid status");
    response.headers.reserve(raw->header_count);
    for (std::uint32_t i = 0; i < raw->header_count; ++i) {
        response.headers.push_back({std::string(totem::view(raw->headers[i].name)),
                                    std::string(totem::view(raw->headers[i].value))});
    }
    if (raw->fd < 0) {
        response.body = std::string(body.content());
        return response;
    }
    // The plugin keeps its descriptor until release(), which may come before the last byte is sent.
    FileRange range;
    range.offset = raw->offset;
    range.length = raw->length;
    range.file = std::make_shared<FileHandle>(fcntl(raw->fd, F_DUPFD_CLOEXEC, 0));
    response.body = std::move(range);
    return response;
}

}  // namespace totemd
