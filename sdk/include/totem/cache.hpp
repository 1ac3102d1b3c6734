#pragma once

#include <cstdint>
#include <string_view>

#include "totem/abi/cache.h"
#include "totem/ask.hpp"

namespace totem {
inline namespace v0 {

/// The shared cache. Any thread. See abi/cache.h for what may vanish when.
class Cache {
public:
    explicit Cache(const totem_host* host)
        : host_(host), api_(hostExtension<totem_host_cache>(host, TOTEM_EXT_CACHE)) {}

    /// Content, or kNotFound.
    auto get(std::string_view key, const AskOptions& options = {}) const {
        return Pending(host_, options, [this, key](const totem_ask& ask) {
            if (!TOTEM_HAS(api_, get)) return answerUnavailable(host_, ask, TOTEM_EXT_CACHE);
            api_->get(host_, str(key), &ask);
        });
    }

    /// `ttlNs` above 0.
    auto set(std::string_view key, std::string_view value, std::int64_t ttlNs,
             const AskOptions& options = {}) const {
        return Pending(host_, options, [this, key, value, ttlNs](const totem_ask& ask) {
            if (!TOTEM_HAS(api_, set)) return answerUnavailable(host_, ask, TOTEM_EXT_CACHE);
            api_->set(host_, str(key), str(value), ttlNs, &ask);
        });
    }

    /// Removing what is not there is a success.
    auto remove(std::string_view key, const AskOptions& options = {}) const {
        return Pending(host_, options, [this, key](const totem_ask& ask) {
            if (!TOTEM_HAS(api_, remove)) return answerUnavailable(host_, ask, TOTEM_EXT_CACHE);
            api_->remove(host_, str(key), &ask);
        });
    }

    /// A token as content, or kBusy when somebody else holds it.
    auto lock(std::string_view key, std::int64_t ttlNs, const AskOptions& options = {}) const {
        return Pending(host_, options, [this, key, ttlNs](const totem_ask& ask) {
            if (!TOTEM_HAS(api_, lock)) return answerUnavailable(host_, ask, TOTEM_EXT_CACHE);
            api_->lock(host_, str(key), ttlNs, &ask);
        });
    }

    /// Does nothing when the token no longer holds the lock.
    auto unlock(std::string_view key, std::string_view token,
                const AskOptions& options = {}) const {
        return Pending(host_, options, [this, key, token](const totem_ask& ask) {
            if (!TOTEM_HAS(api_, unlock)) return answerUnavailable(host_, ask, TOTEM_EXT_CACHE);
            api_->unlock(host_, str(key), str(token), &ask);
        });
    }

    /// The sum as decimal text; the time to live counts from the first increment.
    auto increment(std::string_view key, std::int64_t by, std::int64_t ttlNs,
                   const AskOptions& options = {}) const {
        return Pending(host_, options, [this, key, by, ttlNs](const totem_ask& ask) {
            if (!TOTEM_HAS(api_, increment)) return answerUnavailable(host_, ask, TOTEM_EXT_CACHE);
            api_->increment(host_, str(key), by, ttlNs, &ask);
        });
    }

private:
    const totem_host* host_;
    const totem_host_cache* api_;
};

}  // namespace v0
}  // namespace totem
