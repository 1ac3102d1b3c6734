#include "observe/trace.hpp"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <span>
#include <system_error>

namespace totemd {
namespace {

constexpr std::size_t kLength = 55;  // 00-<32>-<16>-<2>

void fillRandom(std::span<std::uint8_t> bytes) {
    // Drawn ahead: a call to the system for each message would be the larger part of the cost.
    static thread_local std::array<std::uint8_t, 480> pool;
    static thread_local std::size_t used = pool.size();
    if (used + bytes.size() > pool.size()) {
        // Up to 256 bytes are never cut short by a signal.
        for (std::size_t at = 0; at < pool.size(); at += 240) {
            if (getrandom(pool.data() + at, 240, 0) != 240) {
                throw std::system_error(errno, std::generic_category(), "getrandom");
            }
        }
        used = 0;
    }
    std::copy_n(pool.begin() + static_cast<std::ptrdiff_t>(used), bytes.size(), bytes.begin());
    used += bytes.size();
    if (std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; })) {
        bytes.back() = 1;  // all zeros means "none"
    }
}

int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool readHex(std::string_view text, std::span<std::uint8_t> bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const int high = digit(text[2 * i]);
        const int low = digit(text[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
    }
    return true;
}

void appendHex(std::string& out, std::span<const std::uint8_t> bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::size_t at = out.size();
    out.resize(at + 2 * bytes.size());
    for (const std::uint8_t byte : bytes) {
        out[at++] = kDigits[byte >> 4];
        out[at++] = kDigits[byte & 15];
    }
}

bool isZero(std::span<const std::uint8_t> bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

}  // namespace

TraceContext TraceContext::make() {
    TraceContext made;
    fillRandom(made.traceId);
    fillRandom(made.spanId);
    return made;
}

std::optional<TraceContext> TraceContext::parse(std::string_view text) {
    if (text.size() < kLength || text[2] != '-' || text[35] != '-' || text[52] != '-') {
        return std::nullopt;
    }
    std::array<std::uint8_t, 1> version{};
    std::array<std::uint8_t, 1> flags{};
    TraceContext read;
    const bool hex =
        readHex(text.substr(0, 2), version) && readHex(text.substr(3, 32), read.traceId) &&
        readHex(text.substr(36, 16), read.spanId) && readHex(text.substr(53, 2), flags);
    if (!hex || version[0] == 0xff || isZero(read.traceId) || isZero(read.spanId))
        return std::nullopt;
    if (version[0] == 0 && text.size() != kLength) return std::nullopt;
    if (text.size() > kLength && text[kLength] != '-') return std::nullopt;
    read.flags = flags[0];
    return read;
}

TraceContext TraceContext::child() const {
    TraceContext next = *this;
    fillRandom(next.spanId);
    return next;
}

std::string TraceContext::traceparent() const {
    std::string out = "00-";
    out.reserve(kLength);
    appendHex(out, traceId);
    out += '-';
    appendHex(out, spanId);
    out += '-';
    appendHex(out, std::span(&flags, 1));
    return out;
}

std::string TraceContext::traceIdHex() const {
    std::string out;
    appendHex(out, traceId);
    return out;
}

}  // namespace totemd
