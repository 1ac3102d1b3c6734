#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace totemd {

enum class LogLevel : std::uint8_t { debug, info, warn, error, off };

/// "debug", "info", "warn", "error", "off".
std::string_view toString(LogLevel level);
std::optional<LogLevel> parseLogLevel(std::string_view text);

/// One `key=value` of a line. Borrows its texts until the logging call returns.
class LogField {
public:
    enum class Kind : std::uint8_t { text, number, boolean };

    LogField(std::string_view key, std::string_view value) : key_(key), text_(value) {}
    LogField(std::string_view key, const char* value) : LogField(key, std::string_view(value)) {}
    LogField(std::string_view key, const std::string& value)
        : LogField(key, std::string_view(value)) {}
    LogField(std::string_view key, bool value)
        : key_(key), kind_(Kind::boolean), text_(value ? "true" : "false") {}
    template <typename Number, std::enable_if_t<std::is_arithmetic_v<Number>, int> = 0>
    LogField(std::string_view key, Number value) : key_(key), kind_(Kind::number) {
        if constexpr (std::is_floating_point_v<Number>) {
            print(static_cast<double>(value));
        } else if constexpr (std::is_signed_v<Number>) {
            print(static_cast<std::int64_t>(value));
        } else {
            print(static_cast<std::uint64_t>(value));
        }
    }

    std::string_view key() const { return key_; }
    Kind kind() const { return kind_; }
    std::string_view value() const {
        return kind_ == Kind::number ? std::string_view(digits_, digitCount_) : text_;
    }

private:
    void print(double value);
    void print(std::int64_t value);
    void print(std::uint64_t value);

    std::string_view key_;
    Kind kind_ = Kind::text;
    std::uint8_t digitCount_ = 0;
    char digits_[32];
    std::string_view text_;
};

}  // namespace totemd
