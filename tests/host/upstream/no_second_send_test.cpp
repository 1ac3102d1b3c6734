#include <catch2/catch.hpp>

#include "host/upstream/upstream_fixture.hpp"

using namespace totemd;
using namespace totemd::test;

namespace {

// Answers the first request of a connection, ends the connection at the second without a word:
// what makes libcurl send again silently.
RawServer::Reply dieOnReuse(const RawServer::Arrival& arrival, RawServer::Then then) {
    if (arrival.onConnection == 1 && arrival.path() == "/warm") return {answer(200, "warm")};
    return {"", then};
}

int arrivalsOf(RawServer& server, const std::string& path) {
    int count = 0;
    for (const auto& arrival : server.arrivals()) count += arrival.path() == path ? 1 : 0;
    return count;
}

// Opens `count` keep-alive connections: holds that many requests, then answers them all.
void warm(UpstreamFixture& upstream, RawServer& server, int count) {
    std::vector<std::future<UpstreamResult>> asked;
    for (int i = 0; i < count; ++i) {
        UpstreamRequest request;
        request.url = server.url("/warm");
        asked.push_back(upstream.start(std::move(request)));
    }
    server.waitForArrivals(count);
    server.release();
    for (auto& one : asked) REQUIRE(one.get().status == 200);
}

}  // namespace

TEST_CASE("a request whose reused connection dies before the answer arrives once, and is unknown") {
    struct Row {
        const char* method;
        const char* body;
    };
    const auto row = GENERATE(Row{"POST", "pay"}, Row{"POST", ""}, Row{"DELETE", ""},
                              Row{"PUT", "x"}, Row{"PATCH", "x"});
    const auto then = GENERATE(RawServer::kClose, RawServer::kReset);
    RawServer server([&](const auto& arrival) -> RawServer::Reply {
        auto reply = dieOnReuse(arrival, then);
        reply.held = arrival.path() == "/warm";
        return reply;
    });
    UpstreamFixture upstream;
    warm(upstream, server, 8);  // a pool of connections that would all die
    UpstreamRequest request;
    request.method = row.method;
    request.url = server.url("/pay");
    request.body = row.body;
    const UpstreamResult result = upstream.ask(std::move(request));
    INFO(row.method << " " << row.body << ": " << result.error);
    CHECK(result.outcome == UpstreamResult::kUnknown);
    CHECK(result.reason == UpstreamResult::kConnectionLost);
    CHECK_FALSE(result.safeToRepeat());
    CHECK_THAT(result.error, Catch::Contains("it may have been carried out"));
    CHECK(result.attempts == 1);
    CHECK(arrivalsOf(server, "/pay") == 1);
    CHECK(upstream.only().unknown == 1);
}

TEST_CASE("a large body is not sent again either") {
    RawServer server([](const auto& arrival) { return dieOnReuse(arrival, RawServer::kClose); });
    UpstreamFixture upstream;
    upstream.get(server.url("/warm"));
    const UpstreamResult result = upstream.post(server.url("/pay"), std::string(3'000'000, 'x'));
    CHECK(result.outcome == UpstreamResult::kUnknown);
    CHECK(arrivalsOf(server, "/pay") == 1);
}

TEST_CASE("a first connection that dies before the answer makes a POST unknown too") {
    RawServer server([](const auto&) -> RawServer::Reply { return {"", RawServer::kClose}; });
    UpstreamFixture upstream;
    const UpstreamResult result = upstream.post(server.url("/pay"), "x");
    CHECK(result.outcome == UpstreamResult::kUnknown);
    CHECK(server.arrivalCount() == 1);
}

TEST_CASE("a GET whose connection dies is repeated and answered") {
    std::atomic<int> deaths{2};
    RawServer server([&](const auto& arrival) -> RawServer::Reply {
        if (arrival.path() != "/warm" && deaths-- > 0) return {"", RawServer::kClose};
        return {answer(200, "here")};
    });
    UpstreamFixture upstream;
    upstream.get(server.url("/warm"));
    const UpstreamResult result = upstream.get(server.url("/look"));
    CHECK(result.outcome == UpstreamResult::kResponse);
    CHECK(result.body == "here");
    CHECK(arrivalsOf(server, "/look") == 3);
}

TEST_CASE("a POST that is marked repeatable is repeated, one that is a GET by name only is not") {
    std::atomic<int> deaths{1};
    RawServer server([&](const auto&) -> RawServer::Reply {
        if (deaths-- > 0) return {"", RawServer::kReset};
        return {answer(200)};
    });
    UpstreamFixture upstream;
    UpstreamRequest request;
    request.method = "POST";
    request.url = server.url("/query");
    request.body = "{}";
    request.repeatable = true;
    CHECK(upstream.ask(request).status == 200);
    CHECK(server.arrivalCount() == 2);
    CHECK(upstream.only().retries == 1);

    deaths = 1;
    request.method = "GET";
    request.repeatable = false;
    CHECK(upstream.ask(request).outcome == UpstreamResult::kUnknown);
    CHECK(server.arrivalCount() == 3);
}

TEST_CASE("connections that the server closed while idle are noticed before sending") {
    RawServer server([](const auto&) -> RawServer::Reply { return {answer(200)}; });
    UpstreamFixture upstream;
    for (int i = 0; i < 5; ++i) {
        CHECK(upstream.post(server.url("/pay"), "x").outcome == UpstreamResult::kResponse);
        server.closeIdle();
    }
    CHECK(server.arrivalCount() == 5);
    CHECK(server.connectionCount() == 5);
}

TEST_CASE("retries stop after the configured number and tell that it may have arrived") {
    RawServer server([](const auto&) -> RawServer::Reply { return {"", RawServer::kReset}; });
    UpstreamFixture upstream;
    const UpstreamResult result = upstream.get(server.url("/look"));
    CHECK(result.outcome == UpstreamResult::kFailed);
    CHECK(result.reason == UpstreamResult::kConnectionLost);
    CHECK(result.safeToRepeat());
    CHECK(server.arrivalCount() == 3);
    CHECK(result.attempts == 3);
}

TEST_CASE("429 and 503 are retried for repeatable requests, and the last answer is returned") {
    const int status = GENERATE(429, 502, 503, 504);
    RawServer server([&](const auto&) -> RawServer::Reply { return {answer(status, "busy")}; });
    UpstreamFixture upstream;
    const UpstreamResult looked = upstream.get(server.url("/look"));
    CHECK(looked.outcome == UpstreamResult::kResponse);
    CHECK(looked.status == status);
    CHECK(looked.body == "busy");
    CHECK(server.arrivalCount() == 3);
    CHECK(upstream.post(server.url("/pay"), "x").status == status);
    CHECK(server.arrivalCount() == 4);
}

TEST_CASE("a Retry-After beyond the deadline ends the retries at once") {
    RawServer server([&](const auto&) -> RawServer::Reply {
        return {answer(503, "", "Retry-After: 3600\r\n")};
    });
    UpstreamFixture upstream;
    CHECK(upstream.get(server.url("/look")).status == 503);
    CHECK(server.arrivalCount() == 1);
}

TEST_CASE("500 and 404 are answers and not retried") {
    const int status = GENERATE(404, 500);
    RawServer server([&](const auto&) -> RawServer::Reply { return {answer(status)}; });
    UpstreamFixture upstream;
    CHECK(upstream.get(server.url("/look")).status == status);
    CHECK(server.arrivalCount() == 1);
}
