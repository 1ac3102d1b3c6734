#include "identities.hpp"

namespace totem::evolution {
namespace {

constexpr std::size_t kMaxRecent = 20'000;
constexpr std::int64_t kKeptNs = 365LL * 24 * 3600 * 1'000'000'000;

}  // namespace

bool Identities::remember(const std::string& key, const std::string& phone) {
    std::lock_guard lock(mutex_);
    if (recent_.size() >= kMaxRecent) recent_.clear();
    std::string& known = recent_[key];
    if (known == phone) return false;
    known = phone;
    return true;
}

void Identities::learn(const std::string& instance, const Identity& pair) {
    const std::string key = keyOf(instance, pair.lid);
    if (!remember(key, pair.phone)) return;
    store_.put(key, pair.phone, clock_.unixNs() + kKeptNs).then([](const Answer&) {});
}

void Identities::find(const std::string& instance, const std::string& lid,
                      std::function<void(std::string)> done) {
    const std::string key = keyOf(instance, lid);
    std::string known;
    {
        std::lock_guard lock(mutex_);
        if (const auto found = recent_.find(key); found != recent_.end()) known = found->second;
    }
    if (!known.empty()) return done(known);
    store_.get(key).then([this, key, done](Answer answer) {
        std::string phone = answer.ok() ? std::string(answer.text()) : std::string();
        if (!phone.empty()) remember(key, phone);
        done(std::move(phone));
    });
}

}  // namespace totem::evolution
