#include "upstream/address_policy.hpp"

#include <catch2/catch.hpp>

using totemd::AddressPolicy;
using totemd::NetAddress;

namespace {

std::string refusal(const AddressPolicy& policy, const std::string& ip, std::uint16_t port = 80) {
    NetAddress address;
    REQUIRE(NetAddress::fromText(ip, port, address));
    return policy.refusal(address);
}

}  // namespace

TEST_CASE("link-local addresses are refused and their neighbours are not") {
    const AddressPolicy policy({}, {"0.0.0.0/0", "::/0"});
    for (const char* ip : {"169.254.0.0", "169.254.169.254", "169.254.255.255", "::169.254.1.1",
                           "::ffff:169.254.1.1", "64:ff9b::a9fe:a9fe", "fe80::1", "febf::1",
                           "fe80::1%eth0", "[fe80::1]", "fd00:ec2::254"}) {
        INFO(ip);
        CHECK_THAT(refusal(policy, ip), Catch::Contains("link-local"));
    }
    for (const char* ip : {"169.253.255.255", "169.255.0.0", "127.0.0.1", "10.0.0.1", "::1",
                           "fec0::1", "fe7f::1", "2001:db8::1", "64:ff9b::7f00:1"}) {
        INFO(ip);
        CHECK(refusal(policy, ip).empty());
    }
}

TEST_CASE("a denied address is refused on its port in every spelling") {
    const AddressPolicy policy({"127.0.0.1:9678", "[::1]:9679"}, {});
    for (const char* ip : {"127.0.0.1", "0.0.0.0", "::ffff:127.0.0.1", "::ffff:0.0.0.0",
                           "::127.0.0.1", "64:ff9b::127.0.0.1"}) {
        INFO(ip);
        CHECK_THAT(refusal(policy, ip, 9678), Catch::Contains("own closed listeners"));
        CHECK(refusal(policy, ip, 9680).empty());
    }
    CHECK_FALSE(refusal(policy, "::", 9679).empty());
    CHECK_FALSE(refusal(policy, "::1", 9679).empty());
    CHECK(refusal(policy, "127.0.0.2", 9678).empty());
}

TEST_CASE("a denied listener on every address denies all of this machine's") {
    const AddressPolicy policy({"0.0.0.0:9678"}, {});
    for (const char* ip : {"127.0.0.1", "127.8.8.8", "::1", "::"}) {
        INFO(ip);
        CHECK_FALSE(refusal(policy, ip, 9678).empty());
    }
    CHECK(refusal(policy, "203.0.113.7", 9678).empty());
}

TEST_CASE("an allow-list lets in its networks only") {
    const AddressPolicy policy({}, {"10.0.0.0/8", "192.168.1.128/25", "203.0.113.7", "fd00::/8"});
    for (const char* ip :
         {"10.255.0.1", "192.168.1.200", "203.0.113.7", "fd12::1", "::ffff:10.0.0.1"}) {
        INFO(ip);
        CHECK(refusal(policy, ip).empty());
    }
    for (const char* ip : {"11.0.0.1", "192.168.1.127", "203.0.113.8", "fe00::1", "127.0.0.1"}) {
        INFO(ip);
        CHECK_THAT(refusal(policy, ip), Catch::Contains("upstream.allow"));
    }
}

TEST_CASE("entries that cannot be read are refused by name") {
    for (const char* entry : {"", "10.0.0.0/", "10.0.0.0/33", "10.0.0/8", "::/129", "x/8",
                              "10.0.0.0/-1", "10.0.0.0/8x"}) {
        INFO(entry);
        CHECK_THROWS_WITH(AddressPolicy({}, {entry}),
                          Catch::Contains("\"" + std::string(entry) + "\""));
    }
    for (const char* entry : {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:70000",
                              "localhost:80", "::1:80", "[::1]", ":80"}) {
        INFO(entry);
        CHECK_THROWS_WITH(AddressPolicy({entry}, {}), Catch::Contains("denied address"));
    }
}
