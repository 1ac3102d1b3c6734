#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "host/upstream/upstream_fixture.hpp"

using namespace totemd;
using namespace totemd::test;

namespace {

RawServer::Reply held(const RawServer::Arrival& arrival) {
    return {answer(200, arrival.path()), RawServer::kKeep, "", true};
}

UpstreamRequest post(const RawServer& server, const std::string& path) {
    UpstreamRequest request;
    request.method = "POST";
    request.url = server.url(path);
    request.body = "{}";
    request.deadlineNs = monotonicNow() + 100 * kSecond;
    return request;
}

int threadCount() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.rfind("Threads:", 0) == 0) return std::stoi(line.substr(8));
    }
    return -1;
}

}  // namespace

TEST_CASE("so many are in flight, the rest wait and leave in their order") {
    RawServer server(held);
    UpstreamOptions options = quickOptions();
    options.maxInFlight = 1;
    UpstreamFixture upstream(options);
    std::vector<std::future<UpstreamResult>> asked;
    for (int i = 0; i < 20; ++i)
        asked.push_back(upstream.start(post(server, "/" + std::to_string(i))));
    server.waitForArrivals(1);
    CHECK(upstream.only().inFlight == 1);
    CHECK(upstream.only().queued == 19);
    CHECK(server.arrivalCount() == 1);
    server.release();
    for (int i = 0; i < 20; ++i) CHECK(asked[i].get().body == "/" + std::to_string(i));
    const auto arrivals = server.arrivals();
    for (int i = 0; i < 20; ++i) CHECK(arrivals[i].path() == "/" + std::to_string(i));
    CHECK(server.connectionCount() == 1);
    CHECK(upstream.only().queued == 0);
}

TEST_CASE("a full queue refuses at once and names the upstream") {
    RawServer server(held);
    UpstreamOptions options = quickOptions();
    options.maxInFlight = 1;
    options.maxQueued = 2;
    UpstreamFixture upstream(options);
    auto first = upstream.start(post(server, "/1"));
    auto second = upstream.start(post(server, "/2"));
    auto third = upstream.start(post(server, "/3"));
    const auto fourth = upstream.ask(post(server, "/4"));
    CHECK(fourth.outcome == UpstreamResult::kNotSent);
    CHECK(fourth.reason == UpstreamResult::kBulkheadFull);
    CHECK_THAT(fourth.error,
               Catch::StartsWith(server.place() + ": 2 requests wait for it already"));
    server.release();
    CHECK(third.get().status == 200);
}

TEST_CASE("one upstream may have limits of its own, also new ones while it runs") {
    RawServer narrow(held), wide(held);
    UpstreamOptions options = quickOptions();
    LaneOptions own = options;
    own.maxInFlight = 1;
    own.maxQueued = 0;
    own.maxResponseBytes = 3;
    options.own["127.0.0.1"] = options;
    options.own[narrow.place()] = own;
    UpstreamFixture upstream(options);
    auto first = upstream.start(post(narrow, "/long"));
    CHECK(upstream.ask(post(narrow, "/2")).reason == UpstreamResult::kBulkheadFull);
    auto others = std::make_pair(upstream.start(post(wide, "/1")), upstream.start(post(wide, "/2")));
    wide.waitForArrivals(2);
    wide.release();
    CHECK(others.first.get().status == 200);
    CHECK(others.second.get().status == 200);
    narrow.release();
    CHECK(first.get().reason == UpstreamResult::kTooLarge);
    options.own.clear();
    upstream.client.configure(options);
    CHECK(upstream.ask(post(narrow, "/long")).status == 200);
}

TEST_CASE("a slow upstream does not hold up another") {
    RawServer slow(held);
    RawServer quick([](const auto&) -> RawServer::Reply { return {answer(200)}; });
    UpstreamOptions options = quickOptions();
    options.maxInFlight = 1;
    UpstreamFixture upstream(options);
    auto first = upstream.start(post(slow, "/1"));
    auto second = upstream.start(post(slow, "/2"));
    slow.waitForArrivals(1);
    CHECK(upstream.ask(post(quick, "/")).status == 200);
    slow.release();
    CHECK(second.get().status == 200);
}

TEST_CASE("a deadline that passes in the queue is certainly not sent") {
    RawServer server(held);
    UpstreamOptions options = quickOptions();
    options.maxInFlight = 1;
    UpstreamFixture upstream(options);
    auto first = upstream.start(post(server, "/1"));
    UpstreamRequest request = post(server, "/2");
    request.deadlineNs = monotonicNow() + 700 * kMillisecond;
    const auto waited = upstream.ask(request);
    CHECK(waited.outcome == UpstreamResult::kNotSent);
    CHECK(waited.reason == UpstreamResult::kDeadline);
    CHECK(waited.attempts == 0);
    CHECK_THAT(waited.error, Catch::Contains("in the queue behind 1 requests under way"));
    const auto late = upstream.ask(request);
    CHECK(late.outcome == UpstreamResult::kNotSent);
    CHECK(late.reason == UpstreamResult::kDeadline);
    server.release();
    CHECK(first.get().status == 200);
    CHECK(server.arrivalCount() == 1);
}

TEST_CASE("a deadline that passes while connecting is certainly not sent") {
    // A listener whose backlog is full takes no more connections: the connect waits.
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(bind(listener, raw, length) == 0);
    REQUIRE(listen(listener, 0) == 0);
    REQUIRE(getsockname(listener, raw, &length) == 0);
    std::vector<int> fillers;
    for (int i = 0; i < 4; ++i) {
        fillers.push_back(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        connect(fillers.back(), raw, length);
    }
    UpstreamFixture upstream;
    UpstreamRequest request;
    request.method = "POST";
    request.url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/";
    request.deadlineNs = monotonicNow() + 50 * kMillisecond;
    const auto result = upstream.ask(request);
    CHECK(result.outcome == UpstreamResult::kNotSent);
    CHECK(result.reason == UpstreamResult::kDeadline);

    UpstreamOptions options = quickOptions();
    options.connectTimeoutNs = 50 * kMillisecond;
    upstream.client.configure(options);
    request.deadlineNs = monotonicNow() + 100 * kSecond;
    const auto timedOut = upstream.ask(request);
    CHECK(timedOut.outcome == UpstreamResult::kNotSent);
    CHECK(timedOut.reason == UpstreamResult::kConnect);
    CHECK_THAT(timedOut.error, Catch::Contains("no connection within"));
    for (int fd : fillers) close(fd);
    close(listener);
}

TEST_CASE("ten thousand wait for a silent upstream on no more threads, and all are answered") {
    RawServer server(held);
    UpstreamOptions options = quickOptions();
    options.maxInFlight = 64;
    UpstreamFixture upstream(options);
    constexpr int kCount = 10'000;
    std::vector<std::future<UpstreamResult>> asked;
    asked.reserve(kCount);
    const int threads = threadCount();
    for (int i = 0; i < kCount; ++i) asked.push_back(upstream.start(post(server, "/")));
    server.waitForArrivals(64);
    CHECK(upstream.only().queued == kCount - 64);
    CHECK(threadCount() == threads);
    server.release();
    int answered = 0;
    for (auto& one : asked) answered += one.get().status == 200 ? 1 : 0;
    CHECK(answered == kCount);
    CHECK(server.arrivalCount() == kCount);
    CHECK(server.connectionCount() == 64);
}

TEST_CASE("thousands in flight at once work when the cap allows it") {
    rlimit files{};
    REQUIRE(getrlimit(RLIMIT_NOFILE, &files) == 0);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    // Both ends of each connection are in this process.
    const int count = std::min<int>(3'000, static_cast<int>((files.rlim_cur - 200) / 2));
    RawServer server(held);
    UpstreamOptions options = quickOptions();
    options.maxInFlight = 10'000;
    options.maxIdleConnections = 10'000;
    options.connectTimeoutNs = 60 * kSecond;
    UpstreamFixture upstream(options);
    std::vector<std::future<UpstreamResult>> asked;
    for (int i = 0; i < count; ++i) asked.push_back(upstream.start(post(server, "/")));
    server.waitForArrivals(count);
    CHECK(server.connectionCount() == count);
    server.release();
    int answered = 0;
    for (auto& one : asked) answered += one.get().status == 200 ? 1 : 0;
    CHECK(answered == count);
}

TEST_CASE("an upstream that fails is not asked until a probe succeeds") {
    std::atomic<int> status{500};
    RawServer server([&](const auto&) -> RawServer::Reply { return {answer(status)}; });
    UpstreamOptions options = quickOptions();
    options.breaker.consecutiveFailures = 3;
    options.breaker.openNs = 100 * kSecond;
    options.breaker.maxOpenNs = 1000 * kSecond;
    UpstreamFixture upstream(options);
    for (int i = 0; i < 3; ++i) CHECK(upstream.ask(post(server, "/")).status == 500);
    const auto refused = upstream.ask(post(server, "/"));
    CHECK(refused.outcome == UpstreamResult::kNotSent);
    CHECK(refused.reason == UpstreamResult::kBreakerOpen);
    CHECK_THAT(refused.error, Catch::StartsWith(server.place() + ": not asked, since it failed"));
    CHECK(server.arrivalCount() == 3);
    CHECK(upstream.only().breaker == UpstreamSnapshot::kOpen);
    CHECK(upstream.only().breakerOpenForNs > 0);
    CHECK(upstream.only().breakerOpened == 1);
    upstream.client.resetBreaker(server.place());
    status = 200;
    CHECK(upstream.ask(post(server, "/")).status == 200);
    CHECK(upstream.only().breaker == UpstreamSnapshot::kClosed);
}

TEST_CASE("when the breaker opens, those that wait are told at once that nothing was sent") {
    RawServer server([](const auto&) -> RawServer::Reply {
        return {answer(503), RawServer::kKeep, "", true};
    });
    UpstreamOptions options = quickOptions();
    options.maxInFlight = 1;
    options.breaker.consecutiveFailures = 1;
    options.breaker.openNs = 100 * kSecond;
    UpstreamFixture upstream(options);
    std::vector<std::future<UpstreamResult>> asked;
    for (int i = 0; i < 5; ++i) asked.push_back(upstream.start(post(server, "/")));
    server.waitForArrivals(1);
    server.release();
    CHECK(asked[0].get().status == 503);
    for (int i = 1; i < 5; ++i) {
        const auto result = asked[i].get();
        CHECK(result.outcome == UpstreamResult::kNotSent);
        CHECK(result.reason == UpstreamResult::kBreakerOpen);
    }
    CHECK(server.arrivalCount() == 1);
}

TEST_CASE("a retry that meets an open breaker returns the answer it had") {
    RawServer server([](const auto&) -> RawServer::Reply { return {answer(503, "busy")}; });
    UpstreamOptions options = quickOptions();
    options.breaker.consecutiveFailures = 1;
    options.breaker.openNs = 100 * kSecond;
    UpstreamFixture upstream(options);
    const auto result = upstream.get(server.url("/"));
    CHECK(result.outcome == UpstreamResult::kResponse);
    CHECK(result.body == "busy");
    CHECK(server.arrivalCount() == 1);
}

TEST_CASE("a raised cap lets the waiting ones go") {
    RawServer server(held);
    UpstreamOptions options = quickOptions();
    options.maxInFlight = 1;
    UpstreamFixture upstream(options);
    auto first = upstream.start(post(server, "/1"));
    auto second = upstream.start(post(server, "/2"));
    server.waitForArrivals(1);
    options.maxInFlight = 2;
    upstream.client.configure(options);
    server.waitForArrivals(2);
    server.release();
    CHECK(first.get().status == 200);
    CHECK(second.get().status == 200);
}
