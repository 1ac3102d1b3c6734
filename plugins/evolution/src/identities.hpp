#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>

#include <totem/clock.hpp>
#include <totem/store.hpp>

#include "address.hpp"

namespace totem::evolution {

/// Which phone is behind a LID, per instance: some messages of a chat tell only the LID. Learnt
/// from every message that tells both, kept in the plugin's store, the recent ones also in memory.
/// Threads: any.
class Identities {
public:
    explicit Identities(const totem_host* host) : store_(host), clock_(host) {}

    /// Fire and forget: what is not stored now is learnt again.
    void learn(const std::string& instance, const Identity& pair);
    /// Calls `done` with the phone's JID, or nothing: at once, or later on the completion thread.
    void find(const std::string& instance, const std::string& lid,
              std::function<void(std::string)> done);

private:
    static std::string keyOf(const std::string& instance, const std::string& lid) {
        return "lid:" + instance + ":" + lid;
    }
    /// True when that is news.
    bool remember(const std::string& key, const std::string& phone);

    const Store store_;
    const Clock clock_;
    std::mutex mutex_;
    std::map<std::string, std::string> recent_;  // guarded by mutex_
};

}  // namespace totem::evolution
