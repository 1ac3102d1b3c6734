#include "plugin/event_hub.hpp"

#include <algorithm>

#include "loop/event_loop.hpp"
#include "plugin/event_text.hpp"
#include "plugin/plugin_instance.hpp"

namespace totemd {
namespace {

Outcome outcomeOf(totem_status status, std::string error) {
    switch (status) {
        case TOTEM_OK:
            return {Outcome::Kind::Done, {}};
        case TOTEM_E_UNAVAILABLE:
        case TOTEM_E_BUSY:
        case TOTEM_E_CANCELLED:
            return {Outcome::Kind::Unavailable, std::move(error)};
        case TOTEM_E_INVALID:
        case TOTEM_E_REFUSED:
            return {Outcome::Kind::Refused, std::move(error)};
        default:
            return {Outcome::Kind::Failed, std::move(error)};
    }
}

}  // namespace

void EventHub::setPlugins(std::vector<std::shared_ptr<const Manifest>> manifests) {
    int top = 0;
    for (const auto& manifest : manifests) {
        if (Manifest::covers(manifest->publishes, "message.received"))
            top = std::max(top, manifest->rank);
    }
    std::lock_guard lock(mutex_);
    manifests_ = std::move(manifests);
    topRank_ = top;
}

std::vector<std::string> EventHub::subscribersOf(const NewEvent& event) const {
    std::vector<std::string> subscribers;
    const std::string publisher = event.source.substr(0, event.source.find('/'));
    std::lock_guard lock(mutex_);
    if (event.type.rfind("message.", 0) == 0) {
        for (const auto& manifest : manifests_) {
            if (manifest->id == publisher && manifest->rank < topRank_) return subscribers;
        }
    }
    for (const auto& manifest : manifests_) {
        if (Manifest::covers(manifest->subscribes, event.type)) subscribers.push_back(manifest->id);
    }
    return subscribers;
}

void EventHub::deliver(Delivery delivery, Dispatcher::Done done) const {
    auto instance = findInstance_(delivery.subscriber);
    if (!instance)
        return done(
            {Outcome::Kind::Unavailable, "plugin " + delivery.subscriber + " is not running"});
    HostCall::Options options;
    options.deadlineNs = monotonicNow() + deliveryTimeoutNs_;
    options.receivedUnixNs = delivery.event->receivedUnixNs;
    options.trace = delivery.event->trace;
    options.subject = delivery.event->subject;
    options.caller = "journal";
    options.event = delivery.event->seq;
    options.attempts = static_cast<std::uint32_t>(delivery.attempt);
    options.replays = static_cast<std::uint32_t>(delivery.fresh);
    options.idempotencyKey = std::to_string(delivery.event->seq);
    options.releaseLane = [done] { done({Outcome::Kind::Released, {}}); };
    instance->deliver(eventEnvelope(*delivery.event), std::move(options),
                      [done](totem_status status, totem::Body body) {
                          done(outcomeOf(status, std::string(body.content())));
                      });
}

}  // namespace totemd
