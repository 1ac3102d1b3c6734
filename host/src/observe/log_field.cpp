#include "observe/log_field.hpp"

#include <array>
#include <charconv>

namespace totemd {
namespace {

constexpr std::array<std::string_view, 5> kNames{"debug", "info", "warn", "error", "off"};

}  // namespace

std::string_view toString(LogLevel level) {
    return kNames[static_cast<std::size_t>(level)];
}

std::optional<LogLevel> parseLogLevel(std::string_view text) {
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        if (kNames[i] == text) return static_cast<LogLevel>(i);
    }
    return std::nullopt;
}

void LogField::print(double value) {
    digitCount_ = static_cast<std::uint8_t>(
        std::to_chars(digits_, digits_ + sizeof digits_, value).ptr - digits_);
}

void LogField::print(std::int64_t value) {
    digitCount_ = static_cast<std::uint8_t>(
        std::to_chars(digits_, digits_ + sizeof digits_, value).ptr - digits_);
}

void LogField::print(std::uint64_t value) {
    digitCount_ = static_cast<std::uint8_t>(
        std::to_chars(digits_, digits_ + sizeof digits_, value).ptr - digits_);
}

}  // namespace totemd
