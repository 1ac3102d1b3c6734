#pragma once

#include <functional>
#include <vector>

#include "plugin/action_directory.hpp"

namespace totemd {

struct Action {
    Manifest::Action declared;
    std::function<void(ActionAsk, ActionDirectory::Done)> serve;
};

/// The actions of the host itself: `reply` answers a message wherever it came from, `handoff` gives
/// its conversation to an agent. Both take the event's `reply` object as `to` and turn into the
/// action that it names, so they are durable effects exactly as that one is.
/// A reply that could not be sent before its message was `maxAnswerAgeNs` old becomes a handoff,
/// where the channel has agents and the asking run did not itself choose to wait: after hours of
/// outage, an agent judges better.
std::vector<Action> hostActions(ActionDirectory& directory, std::int64_t maxAnswerAgeNs);

}  // namespace totemd
