#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "http/http_message.hpp"
#include "http/responder.hpp"
#include "totem/abi/route.h"
#include "totem/body.hpp"

namespace totemd {

/// An HTTP request in the shape that crosses to a plugin; owns what its views point to.
struct BridgedRequest : totem_http_request {
    BridgedRequest(HttpRequest&& request, bool replayed);
    BridgedRequest(const BridgedRequest&) = delete;
    BridgedRequest& operator=(const BridgedRequest&) = delete;

    HttpRequest held;

private:
    std::vector<totem_header> views_;
    totem_body content_{};
};

/// True when the connection is from this machine and no proxy says that it forwards for another.
bool isLocal(const HttpRequest& request);

/// The HTTP answer for what a plugin answered; failures become problems (RFC 9457).
HttpResponse responseOf(totem_status status, totem::Body body);

}  // namespace totemd
