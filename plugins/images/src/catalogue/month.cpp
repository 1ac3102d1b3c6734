#include "catalogue/month.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "catalogue/text.hpp"

namespace totem::images {
namespace {

constexpr std::array<const char*, 12> kNames = {
    "enero", "febrero", "marzo",      "abril",   "mayo",      "junio",
    "julio", "agosto",  "septiembre", "octubre", "noviembre", "diciembre"};

std::optional<int> readNumber(std::string_view text, int low, int high) {
    int number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number >= low && number <= high ? std::optional(number) : std::nullopt;
}

std::optional<int> readName(const std::string& folded) {
    if (folded == "setiembre") return 9;  // as Peru writes it
    const auto found = std::find(kNames.begin(), kNames.end(), folded);
    if (found == kNames.end()) return std::nullopt;
    return static_cast<int>(found - kNames.begin()) + 1;
}

/// Reads the big-endian numbers of a TZif file (RFC 8536).
class Reader {
public:
    explicit Reader(std::string bytes) : bytes_(std::move(bytes)) {}
    void skip(std::size_t count) {
        if (count > bytes_.size() - at_) throw std::runtime_error("it ends too early");
        at_ += count;
    }
    std::int64_t number(int size) {
        const std::size_t from = at_;
        skip(static_cast<std::size_t>(size));
        std::uint64_t value = size == 8 || (bytes_[from] & 0x80) == 0 ? 0 : ~std::uint64_t{0};
        for (int i = 0; i < size; ++i)
            value = value << 8 | static_cast<unsigned char>(bytes_[from + static_cast<std::size_t>(i)]);
        return static_cast<std::int64_t>(value);
    }
    std::string_view text(std::size_t size) {
        skip(size);
        return std::string_view(bytes_).substr(at_ - size, size);
    }

private:
    const std::string bytes_;
    std::size_t at_ = 0;
};

struct Counts {
    std::size_t isUt, isStd, leap, time, type, chars;
};

Counts readHeader(Reader& file) {
    if (file.text(4) != "TZif" || file.text(1) < "2") throw std::runtime_error("it is no TZif file");
    file.skip(15);
    Counts counts{};
    for (std::size_t* count : {&counts.isUt, &counts.isStd, &counts.leap, &counts.time,
                               &counts.type, &counts.chars}) {
        *count = static_cast<std::size_t>(file.number(4));
        if (*count > 100'000) throw std::runtime_error("its header is wrong");
    }
    return counts;
}

std::string readZoneFile(const std::string& name) {
    for (const char c : name) {
        const bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '+' || c == '/';
        if (!fine) throw std::runtime_error("it is no name like America/Lima");
    }
    std::ifstream file("/usr/share/zoneinfo/" + name, std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(file), {}};
    if (bytes.empty()) throw std::runtime_error("the system does not know it; install tzdata or mend the name");
    return bytes;
}

}  // namespace

const char* Month::name() const { return kNames[static_cast<std::size_t>(number - 1)]; }

std::string Month::numberText() const {
    return (number < 10 ? "0" : "") + std::to_string(number);
}

std::optional<int> readMonthNumber(std::string_view text) {
    const std::string folded = fold(text);
    const std::size_t dash = folded.find('-');
    if (dash == std::string::npos) {
        const auto number = folded.size() <= 2 ? readNumber(folded, 1, 12) : std::nullopt;
        return number ? number : readName(folded);
    }
    const auto number = dash <= 2 ? readNumber(folded.substr(0, dash), 1, 12) : std::nullopt;
    return number && number == readName(folded.substr(dash + 1)) ? number : std::nullopt;
}

std::optional<int> readYear(std::string_view text) {
    return text.size() == 4 ? readNumber(text, 2000, 2100) : std::nullopt;
}

TimeZone::TimeZone(const std::string& name) {
    try {
        Reader file(readZoneFile(name));
        // The first block has 32-bit times, for old readers.
        const Counts old = readHeader(file);
        file.skip(old.time * 5 + old.type * 6 + old.chars + old.leap * 8 + old.isStd + old.isUt);
        const Counts counts = readHeader(file);
        std::vector<std::int64_t> times(counts.time);
        std::vector<std::size_t> types(counts.time);
        for (std::int64_t& time : times) time = file.number(8);
        for (std::size_t& type : types) type = static_cast<unsigned char>(file.text(1)[0]);
        std::vector<std::int32_t> offsets(counts.type);
        for (std::int32_t& offset : offsets) {
            offset = static_cast<std::int32_t>(file.number(4));
            file.skip(2);
        }
        firstOffset_ = offsets.at(0);
        for (std::size_t i = 0; i < times.size(); ++i)
            transitions_.push_back({times[i], offsets.at(types[i])});
    } catch (const std::exception& error) {
        throw std::runtime_error("time_zone \"" + name + "\": " + error.what());
    }
}

std::int64_t TimeZone::localSeconds(std::int64_t unixSeconds) const {
    const auto next = std::upper_bound(transitions_.begin(), transitions_.end(), unixSeconds,
                                       [](std::int64_t time, const Transition& t) { return time < t.at; });
    return unixSeconds + (next == transitions_.begin() ? firstOffset_ : std::prev(next)->offset);
}

Month TimeZone::monthAt(std::int64_t unixSeconds) const {
    const std::chrono::sys_seconds local{std::chrono::seconds(localSeconds(unixSeconds))};
    const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(local));
    return {static_cast<int>(date.year()), static_cast<int>(static_cast<unsigned>(date.month()))};
}

}  // namespace totem::images
