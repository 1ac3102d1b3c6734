#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "ready.hpp"
#include "source_index.hpp"

namespace totem::images {

/// What a request's target is answered with, for targets that were asked lately. A hit costs one
/// look-up and touches no file, so that it can be made on the HTTP loop.
///
/// Threads: any. Bounded in bytes and entries; what was used longest ago goes.
class HotSet {
public:
    struct Entry {
        std::shared_ptr<const Ready> ready;
        std::shared_ptr<const Source> source;
        bool original = false;     ///< the source itself: never served once it has changed
        std::int64_t expires = 0;  ///< UNIX seconds; 0: never
    };
    struct Hit {
        std::shared_ptr<const Ready> ready;  ///< null: a miss
        bool refresh = false;  ///< the source has changed or was not looked at for long: the caller
                               ///< sees to a new one; said once
    };

    HotSet(std::uint64_t mostBytes, std::size_t mostEntries)
        : mostBytes_(mostBytes), mostEntries_(mostEntries) {}

    /// `trustNs`: for how long a source is taken to be the same without a look at it.
    Hit find(std::string_view key, std::int64_t trustNs);
    void put(const std::string& key, Entry entry);
    void remove(const std::string& key);
    std::uint64_t bytes() const;

private:
    struct Node {
        std::string key;
        Entry entry;
        bool refreshing = false;
    };
    using Nodes = std::list<Node>;
    void drop(Nodes::iterator node);

    const std::uint64_t mostBytes_;
    const std::size_t mostEntries_;
    mutable std::mutex mutex_;
    Nodes nodes_;                                                  // the latest first; guarded
    std::unordered_map<std::string_view, Nodes::iterator> byKey_;  // guarded
    std::uint64_t bytes_ = 0;                                      // guarded
};

}  // namespace totem::images
