#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace totem_sandbox {

/// The way of each customer message through the world: which hop at which time.
///
/// Nobody carries a trace through all four services, so hops are attached by what they share with
/// the message: its WhatsApp id, its Chatwoot ids, the DNI in its text. Bounded; any thread.
class Journeys {
public:
    /// A customer sent this; returns the trace of the new journey (32 hexadecimal digits).
    std::string begin(const std::string& from, const std::string& text, const std::string& keyId);
    void bindChatwoot(const std::string& trace, std::int64_t messageId, std::int64_t conversation);

    /// "" when there is no such journey.
    std::string byKey(const std::string& keyId) const;
    std::string byMessage(std::int64_t messageId) const;
    std::string byConversation(std::int64_t conversation) const;
    std::string byDni(const std::string& dni) const;
    std::string byPhone(const std::string& digits) const;

    /// Adds a hop; nothing happens when the trace is "" or forgotten.
    void hop(const std::string& trace, const std::string& name, const std::string& detail = "");

    /// Newest last; `from` "" means everybody.
    nlohmann::json list(const std::string& from, std::size_t limit) const;
    void clear();

private:
    struct Hop {
        std::string name;
        std::string detail;
        std::int64_t monoUs;
        std::int64_t unixMs;
    };
    struct Journey {
        std::string trace, from, text, keyId, dni;
        std::int64_t messageId = 0;
        std::int64_t conversation = 0;
        std::vector<Hop> hops;
    };
    using Shared = std::shared_ptr<Journey>;
    template <class Map, class Key>
    std::string find(const Map& map, const Key& key) const;
    void forgetOldest();

    mutable std::mutex mutex_;
    std::deque<Shared> all_;
    std::unordered_map<std::string, Shared> byTrace_, byKey_, byDni_, byPhone_;
    std::unordered_map<std::int64_t, Shared> byMessage_, byConversation_;
};

/// The first run of exactly eight digits, or "".
std::string findDni(const std::string& text);

}  // namespace totem_sandbox
