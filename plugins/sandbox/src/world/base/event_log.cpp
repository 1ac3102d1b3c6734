#include "world/base/event_log.hpp"

#include "world/base/clock.hpp"

#include <nlohmann/json.hpp>

namespace totem_sandbox {

EventLog::EventLog(std::size_t entries, std::size_t bodyBytes)
    : limit_(entries), bodyBytes_(bodyBytes) {}

void EventLog::add(LogEntry entry) {
    if (entry.body.size() > bodyBytes_) entry.body.resize(bodyBytes_);
    if (entry.monoUs == 0) entry.monoUs = monoUs();
    if (entry.unixMs == 0) entry.unixMs = unixMs();
    bool wake = false;
    {
        std::lock_guard lock(mutex_);
        entry.seq = ++last_;
        entries_.push_back(std::move(entry));
        if (entries_.size() > limit_) entries_.pop_front();
        wake = waiting_ > 0;
    }
    if (wake) added_.notify_all();
}

nlohmann::json EventLog::since(std::uint64_t after, const std::string& service,
                               std::size_t limit) const {
    std::lock_guard lock(mutex_);
    std::vector<const LogEntry*> chosen;
    for (auto it = entries_.rbegin(); it != entries_.rend() && chosen.size() < limit; ++it) {
        if (it->seq <= after) break;
        if (service.empty() || it->service == service) chosen.push_back(&*it);
    }
    nlohmann::json list = nlohmann::json::array();
    for (auto it = chosen.rbegin(); it != chosen.rend(); ++it) {
        const LogEntry& e = **it;
        list.push_back({{"seq", e.seq},
                        {"mono_us", e.monoUs},
                        {"unix_ms", e.unixMs},
                        {"service", e.service},
                        {"kind", e.kind},
                        {"method", e.method},
                        {"target", e.target},
                        {"status", e.status},
                        {"took_us", e.tookUs},
                        {"trace", e.trace},
                        {"detail", e.detail},
                        {"body", e.body}});
    }
    return list;
}

std::uint64_t EventLog::last() const {
    std::lock_guard lock(mutex_);
    return last_;
}

bool EventLog::waitAfter(std::uint64_t after, std::chrono::milliseconds time) const {
    std::unique_lock lock(mutex_);
    ++waiting_;
    added_.wait_for(lock, time, [&] { return last_ > after || stopped_; });
    --waiting_;
    return last_ > after;
}

void EventLog::clear() {
    std::lock_guard lock(mutex_);
    entries_.clear();
}

void EventLog::stop() {
    {
        std::lock_guard lock(mutex_);
        stopped_ = true;
    }
    added_.notify_all();
}

}  // namespace totem_sandbox
