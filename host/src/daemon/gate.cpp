#include "daemon/gate.hpp"

#include <algorithm>
#include <string_view>

#include "http/bearer.hpp"

namespace totemd {
namespace {

constexpr std::size_t kMaxBuckets = 10'000;

std::unique_ptr<const AddressPolicy> networks(const std::vector<std::string>& list) {
    return list.empty() ? nullptr
                        : std::make_unique<const AddressPolicy>(std::vector<std::string>{}, list);
}

bool holds(const AddressPolicy& networks, const std::string& peer) {
    NetAddress address;
    return NetAddress::fromText(peer, 0, address) && networks.refusal(address).empty();
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

}  // namespace

Gate::Gate(const ListenerConfig& config, bool asksToken)
    : allowed_(networks(config.allow)),
      proxies_(networks(config.trustedProxies)),
      token_(asksToken ? config.token : std::string()),
      perSecond_(config.limits.requestsPerSecond) {}

std::optional<HttpResponse> Gate::admit(HttpRequest& request, std::int64_t nowNs) {
    if (allowed_ && !holds(*allowed_, request.peerAddress)) {
        return HttpResponse::problem(403, "this address may not use this listener")
            .with("Connection", "close");
    }
    if (proxies_ && holds(*proxies_, request.peerAddress)) takeForwardedPeer(request);
    if (!token_.empty() && !bears(request, token_)) {
        return HttpResponse::problem(401, "this listener wants Authorization: Bearer <its token>")
            .with("WWW-Authenticate", "Bearer");
    }
    if (perSecond_ > 0 && overRate(request.peerAddress, nowNs)) {
        return HttpResponse::problem(429, "too many requests from this address")
            .with("Retry-After", "1");
    }
    return std::nullopt;
}

/// The last address of X-Forwarded-For that is no trusted proxy: all before it is the client's
/// word.
void Gate::takeForwardedPeer(HttpRequest& request) const {
    std::string all;  // a proxy may add to the line or add a line
    for (const HttpHeader& header : request.headers) {
        if (equalsNoCase(header.name, "X-Forwarded-For"))
            all += (all.empty() ? "" : ",") + header.value;
    }
    std::string_view rest = all;
    while (!rest.empty()) {
        const auto comma = rest.rfind(',');
        const std::string hop(
            trimmed(comma == std::string_view::npos ? rest : rest.substr(comma + 1)));
        rest = comma == std::string_view::npos ? std::string_view() : rest.substr(0, comma);
        NetAddress address;
        if (!NetAddress::fromText(hop, 0, address)) return;
        request.peerAddress = address.text();
        request.peerIsLoopback = address.isLoopback();
        if (!holds(*proxies_, hop)) return;
    }
}

bool Gate::overRate(const std::string& client, std::int64_t nowNs) {
    const double burst = std::max(1.0, perSecond_);
    if (buckets_.size() >= kMaxBuckets) {
        std::erase_if(buckets_,
                      [&](const auto& entry) { return nowNs - entry.second.atNs > 1'000'000'000; });
        if (buckets_.size() >= kMaxBuckets) buckets_.clear();
    }
    Bucket& bucket = buckets_.try_emplace(client, Bucket{burst, nowNs}).first->second;
    bucket.tokens = std::min(
        burst, bucket.tokens + static_cast<double>(nowNs - bucket.atNs) / 1e9 * perSecond_);
    bucket.atNs = nowNs;
    if (bucket.tokens < 1) return true;
    bucket.tokens -= 1;
    return false;
}

}  // namespace totemd
