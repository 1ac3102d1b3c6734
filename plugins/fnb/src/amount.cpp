#include "amount.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "encoding.hpp"

namespace fnb {
namespace {

bool isDigit(char c) {
    return c >= '0' && c <= '9';
}

/// White space of any width as one plain space; a spreadsheet's is often a no-break space.
std::string plainSpaces(std::string_view text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text.substr(i, 2) == "\u00a0") {
            plain += ' ';
            i += 1;
        } else if (text.substr(i, 3) == "\u202f" || text.substr(i, 3) == "\u2009") {
            plain += ' ';
            i += 2;
        } else {
            plain += text[i] == '\t' ? ' ' : text[i];
        }
    }
    return plain;
}

std::string_view withoutCurrency(std::string_view text) {
    for (const std::string_view sign : {"S/.", "s/.", "S/", "s/", "PEN"}) {
        if (text.substr(0, sign.size()) == sign) return trimmed(text.substr(sign.size()));
    }
    return text;
}

/// Digits, in groups of three behind the first when there is a separator at all.
std::optional<std::string> wholePart(std::string_view text, char decimalMark) {
    std::string digits;
    char mark = 0;
    std::size_t group = 0;
    for (const char c : text) {
        if (isDigit(c)) {
            digits += c;
            ++group;
            continue;
        }
        const bool groups = c == '.' || c == ',' || c == ' ' || c == '\'';
        const bool inTurn = mark == 0 ? group >= 1 && group <= 3 : group == 3;
        if (!groups || c == decimalMark || (mark != 0 && c != mark) || !inTurn) return std::nullopt;
        mark = c;
        group = 0;
    }
    if (digits.empty() || (mark != 0 && group != 3)) return std::nullopt;
    return digits;
}

}  // namespace

std::optional<double> readAmount(std::string_view text) {
    const std::string plain = plainSpaces(text);
    std::string_view rest = withoutCurrency(trimmed(plain));
    const bool negative = !rest.empty() && rest.front() == '-';
    if (negative) rest = withoutCurrency(trimmed(rest.substr(1)));

    std::string decimals;
    char decimalMark = 0;
    const std::size_t last = rest.find_last_of(".,");
    if (last != std::string_view::npos) {
        const std::string_view behind = rest.substr(last + 1);
        const bool digits = std::all_of(behind.begin(), behind.end(), isDigit);
        if (digits && (behind.size() == 1 || behind.size() == 2)) {
            decimals = behind;
            decimalMark = rest[last];
            rest = rest.substr(0, last);
        }
    }
    const auto whole = wholePart(rest, decimalMark);
    if (!whole || whole->size() > 12) return std::nullopt;
    const std::string number = *whole + "." + (decimals.empty() ? "0" : decimals);
    double value = 0;
    std::from_chars(number.data(), number.data() + number.size(), value);
    return negative ? -value : value;
}

std::string formatAmount(double amount) {
    constexpr double kLargest = 1e13;
    if (!std::isfinite(amount)) amount = 0;
    const long long cents = std::llround(std::clamp(amount, -kLargest, kLargest) * 100);
    std::string digits = std::to_string(std::llabs(cents));
    if (digits.size() < 3) digits.insert(0, 3 - digits.size(), '0');
    digits.insert(digits.size() - 2, ".");
    for (std::size_t at = digits.size() - 3; at > 3; at -= 3) digits.insert(at - 3, ",");
    return std::string("S/ ") + (cents < 0 ? "-" : "") + digits;
}

}  // namespace fnb
