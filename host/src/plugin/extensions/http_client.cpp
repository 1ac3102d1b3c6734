#include "upstream/upstream_client.hpp"

#include "plugin/extensions/extensions.hpp"
#include "plugin/plugin_instance.hpp"
#include "plugin/plugin_services.hpp"
#include "upstream/upstream_request.hpp"

namespace totemd {
namespace {

totem_status statusOf(const UpstreamResult& result) {
    switch (result.reason) {
        case UpstreamResult::kNone:
            return TOTEM_OK;
        case UpstreamResult::kInvalidRequest:
            return TOTEM_E_INVALID;
        case UpstreamResult::kPolicy:
            return TOTEM_E_DENIED;
        case UpstreamResult::kTooLarge:
            return result.outcome == UpstreamResult::kUnknown ? TOTEM_E_UNKNOWN : TOTEM_E_TOO_LARGE;
        default:
            break;
    }
    if (result.outcome == UpstreamResult::kUnknown) return TOTEM_E_UNKNOWN;
    if (result.outcome == UpstreamResult::kFailed && result.reason == UpstreamResult::kDeadline)
        return TOTEM_E_DEADLINE;
    if (result.reason == UpstreamResult::kBulkheadFull) return TOTEM_E_BUSY;
    return result.reason == UpstreamResult::kCancelled ? TOTEM_E_CANCELLED : TOTEM_E_UNAVAILABLE;
}

UpstreamRequest requestOf(const totem_http_out& out, const PendingAsk& pending) {
    UpstreamRequest request;
    request.method = totem::view(out.method);
    request.url = totem::view(out.url);
    for (std::uint32_t i = 0; i < out.header_count; ++i) {
        request.headers.emplace_back(totem::view(out.headers[i].name),
                                     totem::view(out.headers[i].value));
    }
    request.body = totem::view(out.content);
    request.deadlineNs = pending.deadlineNs();
    if ((out.flags & TOTEM_HTTP_REPEATABLE) != 0) request.repeatable = true;
    if ((out.flags & TOTEM_HTTP_ONCE) != 0) request.repeatable = false;
    request.verifyTls = (out.flags & TOTEM_HTTP_INSECURE_TLS) == 0;
    request.maxRedirects = out.max_redirects;
    if (out.max_response_bytes != 0) request.maxResponseBytes = out.max_response_bytes;
    if (out.proxy.len != 0) request.proxy = std::string(totem::view(out.proxy));
    request.cancelled = [cancellation = pending.cancellation()] {
        return cancellation->cancelled();
    };
    return request;
}

}  // namespace

const totem_host_http_client kHttpClientExtension{
    sizeof(totem_host_http_client), 0,
    [](const totem_host* host, const totem_http_out* out, const totem_ask* ask) {
        PluginInstance& instance = PluginInstance::of(host);
        auto pending = instance.beginAsk(*ask);
        if (!pending) return;
        UpstreamRequest request = requestOf(*out, *pending);
        instance.services().upstream.ask(std::move(request), [pending](UpstreamResult&& result) {
            const totem_status status = statusOf(result);
            std::string content =
                status == TOTEM_OK ? std::move(result.body) : std::move(result.error);
            pending->answer(
                status, totem::Body(std::move(content), result.status, std::move(result.headers)));
        });
    }};

}  // namespace totemd
