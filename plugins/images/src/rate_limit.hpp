#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

namespace totem::images {

/// So many per minute for each client, of which a quarter may come at once.
/// Threads: any.
class RateLimit {
public:
    explicit RateLimit(int perMinute) : perMinute_(perMinute) {}

    /// False when the client has used up its share. `nowNs` is monotonic.
    bool allows(const std::string& client, std::int64_t nowNs);

private:
    struct Share {
        double left;
        std::int64_t sinceNs;
    };
    static constexpr std::size_t kMostClients = 10'000;

    const int perMinute_;
    std::mutex mutex_;
    std::unordered_map<std::string, Share> clients_;  // guarded by mutex_
};

}  // namespace totem::images
