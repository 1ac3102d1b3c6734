#include <catch2/catch.hpp>
#include <totem/caller.hpp>

using totem::inNetwork;
using totem::sameSecret;

TEST_CASE("a secret is the same only when every byte is") {
    CHECK(sameSecret("s3cret", "s3cret"));
    CHECK_FALSE(sameSecret("s3cres", "s3cret"));
    CHECK_FALSE(sameSecret("s3cre", "s3cret"));
    CHECK_FALSE(sameSecret("s3crets3cret", "s3cret"));
    CHECK_FALSE(sameSecret("", "s3cret"));
    CHECK_FALSE(sameSecret("x", ""));
    CHECK_FALSE(sameSecret("", ""));
}

TEST_CASE("networks are compared bit by bit, and nonsense is in none") {
    CHECK(inNetwork("10.0.0.1", "10.0.0.0/8"));
    CHECK(inNetwork("10.127.0.1", "10.0.0.0/9"));
    CHECK_FALSE(inNetwork("10.128.0.1", "10.0.0.0/9"));
    CHECK(inNetwork("192.168.1.7", "192.168.1.7"));
    CHECK_FALSE(inNetwork("192.168.1.8", "192.168.1.7"));
    CHECK(inNetwork("203.0.113.9", "0.0.0.0/0"));
    CHECK(inNetwork("fd00::1", "fd00::/8"));
    CHECK_FALSE(inNetwork("fd00::1", "10.0.0.0/8"));
    CHECK_FALSE(inNetwork("fd00::1", "0.0.0.0/0"));
    for (const char* network : {"10.0.0.0/99", "10.0.0.0/", "10.0.0.0/x", "10.0.0.0/-1",
                                "10.0.0.0/0x8", "10", "", "/8"}) {
        INFO(network);
        CHECK_FALSE(inNetwork("10.0.0.1", network));
    }
    CHECK_FALSE(inNetwork("x", "10.0.0.0/8"));
}
