#include "observe/repeat_limiter.hpp"

#include <catch2/catch.hpp>

using namespace totemd;

namespace {

LogRecord line(LogLevel level, std::string_view event, std::int64_t atNs, int number = 0) {
    LogRecord record = LogRecord::pack(level, event, std::vector<LogField>{{"n", number}});
    record.timeNs = atNs;
    record.component = 1;
    return record;
}

}  // namespace

TEST_CASE("identical lines pass five times in a window, and again in the next") {
    RepeatLimiter limiter;
    for (int i = 0; i < 5; ++i) CHECK(limiter.admit(line(LogLevel::info, "e", i)));
    CHECK_FALSE(limiter.holding());
    for (int i = 0; i < 7; ++i) CHECK_FALSE(limiter.admit(line(LogLevel::info, "e", 10)));
    CHECK(limiter.holding());
    CHECK(limiter.takeOver(100, false).empty());
    CHECK(limiter.admit(line(LogLevel::info, "e", RepeatLimiter::kWindowNs)));
    const auto held = limiter.takeOver(RepeatLimiter::kWindowNs, false);
    REQUIRE(held.size() == 1);
    CHECK(held[0].event == "e");
    CHECK(held[0].times == 7);
    CHECK_FALSE(limiter.holding());
}

TEST_CASE("warnings alike pass a hundred times, information that differs always") {
    RepeatLimiter limiter;
    int warnings = 0;
    int information = 0;
    for (int i = 0; i < 1'000; ++i) {
        warnings += limiter.admit(line(LogLevel::warn, "bad.request", i, i)) ? 1 : 0;
        information += limiter.admit(line(LogLevel::info, "request", i, i)) ? 1 : 0;
    }
    CHECK(warnings == 100);
    CHECK(information == 1'000);
}

TEST_CASE("a flood of different lines does not let it forget what it holds") {
    RepeatLimiter limiter;
    for (int i = 0; i < 9; ++i) limiter.admit(line(LogLevel::info, "held", 0));
    for (int i = 0; i < 20'000; ++i) limiter.admit(line(LogLevel::info, "flood", 1, i));
    std::uint32_t times = 0;
    for (const auto& held : limiter.takeOver(2, true))
        times += held.event == "held" ? held.times : 0;
    CHECK(times == 4);
}
