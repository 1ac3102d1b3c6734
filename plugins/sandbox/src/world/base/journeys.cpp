#include "world/base/journeys.hpp"

#include "world/base/clock.hpp"
#include "world/base/random.hpp"

#include <nlohmann/json.hpp>

namespace totem_sandbox {
namespace {

constexpr std::size_t kMaxJourneys = 2000;
constexpr std::size_t kMaxHops = 60;

bool digit(char c) {
    return c >= '0' && c <= '9';
}

template <class Map, class Key, class Shared>
void eraseOwn(Map& map, const Key& key, const Shared& journey) {
    const auto found = map.find(key);
    if (found != map.end() && found->second == journey) map.erase(found);
}

}  // namespace

std::string findDni(const std::string& text) {
    std::size_t run = 0;
    for (std::size_t i = 0; i <= text.size(); ++i) {
        if (i < text.size() && digit(text[i])) {
            ++run;
            continue;
        }
        if (run == 8) return text.substr(i - 8, 8);
        run = 0;
    }
    return {};
}

std::string Journeys::begin(const std::string& from, const std::string& text,
                            const std::string& keyId) {
    auto journey = std::make_shared<Journey>();
    journey->trace = lowerHex(32);
    journey->from = from;
    journey->text = text;
    journey->keyId = keyId;
    journey->dni = findDni(text);
    std::lock_guard lock(mutex_);
    if (all_.size() >= kMaxJourneys) forgetOldest();
    all_.push_back(journey);
    byTrace_[journey->trace] = journey;
    byKey_[keyId] = journey;
    byPhone_[from] = journey;
    if (!journey->dni.empty()) byDni_[journey->dni] = journey;
    return journey->trace;
}

void Journeys::forgetOldest() {
    const Shared old = all_.front();
    all_.pop_front();
    eraseOwn(byTrace_, old->trace, old);
    eraseOwn(byKey_, old->keyId, old);
    eraseOwn(byPhone_, old->from, old);
    eraseOwn(byDni_, old->dni, old);
    eraseOwn(byMessage_, old->messageId, old);
    eraseOwn(byConversation_, old->conversation, old);
}

void Journeys::bindChatwoot(const std::string& trace, std::int64_t messageId,
                            std::int64_t conversation) {
    std::lock_guard lock(mutex_);
    const auto found = byTrace_.find(trace);
    if (found == byTrace_.end()) return;
    found->second->messageId = messageId;
    found->second->conversation = conversation;
    byMessage_[messageId] = found->second;
    byConversation_[conversation] = found->second;
}

template <class Map, class Key>
std::string Journeys::find(const Map& map, const Key& key) const {
    std::lock_guard lock(mutex_);
    const auto found = map.find(key);
    return found == map.end() ? std::string() : found->second->trace;
}

std::string Journeys::byKey(const std::string& keyId) const {
    return find(byKey_, keyId);
}
std::string Journeys::byMessage(std::int64_t id) const {
    return find(byMessage_, id);
}
std::string Journeys::byConversation(std::int64_t id) const {
    return find(byConversation_, id);
}
std::string Journeys::byDni(const std::string& dni) const {
    return find(byDni_, dni);
}
std::string Journeys::byPhone(const std::string& digits) const {
    return find(byPhone_, digits);
}

void Journeys::hop(const std::string& trace, const std::string& name, const std::string& detail) {
    if (trace.empty()) return;
    std::lock_guard lock(mutex_);
    const auto found = byTrace_.find(trace);
    if (found == byTrace_.end() || found->second->hops.size() >= kMaxHops) return;
    found->second->hops.push_back({name, detail, monoUs(), unixMs()});
}

nlohmann::json Journeys::list(const std::string& from, std::size_t limit) const {
    std::lock_guard lock(mutex_);
    std::vector<const Journey*> chosen;
    for (auto it = all_.rbegin(); it != all_.rend() && chosen.size() < limit; ++it)
        if (from.empty() || (*it)->from == from) chosen.push_back(it->get());
    nlohmann::json list = nlohmann::json::array();
    for (auto it = chosen.rbegin(); it != chosen.rend(); ++it) {
        const Journey& j = **it;
        nlohmann::json hops = nlohmann::json::array();
        for (const Hop& h : j.hops)
            hops.push_back({{"hop", h.name},
                            {"detail", h.detail},
                            {"mono_us", h.monoUs},
                            {"unix_ms", h.unixMs},
                            {"after_us", h.monoUs - j.hops.front().monoUs}});
        list.push_back({{"trace", j.trace},
                        {"from", j.from},
                        {"text", j.text},
                        {"key_id", j.keyId},
                        {"message_id", j.messageId},
                        {"conversation_id", j.conversation},
                        {"hops", hops}});
    }
    return list;
}

void Journeys::clear() {
    std::lock_guard lock(mutex_);
    all_.clear();
    byTrace_.clear();
    byKey_.clear();
    byDni_.clear();
    byPhone_.clear();
    byMessage_.clear();
    byConversation_.clear();
}

}  // namespace totem_sandbox
