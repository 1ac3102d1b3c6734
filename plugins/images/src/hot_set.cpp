#include "hot_set.hpp"

#include "clock.hpp"

namespace totem::images {

HotSet::Hit HotSet::find(std::string_view key, std::int64_t trustNs) {
    std::lock_guard lock(mutex_);
    const auto found = byKey_.find(key);
    if (found == byKey_.end()) return {};
    const Nodes::iterator node = found->second;
    const Entry& entry = node->entry;
    const bool stale = entry.source->stale;
    if ((stale && entry.original) || entry.ready->superseded ||
        (entry.expires != 0 && unixSeconds() >= entry.expires)) {
        drop(node);
        return {};
    }
    Hit hit{entry.ready};
    const bool old = stale || monotonicNs() - entry.source->checkedNs > trustNs;
    hit.refresh = old && !node->refreshing;
    node->refreshing |= old;
    if (node != nodes_.begin()) nodes_.splice(nodes_.begin(), nodes_, node);
    return hit;
}

void HotSet::put(const std::string& key, Entry entry) {
    std::lock_guard lock(mutex_);
    const auto found = byKey_.find(key);
    if (found != byKey_.end()) drop(found->second);
    bytes_ += entry.ready->cost();
    nodes_.push_front({key, std::move(entry)});
    byKey_[nodes_.front().key] = nodes_.begin();
    while ((bytes_ > mostBytes_ || nodes_.size() > mostEntries_) && nodes_.size() > 1)
        drop(std::prev(nodes_.end()));
}

void HotSet::remove(const std::string& key) {
    std::lock_guard lock(mutex_);
    const auto found = byKey_.find(key);
    if (found != byKey_.end()) drop(found->second);
}

std::uint64_t HotSet::bytes() const {
    std::lock_guard lock(mutex_);
    return bytes_;
}

void HotSet::drop(Nodes::iterator node) {
    bytes_ -= node->entry.ready->cost();
    byKey_.erase(node->key);
    nodes_.erase(node);
}

}  // namespace totem::images
