#pragma once

#include <arpa/inet.h>

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace totem {
inline namespace v0 {

// What a receiver of webhooks checks before it believes one. Threads: any.

/// Compares a secret with what a caller sent, in a time that depends on the lengths alone, so that
/// nobody finds a secret out byte by byte. An empty secret fits nothing.
inline bool sameSecret(std::string_view given, std::string_view secret) {
    if (secret.empty()) return false;
    unsigned difference = given.size() == secret.size() ? 0 : 1;
    for (std::size_t i = 0; i < given.size(); ++i) {
        difference |= static_cast<unsigned char>(given[i]) ^
                      static_cast<unsigned char>(secret[i % secret.size()]);
    }
    return difference == 0;
}

/// Whether `address` (as Request::peer() gives it) lies in `network`: "10.0.0.0/8", "fd00::/8" or
/// a single address. False when one of them cannot be read or they are of different families.
inline bool inNetwork(std::string_view address, std::string_view network) {
    const std::size_t slash = network.find('/');
    const std::string one(address), other(network.substr(0, slash));
    unsigned char a[16], b[16];
    unsigned bits = 32;
    if (inet_pton(AF_INET, one.c_str(), a) != 1 || inet_pton(AF_INET, other.c_str(), b) != 1) {
        bits = 128;
        if (inet_pton(AF_INET6, one.c_str(), a) != 1) return false;
        if (inet_pton(AF_INET6, other.c_str(), b) != 1) return false;
    }
    unsigned prefix = bits;
    if (slash != std::string_view::npos) {
        const std::string_view digits = network.substr(slash + 1);
        if (digits.empty() || digits.size() > 3) return false;
        prefix = 0;
        for (const char digit : digits) {
            if (digit < '0' || digit > '9') return false;
            prefix = prefix * 10 + static_cast<unsigned>(digit - '0');
        }
        if (prefix > bits) return false;
    }
    if (std::memcmp(a, b, prefix / 8) != 0) return false;
    const unsigned rest = prefix % 8;
    return rest == 0 || ((a[prefix / 8] ^ b[prefix / 8]) >> (8 - rest)) == 0;
}

}  // namespace v0
}  // namespace totem
