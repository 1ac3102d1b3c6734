#include "upstream/address_policy.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <stdexcept>

namespace totemd {
namespace {

constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::array<std::uint8_t, 12> kNat64{0, 0x64, 0xff, 0x9b};

bool hasPrefix(const NetAddress& address, const std::array<std::uint8_t, 12>& prefix) {
    return std::equal(prefix.begin(), prefix.end(), address.bytes.begin());
}

void setV4(NetAddress& address, const std::uint8_t* v4) {
    std::copy(kMapped.begin(), kMapped.end(), address.bytes.begin());
    std::copy(v4, v4 + 4, address.bytes.begin() + 12);
}

bool isZero(const std::uint8_t* begin, int count) {
    return std::all_of(begin, begin + count, [](std::uint8_t byte) { return byte == 0; });
}

// To the one form that the checks compare: see NetAddress.
void unwrap(NetAddress& address) {
    std::uint8_t* bytes = address.bytes.data();
    if (isZero(bytes, 16)) {
        bytes[15] = 1;  // connecting to :: reaches ::1
        return;
    }
    const bool compatible = isZero(bytes, 12) && !isZero(bytes + 12, 3);
    if (compatible || hasPrefix(address, kNat64)) {
        const std::array<std::uint8_t, 4> v4{bytes[12], bytes[13], bytes[14], bytes[15]};
        setV4(address, v4.data());
    }
    if (address.isV4() && isZero(bytes + 12, 4)) {
        constexpr std::uint8_t kLoopback[] = {127, 0, 0, 1};  // so does 0.0.0.0
        setV4(address, kLoopback);
    }
}

bool isAnyAddress(const std::string& host) {
    return host == "0.0.0.0" || host == "::";
}

std::vector<NetAddress> ownAddresses() {
    std::vector<NetAddress> result;
    ifaddrs* list = nullptr;
    if (getifaddrs(&list) != 0) return result;
    for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
        NetAddress address;
        if (entry->ifa_addr == nullptr) continue;
        if (NetAddress::fromSockaddr(entry->ifa_addr, address)) result.push_back(address);
    }
    freeifaddrs(list);
    return result;
}

}  // namespace

bool NetAddress::isV4() const {
    return hasPrefix(*this, kMapped);
}

bool NetAddress::isLoopback() const {
    if (isV4()) return bytes[12] == 127;
    return isZero(bytes.data(), 15) && bytes[15] == 1;
}

std::string NetAddress::text() const {
    char buffer[INET6_ADDRSTRLEN] = "";
    if (isV4()) {
        inet_ntop(AF_INET, bytes.data() + 12, buffer, sizeof buffer);
    } else {
        inet_ntop(AF_INET6, bytes.data(), buffer, sizeof buffer);
    }
    return buffer;
}

bool NetAddress::fromSockaddr(const sockaddr* address, NetAddress& out) {
    out = NetAddress{};
    if (address->sa_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, address, sizeof v4);
        out.port = ntohs(v4.sin_port);
        setV4(out, reinterpret_cast<const std::uint8_t*>(&v4.sin_addr));
    } else if (address->sa_family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, address, sizeof v6);
        out.port = ntohs(v6.sin6_port);
        std::memcpy(out.bytes.data(), &v6.sin6_addr, 16);
    } else {
        return false;
    }
    unwrap(out);
    return true;
}

bool NetAddress::fromText(const std::string& ip, std::uint16_t port, NetAddress& out) {
    out = NetAddress{};
    out.port = port;
    const bool bracketed = ip.size() > 2 && ip.front() == '[' && ip.back() == ']';
    const std::string plain = bracketed ? ip.substr(1, ip.size() - 2) : ip;
    std::uint8_t v4[4];
    if (inet_pton(AF_INET, plain.c_str(), v4) == 1) {
        setV4(out, v4);
    } else if (inet_pton(AF_INET6, plain.substr(0, plain.find('%')).c_str(), out.bytes.data()) !=
               1) {
        return false;
    }
    unwrap(out);
    return true;
}

bool splitHostPort(const std::string& text, std::string& host, std::uint16_t& port) {
    const auto colon = text.rfind(':');
    if (colon == std::string::npos || colon == 0) return false;
    host = text.substr(0, colon);
    if (host.front() == '[') {
        if (host.size() < 3 || host.back() != ']') return false;
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string::npos) {
        return false;
    }
    const char* begin = text.data() + colon + 1;
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(begin, end, port);
    return parsed.ec == std::errc{} && parsed.ptr == end && port != 0;
}

bool AddressPolicy::Network::contains(const NetAddress& address) const {
    const int whole = bits / 8;
    if (!std::equal(base.bytes.begin(), base.bytes.begin() + whole, address.bytes.begin())) {
        return false;
    }
    if (bits % 8 == 0) return true;
    const int shift = 8 - bits % 8;
    return base.bytes[whole] >> shift == address.bytes[whole] >> shift;
}

AddressPolicy::Network AddressPolicy::network(const std::string& text) {
    const auto slash = text.find('/');
    const std::string ip = text.substr(0, slash);
    Network result{{}, 128};
    // Not fromText: a network's base address means itself ("0.0.0.0/0", "::/0").
    std::uint8_t v4[4];
    bool valid = true;
    if (inet_pton(AF_INET, ip.c_str(), v4) == 1) {
        setV4(result.base, v4);
    } else {
        valid = inet_pton(AF_INET6, ip.c_str(), result.base.bytes.data()) == 1;
    }
    if (valid && slash != std::string::npos) {
        const bool isV4 = ip.find(':') == std::string::npos;
        int bits = -1;
        const char* end = text.data() + text.size();
        const auto parsed = std::from_chars(text.data() + slash + 1, end, bits);
        valid =
            parsed.ec == std::errc{} && parsed.ptr == end && bits >= 0 && bits <= (isV4 ? 32 : 128);
        result.bits = isV4 ? bits + 96 : bits;
    }
    if (!valid) {
        throw std::invalid_argument("network \"" + text +
                                    "\" is not an address or network like 10.0.0.0/8 or fd00::/8");
    }
    return result;
}

AddressPolicy::Denied AddressPolicy::deniedEntry(const std::string& text) {
    std::string host;
    std::uint16_t port = 0;
    Denied result{{}, false};
    if (!splitHostPort(text, host, port) || !NetAddress::fromText(host, port, result.address)) {
        throw std::invalid_argument("upstream denied address \"" + text +
                                    "\" is not like 127.0.0.1:9678 or [::1]:9678");
    }
    result.anyLocal = isAnyAddress(host);
    return result;
}

AddressPolicy::AddressPolicy(const std::vector<std::string>& denied,
                             const std::vector<std::string>& allowed) {
    for (const std::string& entry : denied) denied_.push_back(deniedEntry(entry));
    for (const std::string& entry : allowed) allowed_.push_back(network(entry));
    // fd00:ec2::/32 is where a large cloud keeps its metadata beside the link-local address.
    for (const char* entry : {"169.254.0.0/16", "fe80::/10", "fd00:ec2::/32"}) {
        linkLocal_.push_back(network(entry));
    }
    const bool anyLocal = std::any_of(denied_.begin(), denied_.end(),
                                      [](const Denied& entry) { return entry.anyLocal; });
    if (anyLocal) own_ = ownAddresses();
}

bool AddressPolicy::isOwnAddress(const NetAddress& address) const {
    if (address.isLoopback()) return true;
    return std::any_of(own_.begin(), own_.end(),
                       [&](const NetAddress& own) { return own.bytes == address.bytes; });
}

std::string AddressPolicy::refusal(const NetAddress& address) const {
    for (const Network& network : linkLocal_) {
        if (network.contains(address)) {
            return address.text() + " is link-local (cloud metadata) and never allowed";
        }
    }
    for (const Denied& entry : denied_) {
        if (entry.address.port != address.port) continue;
        if (entry.address == address || (entry.anyLocal && isOwnAddress(address))) {
            return address.text() + ":" + std::to_string(address.port) +
                   " is one of the daemon's own closed listeners and never allowed";
        }
    }
    if (allowed_.empty()) return {};
    for (const Network& network : allowed_) {
        if (network.contains(address)) return {};
    }
    return address.text() + " is in none of the allowed networks (upstream.allow)";
}

}  // namespace totemd
