#include <atomic>
#include <catch2/catch.hpp>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "host/http/server_fixture.hpp"

using namespace totemd;
using namespace totemd::test;

namespace {

std::string getPath(const std::string& path) {
    return "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

}  // namespace

TEST_CASE("a good request keeps the connection, a malformed one is answered and ends it") {
    struct Row {
        std::string bytes;
        int status;
        bool kept;
    };
    const std::vector<Row> rows = {
        {kGet, 200, true},
        {"GET / HTTP/1.0\r\n\r\n", 200, false},
        {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200, true},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 200, false},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab", 200, true},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", 200,
         true},
        {"GET / HTTP/1.1\r\n\r\n", 400, false},
        {"nonsense\r\n\r\n", 400, false},
        {"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501, false},
        {"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505, false},
        {"GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414, false},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(17000, 'a') + "\r\n\r\n", 431, false},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n", 413, false},
    };
    ServerFixture fixture(ServerFixture::echo);
    for (const Row& row : rows) {
        CAPTURE(row.bytes.substr(0, 80));
        RawClient client(fixture.port());
        REQUIRE(client.send(row.bytes));
        const RawClient::Answer answer = client.read();
        CHECK(answer.status == row.status);
        const bool saysClose = answer.head.find("Connection: close\r\n") != std::string::npos;
        CHECK(saysClose == !row.kept);
        if (row.kept) {
            client.send(kGet);
            CHECK(client.read().body == "GET /ok ");
        } else {
            CHECK(client.closed());
        }
    }
}

TEST_CASE("what follows a refused request is never taken for another one") {
    std::atomic<int> smuggled{0};
    ServerFixture fixture([&](HttpRequest&& request, Responder responder) {
        if (request.path == "/smuggled") ++smuggled;
        responder.send(HttpResponse::text(200, "x"));
    });
    const std::string hidden = getPath("/smuggled");
    const std::vector<std::string> shapes = {
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n" + hidden,
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" +
            hidden,
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n" + hidden,
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: "
        "chunked\r\n\r\n0\r\n\r\n" +
            hidden,
        "POST / HTTP/1.1\r\nHost: a\r\nX: y\r\n Content-Length: 5\r\n\r\n" + hidden,
        "POST / HTTP/1.1\r\nHost: a\r\nX: y\nContent-Length: 5\r\n\r\n" + hidden,
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 0\r\n\r\n" + hidden,
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\nX\r\n\r\n" + hidden,
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + hidden,
    };
    for (const std::string& shape : shapes) {
        CAPTURE(shape);
        RawClient client(fixture.port());
        REQUIRE(client.send(shape));
        CHECK(client.read().status == 400);
        CHECK(client.closed());
    }
    CHECK(smuggled == 0);
    CHECK(fixture.server().stats().refusedMalformed == shapes.size());
}

TEST_CASE("a request may arrive byte by byte") {
    ServerFixture fixture(ServerFixture::echo);
    RawClient client(fixture.port());
    const std::string request =
        "POST /p?q=1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: u\r\n\r\n";
    for (const char byte : request + request) REQUIRE(client.send(std::string_view(&byte, 1)));
    CHECK(client.read().body == "POST /p?q=1 abcde");
    CHECK(client.read().body == "POST /p?q=1 abcde");
}

TEST_CASE("pipelined requests are answered in order") {
    ServerFixture fixture(ServerFixture::echo);
    RawClient client(fixture.port());
    std::string all;
    for (int i = 0; i < 500; ++i) all += getPath("/" + std::to_string(i));
    REQUIRE(client.send(all));
    for (int i = 0; i < 500; ++i) REQUIRE(client.read().body == "GET /" + std::to_string(i) + " ");
}

TEST_CASE("pipelined requests wait while another thread answers the one before") {
    std::mutex mutex;
    std::vector<std::thread> threads;
    std::atomic<int> running{0};
    std::atomic<bool> overlapped{false};
    ServerFixture fixture([&](HttpRequest&& request, Responder responder) {
        if (running.fetch_add(1) != 0) overlapped = true;
        const std::lock_guard lock(mutex);
        threads.emplace_back([&running, responder, target = request.target] {
            --running;
            responder.send(HttpResponse::text(200, target));
        });
    });
    RawClient client(fixture.port());
    std::string all;
    for (int i = 0; i < 50; ++i) all += getPath("/" + std::to_string(i));
    REQUIRE(client.send(all));
    client.finish();  // also answered when the client has ended its side
    for (int i = 0; i < 50; ++i) REQUIRE(client.read().body == "/" + std::to_string(i));
    CHECK(client.closed());
    CHECK_FALSE(overlapped);
    for (std::thread& thread : threads) thread.join();
}

TEST_CASE("HEAD gets the length but no body") {
    ServerFixture fixture(ServerFixture::echo);
    RawClient client(fixture.port());
    client.send("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n" + kGet);
    const RawClient::Answer head = client.read(true);
    CHECK(head.status == 200);
    CHECK(head.head.find("Content-Length: 8\r\n") != std::string::npos);
    CHECK(client.read().body == "GET /ok ");
}

TEST_CASE("a client that waits for 100 Continue gets it, unless the body is refused") {
    ServerFixture fixture(ServerFixture::echo);
    RawClient client(fixture.port());
    client.send("POST /e HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    CHECK(client.read().head == "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("abc");
    CHECK(client.read().body == "POST /e abc");
    client.send(
        "POST /e HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n\r\n");
    CHECK(client.read().status == 413);
    CHECK(client.closed());
}

TEST_CASE("a request says where it came from") {
    HttpRequest seen;
    ListenerOptions options;
    options.name = "front";
    const std::int64_t before = unixNow();
    ServerFixture fixture(
        [&](HttpRequest&& request, Responder responder) {
            seen = std::move(request);
            responder.send(HttpResponse::empty(204));
        },
        options);
    RawClient client(fixture.port());
    client.send(kGet);
    CHECK(client.read().status == 204);
    CHECK(seen.peerAddress == "127.0.0.1");
    CHECK(seen.peerIsLoopback);
    CHECK(seen.listener == "front");
    CHECK(seen.receivedUnixNs >= before);
    CHECK(seen.receivedUnixNs <= unixNow());
}

TEST_CASE("a listener may be on IPv6") {
    ListenerOptions options;
    options.address = "[::1]:0";
    ServerFixture fixture(
        [](HttpRequest&& request, Responder responder) {
            responder.send(
                HttpResponse::text(request.peerIsLoopback ? 200 : 500, request.peerAddress));
        },
        options);
    RawClient client(fixture.port(), true);
    client.send(kGet);
    const RawClient::Answer answer = client.read();
    CHECK(answer.status == 200);
    CHECK(answer.body == "::1");
}
