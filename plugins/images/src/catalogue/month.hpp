#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace totem::images {

/// A month of a catalogue. Its Spanish name is what answers and folders carry.
struct Month {
    int year = 0;
    int number = 0;  ///< 1 to 12

    auto operator<=>(const Month&) const = default;
    /// "noviembre"
    const char* name() const;
    std::string yearText() const { return std::to_string(year); }
    /// "11"
    std::string numberText() const;
};

/// 1 to 12 of "noviembre", "Noviembre", "11-noviembre", "11" or "1"; nothing for anything else.
std::optional<int> readMonthNumber(std::string_view text);

/// 2000 to 2100, four digits.
std::optional<int> readYear(std::string_view text);

/// A time zone of the system's database (/usr/share/zoneinfo). Threads: any.
///
/// Transitions are read as far as the file lists them; Debian's go on to 2037.
class TimeZone {
public:
    /// "America/Lima". Throws std::runtime_error that says what to do.
    explicit TimeZone(const std::string& name);
    /// What clocks there show, as if it were UTC.
    std::int64_t localSeconds(std::int64_t unixSeconds) const;
    Month monthAt(std::int64_t unixSeconds) const;

private:
    struct Transition {
        std::int64_t at;
        std::int32_t offset;
    };
    std::int32_t firstOffset_ = 0;
    std::vector<Transition> transitions_;
};

}  // namespace totem::images
