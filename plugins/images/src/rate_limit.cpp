#include "rate_limit.hpp"

#include <algorithm>

namespace totem::images {

bool RateLimit::allows(const std::string& client, std::int64_t nowNs) {
    if (perMinute_ == 0) return true;
    const double perNs = perMinute_ / 60e9;
    const double atOnce = std::max(1.0, perMinute_ / 4.0);
    std::lock_guard lock(mutex_);
    if (clients_.size() >= kMostClients) {
        // Whoever has its whole share back is as good as a stranger.
        std::erase_if(clients_, [&](const auto& entry) {
            return entry.second.left + (nowNs - entry.second.sinceNs) * perNs >= atOnce;
        });
        if (clients_.size() >= kMostClients && clients_.count(client) == 0) return false;
    }
    const auto [found, fresh] = clients_.try_emplace(client, Share{atOnce, nowNs});
    Share& share = found->second;
    share.left = std::min(atOnce, share.left + (nowNs - share.sinceNs) * perNs);
    share.sinceNs = nowNs;
    if (share.left < 1) return false;
    share.left -= 1;
    return true;
}

}  // namespace totem::images
