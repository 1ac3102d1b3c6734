#pragma once

#include <cstdint>
#include <string_view>

#include "totem/abi/worker.h"
#include "totem/ask.hpp"

namespace totem {
inline namespace v0 {

/// Asks the plugin's helper processes. Any thread. `body.code()` of an answer is the worker's id,
/// which as `affinity` reaches the same process again (kGone when it has ended).
class Workers {
public:
    explicit Workers(const totem_host* host)
        : host_(host), api_(hostExtension<totem_host_worker>(host, TOTEM_EXT_WORKER)) {}

    /// `affinity` 0: any worker.
    auto ask(std::string_view worker, std::int32_t affinity, std::string_view request,
             const AskOptions& options = {}) const {
        return Pending(host_, options, [this, worker, affinity, request](const totem_ask& ask) {
            if (!TOTEM_HAS(api_, ask)) return answerUnavailable(host_, ask, TOTEM_EXT_WORKER);
            api_->ask(host_, str(worker), affinity, str(request), &ask);
        });
    }

    /// With a file for the worker; the descriptor stays the caller's. When the worker answers with a
    /// file, `body.raw()->fd` and `length` are it, and `text()` what the worker said beside it.
    auto ask(std::string_view worker, std::int32_t affinity, std::string_view request, int fd,
             const AskOptions& options = {}) const {
        return Pending(host_, options, [this, worker, affinity, request, fd](const totem_ask& ask) {
            if (!TOTEM_HAS(api_, ask_file)) return answerUnavailable(host_, ask, TOTEM_EXT_WORKER);
            api_->ask_file(host_, str(worker), affinity, str(request), fd, &ask);
        });
    }

private:
    const totem_host* host_;
    const totem_host_worker* api_;
};

}  // namespace v0
}  // namespace totem
