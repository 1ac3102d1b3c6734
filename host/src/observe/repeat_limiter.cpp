#include "observe/repeat_limiter.hpp"

#include <functional>
#include <string_view>

namespace totemd {
namespace {

std::size_t mix(std::size_t seed, std::size_t value) {
    return seed ^ (value + 0x9e3779b97f4a7c15 + (seed << 6) + (seed >> 2));
}

}  // namespace

bool RepeatLimiter::admit(const LogRecord& record) {
    const std::hash<std::string_view> hash;
    const std::size_t who = mix(record.component, static_cast<std::size_t>(record.level));
    if (!count(mix(who, hash(record.buffer)), record, kIdentical)) return false;
    if (record.level < LogLevel::warn) return true;
    const std::string_view event = std::string_view(record.buffer).substr(0, record.eventLength);
    return count(mix(who + 1, hash(event)), record, kAlike);
}

bool RepeatLimiter::count(std::size_t key, const LogRecord& record, std::uint32_t limit) {
    auto found = windows_.find(key);
    if (found != windows_.end() && record.timeNs - found->second.beganNs >= kWindowNs) {
        Window& window = found->second;
        if (window.held > 0) {
            over_.push_back({window.component, window.level, window.event, window.held});
        }
        windows_.erase(found);
        found = windows_.end();
    }
    if (found == windows_.end()) {
        if (windows_.size() >= kMaxWindows) {
            for (Held& held : takeOver(record.timeNs, false)) over_.push_back(std::move(held));
            // Still full: all different, so nothing repeats. Begin anew where nothing is held.
            if (windows_.size() >= kMaxWindows) {
                std::erase_if(windows_, [](const auto& entry) { return entry.second.held == 0; });
            }
            if (windows_.size() >= kMaxWindows) return true;
        }
        Window window{record.timeNs,
                      0,
                      0,
                      record.component,
                      record.level,
                      record.buffer.substr(0, record.eventLength)};
        found = windows_.emplace(key, std::move(window)).first;
    }
    Window& window = found->second;
    if (++window.seen <= limit) return true;
    if (window.held++ == 0) ++holding_;
    return false;
}

std::vector<RepeatLimiter::Held> RepeatLimiter::takeOver(std::int64_t nowNs, bool all) {
    std::vector<Held> result = std::move(over_);
    over_.clear();
    for (auto entry = windows_.begin(); entry != windows_.end();) {
        Window& window = entry->second;
        if (!all && nowNs - window.beganNs < kWindowNs) {
            ++entry;
            continue;
        }
        if (window.held > 0) {
            result.push_back(
                {window.component, window.level, std::move(window.event), window.held});
        }
        entry = windows_.erase(entry);
    }
    holding_ = 0;
    for (const auto& [key, window] : windows_) holding_ += window.held > 0 ? 1 : 0;
    return result;
}

}  // namespace totemd
