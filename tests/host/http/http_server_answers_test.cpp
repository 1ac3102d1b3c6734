#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>

#include "host/http/server_fixture.hpp"

using namespace totemd;
using namespace totemd::test;

namespace {

std::string pattern(std::size_t size) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>('a' + i % 23);
    return bytes;
}

HttpHandler always(const HttpResponse& response) {
    return [response](HttpRequest&&, Responder responder) { responder.send(response); };
}

}  // namespace

TEST_CASE("an answer may come later, from another thread") {
    std::promise<Responder> handed;
    ServerFixture fixture([&](HttpRequest&&, Responder responder) { handed.set_value(responder); });
    RawClient client(fixture.port());
    client.send(kGet);
    Responder responder = handed.get_future().get();
    CHECK_FALSE(responder.answered());
    CHECK_FALSE(responder.cancelled());
    CHECK(responder.send(HttpResponse::text(201, "late")));
    CHECK_FALSE(responder.send(HttpResponse::text(200, "twice")));
    CHECK(responder.answered());
    const RawClient::Answer answer = client.read();
    CHECK(answer.status == 201);
    CHECK(answer.body == "late");
}

TEST_CASE("a request that nobody answers gets a 500") {
    ServerFixture fixture([](HttpRequest&&, Responder) {});
    RawClient client(fixture.port());
    for (int i = 0; i < 2; ++i) {
        client.send(kGet);
        const RawClient::Answer answer = client.read();
        CHECK(answer.status == 500);
        CHECK(answer.body.find("the request was not answered") != std::string::npos);
    }
}

TEST_CASE("an answer that is dropped on another thread gets a 500") {
    std::thread thread;
    ServerFixture fixture(
        [&](HttpRequest&&, Responder responder) { thread = std::thread([responder] {}); });
    RawClient client(fixture.port());
    client.send(kGet);
    CHECK(client.read().status == 500);
    thread.join();
}

TEST_CASE("a handler that throws is answered with 500 and the operator is told") {
    std::promise<std::string> warning;
    ListenerOptions options;
    options.warn = [&](const std::string& message) { warning.set_value(message); };
    ServerFixture fixture(
        [](HttpRequest&&, Responder) { throw std::runtime_error("secret detail"); }, options);
    RawClient client(fixture.port());
    client.send(kGet);
    const RawClient::Answer answer = client.read();
    CHECK(answer.status == 500);
    CHECK(answer.body.find("secret") == std::string::npos);
    CHECK(warning.get_future().get() == "listener test: a request handler failed: secret detail");
}

TEST_CASE("an answer that would break the message is replaced by a 500") {
    HttpResponse bad = HttpResponse::text(200, "x");
    switch (GENERATE(0, 1, 2, 3, 4)) {
        case 0:
            bad.with("X", "a\r\nSet-Cookie: b");
            break;
        case 1:
            bad.with("X Y", "a");
            break;
        case 2:
            bad.with("", "a");
            break;
        case 3:
            bad.status = 100;
            break;
        case 4:
            bad.status = 999;
            break;
    }
    ServerFixture fixture(always(bad));
    RawClient client(fixture.port());
    client.send(kGet);
    const RawClient::Answer answer = client.read();
    CHECK(answer.status == 500);
    CHECK(answer.head.find("Set-Cookie") == std::string::npos);
}

TEST_CASE("the server decides about length, connection and date") {
    HttpResponse response = HttpResponse::text(200, "abc");
    response.with("content-length", "99")
        .with("Transfer-Encoding", "chunked")
        .with("Date", "never");
    ServerFixture fixture(always(response));
    RawClient client(fixture.port());
    client.send(kGet + kGet);
    const RawClient::Answer answer = client.read();
    CHECK(answer.body == "abc");
    CHECK(answer.head.find("99") == std::string::npos);
    CHECK(answer.head.find("chunked") == std::string::npos);
    CHECK(answer.head.find("never") == std::string::npos);
    CHECK(answer.head.find(" GMT\r\n") != std::string::npos);
    CHECK(client.read().body == "abc");
}

TEST_CASE("a handler may end the connection") {
    ServerFixture fixture(always(HttpResponse::text(200, "bye").with("Connection", "close")));
    RawClient client(fixture.port());
    client.send(kGet);
    CHECK(client.read().body == "bye");
    CHECK(client.closed());
}

TEST_CASE("204 and 304 have neither body nor length") {
    HttpResponse response = HttpResponse::text(GENERATE(204, 304), "must not be sent");
    ServerFixture fixture(always(response));
    RawClient client(fixture.port());
    for (int i = 0; i < 2; ++i) {
        client.send(kGet);
        const RawClient::Answer answer = client.read(true);
        CHECK(answer.status == response.status);
        CHECK(answer.head.find("Content-Length") == std::string::npos);
    }
}

TEST_CASE("answers of every size arrive whole") {
    for (const std::size_t size : {0UL, 1UL, 65'536UL, 65'537UL, 9'000'000UL}) {
        CAPTURE(size);
        const std::string body = pattern(size);
        ServerFixture fixture(always(HttpResponse::text(200, body)));
        RawClient client(fixture.port());
        client.send(kGet + kGet);
        for (int i = 0; i < 2; ++i) {
            const bool same = client.read().body == body;
            CHECK(same);
        }
    }
}

TEST_CASE("a file range is sent from its offset, also to a slow reader") {
    const std::string bytes = pattern(6'000'000);
    const auto file = fileWith(bytes);
    ServerFixture fixture(always(HttpResponse::file(206, {file, 17, 5'000'000}, "image/jpeg")));
    RawClient client(fixture.port());
    client.setReceiveBuffer(64 * 1024);
    client.send(kGet + "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + kGet);
    const RawClient::Answer first = client.read();
    CHECK(first.status == 206);
    const bool same = first.body == bytes.substr(17, 5'000'000);
    CHECK(same);
    CHECK(client.read(true).head.find("Content-Length: 5000000") != std::string::npos);
    CHECK(client.read().body.size() == 5'000'000);
}

TEST_CASE("a file that is shorter than its range ends the connection") {
    const auto file = fileWith("short");
    ServerFixture fixture(always(HttpResponse::file(200, {file, 0, 100}, "x/y")));
    RawClient client(fixture.port());
    client.send(kGet);
    CHECK(client.read().status == 0);
}

TEST_CASE("a responder knows that its client is gone") {
    const bool hard = GENERATE(true, false);
    std::promise<Responder> handed;
    ServerFixture fixture([&](HttpRequest&&, Responder responder) { handed.set_value(responder); });
    RawClient client(fixture.port());
    client.send(kGet);
    const Responder responder = handed.get_future().get();
    CHECK_FALSE(responder.cancelled());
    if (hard) {
        client.reset();
    } else {
        client.close();
    }
    while (!responder.cancelled()) std::this_thread::yield();
    responder.send(HttpResponse::text(200, "for nobody"));
    RawClient other(fixture.port());
    while (fixture.server().stats().openConnections > 1) std::this_thread::yield();
}

TEST_CASE("a client that has only ended its side still gets its answer") {
    std::promise<Responder> handed;
    ServerFixture fixture([&](HttpRequest&&, Responder responder) { handed.set_value(responder); });
    RawClient client(fixture.port());
    client.send(kGet);
    client.finish();
    const Responder responder = handed.get_future().get();
    while (!responder.cancelled()) std::this_thread::yield();
    responder.send(HttpResponse::text(200, "still"));
    CHECK(client.read().body == "still");
    CHECK(client.closed());
}

TEST_CASE("a client that leaves during a large answer does no harm") {
    const auto file = fileWith(pattern(3'000'000));
    HttpResponse response = HttpResponse::file(200, {file, 0, 3'000'000}, "x/y");
    ServerFixture fixture(always(response));
    for (int i = 0; i < 20; ++i) {
        RawClient client(fixture.port());
        client.send(kGet);
        client.reset();
    }
    RawClient client(fixture.port());
    client.send(kGet);
    CHECK(client.read().body.size() == 3'000'000);
}
