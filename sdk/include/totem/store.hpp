#pragma once

#include <cstdint>
#include <string_view>

#include "totem/abi/store.h"
#include "totem/ask.hpp"

namespace totem {
inline namespace v0 {

/// The plugin's durable key-value table. Any thread. A write is answered when it is durable.
class Store {
public:
    explicit Store(const totem_host* host)
        : host_(host), api_(hostExtension<totem_host_store>(host, TOTEM_EXT_STORE)) {}

    /// Content, or kNotFound.
    auto get(std::string_view key, const AskOptions& options = {}) const {
        return Pending(host_, options, [this, key](const totem_ask& ask) {
            if (!TOTEM_HAS(api_, get)) return answerUnavailable(host_, ask, TOTEM_EXT_STORE);
            api_->get(host_, str(key), &ask);
        });
    }

    /// `expiresUnixNs` 0: never.
    auto put(std::string_view key, std::string_view value, std::int64_t expiresUnixNs,
             const AskOptions& options = {}) const {
        return Pending(host_, options, [this, key, value, expiresUnixNs](const totem_ask& ask) {
            if (!TOTEM_HAS(api_, put)) return answerUnavailable(host_, ask, TOTEM_EXT_STORE);
            api_->put(host_, str(key), str(value), expiresUnixNs, &ask);
        });
    }

    /// Removing what is not there is a success.
    auto remove(std::string_view key, const AskOptions& options = {}) const {
        return Pending(host_, options, [this, key](const totem_ask& ask) {
            if (!TOTEM_HAS(api_, remove)) return answerUnavailable(host_, ask, TOTEM_EXT_STORE);
            api_->remove(host_, str(key), &ask);
        });
    }

    /// {"entries": [{"key", "value"}, …]} with the prefix, ascending, above `after`.
    auto list(std::string_view prefix, std::string_view after, std::uint32_t limit,
              const AskOptions& options = {}) const {
        return Pending(host_, options, [this, prefix, after, limit](const totem_ask& ask) {
            if (!TOTEM_HAS(api_, list)) return answerUnavailable(host_, ask, TOTEM_EXT_STORE);
            api_->list(host_, str(prefix), str(after), limit, &ask);
        });
    }

private:
    const totem_host* host_;
    const totem_host_store* api_;
};

}  // namespace v0
}  // namespace totem
