#pragma once

#include <cstdint>
#include <string_view>

#include "totem/abi/event.h"
#include "totem/ask.hpp"

namespace totem {
inline namespace v0 {

/// Publishes events. Any thread. See abi/event.h for their shape.
class Events {
public:
    explicit Events(const totem_host* host)
        : host_(host), api_(hostExtension<totem_host_event>(host, TOTEM_EXT_EVENT)) {}

    /// `eventsJson` is an array, appended atomically; answered when durable.
    auto publish(std::string_view eventsJson, const AskOptions& options = {}) const {
        return Pending(host_, options, [this, eventsJson](const totem_ask& ask) {
            if (!TOTEM_HAS(api_, publish)) return answerUnavailable(host_, ask, TOTEM_EXT_EVENT);
            api_->publish(host_, str(eventsJson), &ask);
        });
    }

    /// Lets the subject's next event be delivered while `call` stays open.
    void releaseLane(Call& call) const {
        if (TOTEM_HAS(api_, release_lane)) api_->release_lane(host_, call.raw());
    }

private:
    const totem_host* host_;
    const totem_host_event* api_;
};

}  // namespace v0
}  // namespace totem
