#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "host/http/server_fixture.hpp"

using namespace totemd;
using namespace totemd::test;

namespace {

/// A handler that hands its responders to the test.
struct Holding {
    std::promise<Responder> handed;
    HttpHandler handler() {
        return [this](HttpRequest&&, Responder responder) { handed.set_value(responder); };
    }
    Responder wait() { return handed.get_future().get(); }
};

}  // namespace

TEST_CASE("draining lets the request in progress end and closes the idle connections") {
    Holding holding;
    ServerFixture fixture(holding.handler());
    RawClient idle(fixture.port());
    RawClient busy(fixture.port());
    busy.send(kGet);
    const Responder responder = holding.wait();
    std::promise<std::size_t> drained;
    fixture.server().drain(60'000, [&](std::size_t cut) { drained.set_value(cut); });
    CHECK(idle.closed());
    CHECK_THROWS(RawClient(fixture.port()));
    responder.send(HttpResponse::text(200, "done"));
    const RawClient::Answer answer = busy.read();
    CHECK(answer.body == "done");
    CHECK(answer.head.find("Connection: close") != std::string::npos);
    CHECK(busy.closed());
    busy.close();
    CHECK(drained.get_future().get() == 0);
}

TEST_CASE("draining cuts what is not done in time and says how many") {
    Holding holding;
    ServerFixture fixture(holding.handler());
    RawClient busy(fixture.port());
    busy.send(kGet);
    const Responder responder = holding.wait();
    std::promise<std::size_t> drained;
    fixture.server().drain(30, [&](std::size_t cut) { drained.set_value(cut); });
    CHECK(drained.get_future().get() == 1);
    CHECK(busy.closed());
    CHECK(responder.cancelled());
    CHECK_FALSE(responder.send(HttpResponse::text(200, "late")));
}

TEST_CASE("draining a server without connections is done at once") {
    ServerFixture fixture(ServerFixture::echo);
    std::promise<std::size_t> drained;
    fixture.server().drain(60'000, [&](std::size_t cut) { drained.set_value(cut); });
    CHECK(drained.get_future().get() == 0);
}

TEST_CASE("a request that has arrived when draining begins is answered") {
    ServerFixture fixture(ServerFixture::echo);
    RawClient client(fixture.port());
    std::promise<void> entered;
    std::promise<void> sent;
    // Holds the loop, so that connection, request and drain are all waiting for it.
    fixture.loop().post([&] {
        entered.set_value();
        sent.get_future().wait();
    });
    entered.get_future().wait();
    RawClient late(fixture.port());
    client.send(kGet);
    late.send(kGet);
    std::promise<std::size_t> drained;
    fixture.server().drain(60'000, [&](std::size_t cut) { drained.set_value(cut); });
    sent.set_value();
    CHECK(client.read().status == 200);
    CHECK(late.read().status == 200);
    client.close();
    late.close();
    CHECK(drained.get_future().get() == 0);
}

TEST_CASE("stopping one listener leaves its connections and the other listeners alone") {
    EventLoop loop("two");
    HttpServer first(loop, {.name = "first"}, ServerFixture::echo);
    auto second =
        std::make_unique<HttpServer>(loop, ListenerOptions{.name = "second"}, ServerFixture::echo);
    first.start();
    second->start();
    loop.start();
    RawClient onFirst(first.port());
    RawClient onSecond(second->port());
    for (RawClient* client : {&onFirst, &onSecond}) {
        client->send(kGet);
        REQUIRE(client->read().status == 200);
    }
    HttpServer third(loop, {.name = "third"}, ServerFixture::echo);
    third.start();
    RawClient onThird(third.port());
    second.reset();
    CHECK(onSecond.closed());
    for (RawClient* client : {&onFirst, &onThird}) {
        client->send(kGet);
        CHECK(client->read().status == 200);
    }
}

TEST_CASE("a server may be destroyed while a request is in progress") {
    Holding holding;
    ServerFixture fixture(holding.handler());
    RawClient client(fixture.port());
    client.send(kGet);
    const Responder responder = holding.wait();
    fixture.destroyServer();
    CHECK(client.closed());
    CHECK(responder.cancelled());
    CHECK_FALSE(responder.send(HttpResponse::text(200, "late")));
}

TEST_CASE("a server may be destroyed by its own handler") {
    EventLoop loop("self");
    std::promise<void> destroyed;
    std::unique_ptr<HttpServer> server;
    server = std::make_unique<HttpServer>(loop, ListenerOptions{.name = "self"},
                                          [&](HttpRequest&&, Responder responder) {
                                              server.reset();
                                              responder.send(HttpResponse::text(200, "x"));
                                              destroyed.set_value();
                                          });
    server->start();
    RawClient client(server->port());
    loop.start();
    client.send(kGet + kGet);
    destroyed.get_future().get();
    CHECK(client.closed());
}

TEST_CASE("a server can be destroyed before its loop has started and after it has stopped") {
    EventLoop loop("never");
    { HttpServer server(loop, {.name = "unstarted"}, ServerFixture::echo); }
    {
        HttpServer server(loop, {.name = "unattached"}, ServerFixture::echo);
        server.start();
    }
    HttpServer server(loop, {.name = "late"}, ServerFixture::echo);
    server.start();
    loop.start();
    RawClient client(server.port());
    client.send(kGet);
    CHECK(client.read().status == 200);
    loop.stop();
}

TEST_CASE("an address that cannot be listened on is an error that names it") {
    ServerFixture fixture(ServerFixture::echo);
    const std::string taken = "127.0.0.1:" + std::to_string(fixture.port());
    EventLoop loop("error");
    const auto start = [&loop](const std::string& address) {
        HttpServer(loop, {.name = "main", .address = address}, ServerFixture::echo).start();
    };
    CHECK_THROWS_WITH(start(taken), Catch::StartsWith("listener main: cannot listen on " + taken) &&
                                        Catch::Contains("already in use"));
    CHECK_THROWS_WITH(start("nonsense"),
                      Catch::StartsWith("listener main: cannot listen on nonsense"));
}

TEST_CASE("the counters tell what happened") {
    ServerFixture fixture(ServerFixture::echo);
    {
        RawClient client(fixture.port());
        client.send(kGet);
        client.read();
        client.send(kGet);
        client.read();
        client.send("nonsense\r\n\r\n");
        client.read();
    }
    const HttpStats stats = fixture.server().stats();
    CHECK(stats.connections == 1);
    CHECK(stats.requests == 2);
    CHECK(stats.refusedMalformed == 1);
    while (fixture.server().stats().openConnections > 0) std::this_thread::yield();
}
