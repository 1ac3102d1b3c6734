#include "world/base/phones.hpp"

#include "world/base/clock.hpp"

#include <set>

namespace totem_sandbox {
namespace {
constexpr std::size_t kMaxMessages = 20000;
constexpr std::size_t kMaxPhones = 50;
constexpr std::size_t kMaxMediaBytes = 64u << 20;
}  // namespace

void Phones::add(Message message) {
    message.monoUs = monoUs();
    message.unixMs = unixMs();
    {
        std::lock_guard lock(mutex_);
        message.seq = ++last_;
        if (message.media) mediaBytes_ += message.media->bytes.size();
        messages_.push_back(std::move(message));
        while (messages_.size() > kMaxMessages ||
               (mediaBytes_ > kMaxMediaBytes && messages_.size() > 1)) {
            if (messages_.front().media) mediaBytes_ -= messages_.front().media->bytes.size();
            messages_.pop_front();
        }
    }
    added_.notify_all();
}

void Phones::sent(const std::string& digits, const std::string& name, const std::string& text,
                  const std::string& keyId) {
    add({0, digits, name, text, keyId, true, 0, 0, std::nullopt});
}

void Phones::received(const std::string& digits, const std::string& text, const std::string& keyId,
                      std::optional<Media> media) {
    add({0, digits, "", text, keyId, false, 0, 0, std::move(media)});
}

std::optional<Media> Phones::media(std::uint64_t seq) const {
    std::lock_guard lock(mutex_);
    for (const Message& message : messages_)
        if (message.seq == seq) return message.media;
    return std::nullopt;
}

nlohmann::json Phones::collect(const std::string& digits, std::uint64_t after,
                               bool& received) const {
    std::vector<const Message*> chosen;
    for (auto it = messages_.rbegin(); it != messages_.rend() && it->seq > after; ++it)
        if (it->digits == digits) chosen.push_back(&*it);
    nlohmann::json list = nlohmann::json::array();
    for (auto it = chosen.rbegin(); it != chosen.rend(); ++it) {
        const Message& m = **it;
        received = received || !m.fromCustomer;
        list.push_back({{"seq", m.seq},
                        {"direction", m.fromCustomer ? "sent" : "received"},
                        {"text", m.text},
                        {"key_id", m.keyId},
                        {"mono_us", m.monoUs},
                        {"unix_ms", m.unixMs}});
        if (m.media)
            list.back()["media"] = {{"name", m.media->name},
                                    {"type", m.media->type},
                                    {"bytes", m.media->bytes.size()},
                                    {"url", "/phone/media/" + std::to_string(m.seq)}};
    }
    return list;
}

nlohmann::json Phones::messages(const std::string& digits, std::uint64_t after) const {
    std::lock_guard lock(mutex_);
    bool received = false;
    return collect(digits, after, received);
}

nlohmann::json Phones::waitReceived(const std::string& digits, std::uint64_t after,
                                    std::chrono::milliseconds time) const {
    const auto end = std::chrono::steady_clock::now() + time;
    std::unique_lock lock(mutex_);
    for (;;) {
        bool received = false;
        nlohmann::json list = collect(digits, after, received);
        if (received || stopped_) return list;
        if (added_.wait_until(lock, end) == std::cv_status::timeout)
            return collect(digits, after, received);
    }
}

nlohmann::json Phones::list() const {
    std::lock_guard lock(mutex_);
    std::set<std::string> seen;
    nlohmann::json list = nlohmann::json::array();
    for (auto it = messages_.rbegin(); it != messages_.rend() && list.size() < kMaxPhones; ++it)
        if (it->fromCustomer && seen.insert(it->digits).second)
            list.push_back({{"from", it->digits}, {"name", it->name}});
    return list;
}

void Phones::clear() {
    std::lock_guard lock(mutex_);
    messages_.clear();
    mediaBytes_ = 0;
}

void Phones::stop() {
    {
        std::lock_guard lock(mutex_);
        stopped_ = true;
    }
    added_.notify_all();
}

}  // namespace totem_sandbox
