#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "journal/dispatcher.hpp"
#include "journal/event.hpp"
#include "plugin/manifest.hpp"

namespace totemd {

class PluginInstance;

/// Who gets which event, and the way there. Messages of a channel that another enabled plugin
/// carries too (the desk and the bridge under it) go out once: only the publisher with the highest
/// rank reaches subscribers, the others' message events are kept and start nothing.
///
/// Threads: all members from anywhere.
class EventHub {
public:
    using FindInstance = std::function<std::shared_ptr<PluginInstance>(const std::string& plugin)>;

    EventHub(FindInstance find, std::int64_t deliveryTimeoutNs)
        : findInstance_(std::move(find)), deliveryTimeoutNs_(deliveryTimeoutNs) {}

    /// The enabled plugins, whether they run at the moment or not.
    void setPlugins(std::vector<std::shared_ptr<const Manifest>> manifests);

    /// The journal's hooks.
    std::vector<std::string> subscribersOf(const NewEvent& event) const;
    void deliver(Delivery delivery, Dispatcher::Done done) const;

private:
    const FindInstance findInstance_;
    const std::int64_t deliveryTimeoutNs_;
    mutable std::mutex mutex_;
    std::vector<std::shared_ptr<const Manifest>> manifests_;  // guarded by mutex_
    int topRank_ = 0;                                         // guarded by mutex_
};

}  // namespace totemd
