#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "observe/log_record.hpp"

namespace totemd {

/// Lets the first lines of a flood through and counts the rest: five identical lines in ten
/// seconds, a hundred warnings or errors with one event of one component. Owned by the writer.
class RepeatLimiter {
public:
    static constexpr std::int64_t kWindowNs = 10'000'000'000;
    static constexpr std::uint32_t kIdentical = 5;
    static constexpr std::uint32_t kAlike = 100;

    /// What was held back in windows that are over, once.
    struct Held {
        std::uint32_t component;
        LogLevel level;
        std::string event;
        std::uint32_t times;
    };

    bool admit(const LogRecord& record);
    std::vector<Held> takeOver(std::int64_t nowNs, bool all);
    bool holding() const { return holding_ > 0 || !over_.empty(); }

private:
    static constexpr std::size_t kMaxWindows = 4096;

    struct Window {
        std::int64_t beganNs;
        std::uint32_t seen = 0;
        std::uint32_t held = 0;
        std::uint32_t component;
        LogLevel level;
        std::string event;
    };
    bool count(std::size_t key, const LogRecord& record, std::uint32_t limit);

    std::unordered_map<std::size_t, Window> windows_;
    std::vector<Held> over_;
    std::size_t holding_ = 0;  // windows that hold something back
};

}  // namespace totemd
