#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace totemd {

/// An IP address and port, IPv4 as ::ffff:a.b.c.d. Every spelling that reaches an IPv4 host
/// (mapped, compatible, NAT64) and the "any" addresses (which reach this machine) become one form.
struct NetAddress {
    std::array<std::uint8_t, 16> bytes{};
    std::uint16_t port = 0;

    bool isV4() const;
    bool isLoopback() const;
    std::string text() const;  ///< without the port
    bool operator==(const NetAddress&) const = default;

    /// False for anything but IPv4 and IPv6.
    static bool fromSockaddr(const sockaddr* address, NetAddress& out);
    /// A plain numeric address, brackets allowed.
    static bool fromText(const std::string& ip, std::uint16_t port, NetAddress& out);
};

/// Decides which addresses the daemon may connect to. Immutable, so safe in any thread.
class AddressPolicy {
public:
    /// `denied`: "address:port"; one that listens on every address denies all of this machine's.
    /// `allowed`: networks, empty for all. Throws std::invalid_argument that names the entry.
    AddressPolicy(const std::vector<std::string>& denied, const std::vector<std::string>& allowed);

    /// Why the address may not be connected to; empty when it may.
    std::string refusal(const NetAddress& address) const;

private:
    struct Network {
        NetAddress base;
        int bits;  // of 128
        bool contains(const NetAddress& address) const;
    };
    struct Denied {
        NetAddress address;
        bool anyLocal;
    };
    static Network network(const std::string& text);
    static Denied deniedEntry(const std::string& text);
    bool isOwnAddress(const NetAddress& address) const;

    std::vector<Denied> denied_;
    std::vector<Network> allowed_;
    std::vector<Network> linkLocal_;
    std::vector<NetAddress> own_;  // this machine's addresses, when a denied listener has them all
};

/// Splits "host:port" and "[v6]:port". False when there is no valid port or no host.
bool splitHostPort(const std::string& text, std::string& host, std::uint16_t& port);

}  // namespace totemd
