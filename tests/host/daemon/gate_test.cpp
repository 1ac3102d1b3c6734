#include "daemon/gate.hpp"

#include <catch2/catch.hpp>

using namespace totemd;

namespace {

HttpRequest from(const std::string& peer, std::vector<HttpHeader> headers = {}) {
    HttpRequest request;
    request.peerAddress = peer;
    request.peerIsLoopback = peer == "127.0.0.1";
    request.headers = std::move(headers);
    return request;
}

int statusOf(Gate& gate, HttpRequest request, std::int64_t nowNs = 0) {
    const auto refusal = gate.admit(request, nowNs);
    return refusal ? refusal->status : 0;
}

}  // namespace

TEST_CASE("only allowed networks get past the gate") {
    ListenerConfig config;
    config.allow = {"10.0.0.0/8", "127.0.0.1"};
    Gate gate(config, true);
    CHECK(statusOf(gate, from("10.200.1.1")) == 0);
    CHECK(statusOf(gate, from("127.0.0.1")) == 0);
    CHECK(statusOf(gate, from("192.168.1.1")) == 403);
    CHECK(statusOf(gate, from("")) == 403);
    CHECK(statusOf(gate, from("192.168.1.1", {{"X-Forwarded-For", "10.0.0.1"}})) == 403);
}

TEST_CASE("only a trusted proxy names the client, and only the last hop that it saw") {
    ListenerConfig config;
    config.trustedProxies = {"127.0.0.1", "10.0.0.0/8"};
    Gate gate(config, true);
    HttpRequest request =
        from("127.0.0.1", {{"X-Forwarded-For", "127.0.0.1, 203.0.113.9 , 10.0.0.2"}});
    CHECK_FALSE(gate.admit(request, 0));
    CHECK(request.peerAddress == "203.0.113.9");
    CHECK_FALSE(request.peerIsLoopback);
    HttpRequest lines =
        from("127.0.0.1", {{"X-Forwarded-For", "127.0.0.1"}, {"x-forwarded-for", "203.0.113.9"}});
    CHECK_FALSE(gate.admit(lines, 0));
    CHECK(lines.peerAddress == "203.0.113.9");
    HttpRequest liar = from("198.51.100.1", {{"X-Forwarded-For", "127.0.0.1"}});
    CHECK_FALSE(gate.admit(liar, 0));
    CHECK(liar.peerAddress == "198.51.100.1");
    HttpRequest junk = from("127.0.0.1", {{"X-Forwarded-For", "unknown"}});
    CHECK_FALSE(gate.admit(junk, 0));
    CHECK(junk.peerAddress == "127.0.0.1");
}

TEST_CASE("a listener's token is asked for unless the admin API does it itself") {
    ListenerConfig config;
    config.token = "secret";
    Gate gate(config, true), admin(config, false);
    CHECK(statusOf(gate, from("127.0.0.1")) == 401);
    CHECK(statusOf(gate, from("127.0.0.1", {{"Authorization", "Bearer secre"}})) == 401);
    CHECK(statusOf(gate, from("127.0.0.1", {{"Authorization", "Bearer secret"}})) == 0);
    CHECK(statusOf(admin, from("127.0.0.1")) == 0);
}

TEST_CASE("each client may send so many requests a second") {
    ListenerConfig config;
    config.limits.requestsPerSecond = 2;
    Gate gate(config, true);
    CHECK(statusOf(gate, from("10.0.0.1")) == 0);
    CHECK(statusOf(gate, from("10.0.0.1")) == 0);
    CHECK(statusOf(gate, from("10.0.0.1")) == 429);
    CHECK(statusOf(gate, from("10.0.0.2")) == 0);
    CHECK(statusOf(gate, from("10.0.0.1"), 500'000'000) == 0);
    CHECK(statusOf(gate, from("10.0.0.1"), 500'000'000) == 429);
}
