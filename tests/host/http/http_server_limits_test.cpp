#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "host/http/server_fixture.hpp"

using namespace totemd;
using namespace totemd::test;

namespace {

ListenerOptions withLimits(const HttpLimits& limits) {
    ListenerOptions options;
    options.limits = limits;
    return options;
}

std::string post(std::size_t length) {
    return "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n";
}

/// Restores a process limit at the end.
class LimitGuard {
public:
    LimitGuard(__rlimit_resource which, rlim_t soft) : which_(which) {
        getrlimit(which_, &before_);
        rlimit lower = before_;
        lower.rlim_cur = soft;
        setrlimit(which_, &lower);
    }
    ~LimitGuard() { restore(); }
    void restore() const { setrlimit(which_, &before_); }

private:
    const __rlimit_resource which_;
    rlimit before_{};
};

/// Keeps the first warning of a server.
struct FirstWarning {
    std::promise<std::string> promise;
    std::atomic<bool> told{false};
    std::function<void(const std::string&)> callback() {
        return [this](const std::string& message) {
            if (!told.exchange(true)) promise.set_value(message);
        };
    }
};

}  // namespace

TEST_CASE("a header that does not arrive in time is answered with 408") {
    HttpLimits limits;
    limits.headerMs = 50;
    ServerFixture fixture(ServerFixture::echo, withLimits(limits));
    RawClient client(fixture.port());
    client.send("GET / HTTP/1.1\r\nHost:");
    CHECK(client.read().status == 408);
    CHECK(client.closed());
    CHECK(fixture.server().stats().timedOut == 1);
}

TEST_CASE("a dribbled header does not win time with each byte") {
    HttpLimits limits;
    limits.headerMs = 60;
    ServerFixture fixture(ServerFixture::echo, withLimits(limits));
    RawClient client(fixture.port());
    client.send("GET / HTTP/1.1\r\nX: ");
    // Sends until the server ends it; endless if each byte gave new time (ctest's limit then).
    while (client.send("a") && fixture.server().stats().timedOut == 0) usleep(1000);
    CHECK(client.read().status == 408);
}

TEST_CASE("an idle connection is closed without a word") {
    HttpLimits limits;
    limits.keepAliveMs = 40;
    ServerFixture fixture(ServerFixture::echo, withLimits(limits));
    RawClient fresh(fixture.port());
    CHECK(fresh.closed());
    RawClient used(fixture.port());
    used.send(kGet);
    CHECK(used.read().status == 200);
    CHECK(used.closed());
    CHECK(fixture.server().stats().timedOut == 0);
}

TEST_CASE("a body has a total time and a minimum progress") {
    HttpLimits limits;
    const bool total = GENERATE(true, false);
    (total ? limits.bodyMs : limits.progressMs) = 50;
    ServerFixture fixture(ServerFixture::echo, withLimits(limits));
    RawClient client(fixture.port());
    client.send(post(10'000) + "abc");
    CHECK(client.read().status == 408);
    CHECK(client.closed());
}

TEST_CASE("a body that is too large is refused before it is sent") {
    HttpLimits limits;
    limits.bodyBytes = 100;
    ServerFixture fixture(ServerFixture::echo, withLimits(limits));
    RawClient exact(fixture.port());
    exact.send(post(100) + std::string(100, 'a'));
    CHECK(exact.read().status == 200);
    exact.send(post(101));
    const RawClient::Answer answer = exact.read();
    CHECK(answer.status == 413);
    CHECK(answer.body.find("the body is larger than this address accepts") != std::string::npos);
    CHECK(exact.closed());

    RawClient chunked(fixture.port());
    chunked.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    chunked.send("40\r\n" + std::string(64, 'a') + "\r\n40\r\n");
    CHECK(chunked.read().status == 413);
    CHECK(fixture.server().stats().refusedBody == 2);
}

TEST_CASE("the answer to a refused upload is readable although the client sends on") {
    ServerFixture fixture(ServerFixture::echo);
    RawClient client(fixture.port());
    const std::string megabyte(1 << 20, 'a');
    client.send(post(64ULL << 20));
    for (int i = 0; i < 8; ++i) client.send(megabyte);
    CHECK(client.read().status == 413);
}

TEST_CASE("a route may have its own body limit") {
    ListenerOptions options;
    options.bodyLimit = [](const HttpRequest& head) -> std::uint64_t {
        return head.path == "/big" && head.listener == "test" && head.peerIsLoopback ? 1000 : 10;
    };
    ServerFixture fixture(ServerFixture::echo, options);
    RawClient client(fixture.port());
    client.send("POST /big HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello world");
    CHECK(client.read().status == 200);
    client.send("POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello world");
    CHECK(client.read().status == 413);
}

TEST_CASE("a connection too many is answered with 503 and closed") {
    HttpLimits limits;
    limits.maxConnections = 2;
    ServerFixture fixture(ServerFixture::echo, withLimits(limits));
    RawClient one(fixture.port());
    RawClient two(fixture.port());
    for (RawClient* client : {&one, &two}) {
        client->send(kGet);
        REQUIRE(client->read().status == 200);
    }
    RawClient three(fixture.port());
    CHECK(three.read().status == 503);
    CHECK(three.closed());
    one.send(kGet);
    CHECK(one.read().status == 200);
    CHECK(fixture.server().stats().refusedConnections == 1);
    CHECK(fixture.server().stats().openConnections == 2);
}

TEST_CASE("a body over the threshold is spooled and read back whole") {
    const bool chunked = GENERATE(true, false);
    HttpLimits limits;
    limits.spoolThreshold = 1000;
    std::atomic<bool> spooled{false};
    ServerFixture fixture(
        [&](HttpRequest&& request, Responder responder) {
            spooled = request.body.spooled();
            responder.send(HttpResponse::text(200, request.body.read()));
        },
        withLimits(limits));
    RawClient client(fixture.port());
    for (const std::size_t size : {1000U, 1001U, 300'000U}) {
        std::string body;
        for (std::size_t i = 0; i < size; ++i) body += static_cast<char>('a' + i % 23);
        if (chunked) {
            client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
            for (std::size_t at = 0; at < size; at += 500) {
                const std::string part = body.substr(at, 500);
                char head[16];
                std::snprintf(head, sizeof head, "%zx\r\n", part.size());
                client.send(head + part + "\r\n");
            }
            client.send("0\r\n\r\n");
        } else {
            client.send(post(size) + body);
        }
        const bool same = client.read().body == body;
        CHECK(same);
        CHECK(spooled == (size > 1000));
    }
}

TEST_CASE("a body that cannot be spooled is answered with 507 and the operator is told") {
    FirstWarning warning;
    ListenerOptions options;
    options.tempDirectory = "/nonexistent/spool";
    options.warn = warning.callback();
    ServerFixture fixture(ServerFixture::echo, options);
    RawClient client(fixture.port());
    client.send(post(100'000));
    const RawClient::Answer answer = client.read();
    CHECK(answer.status == 507);
    CHECK(answer.body.find("nonexistent") == std::string::npos);
    CHECK(client.closed());
    CHECK(warning.promise.get_future().get() ==
          "listener test: cannot spool a request body in /nonexistent/spool (open): No such file "
          "or directory");
    RawClient small(fixture.port());
    small.send(post(3) + "abc");
    CHECK(small.read().status == 200);
    CHECK(fixture.server().stats().refusedSpool == 1);
}

TEST_CASE("a disk that fills while a body is spooled gives 507") {
    // A file size limit fails a write in the middle, as a full disk does.
    FirstWarning warning;
    ListenerOptions options;
    options.tempDirectory = std::filesystem::temp_directory_path();
    options.warn = warning.callback();
    ServerFixture fixture(ServerFixture::echo, options);
    signal(SIGXFSZ, SIG_IGN);
    RawClient client(fixture.port());
    {
        const LimitGuard guard(RLIMIT_FSIZE, 150'000);
        client.send(post(200'000) + std::string(200'000, 'a'));
        CHECK(client.read().status == 507);
    }
    signal(SIGXFSZ, SIG_DFL);
    CHECK(client.closed());
    CHECK_THAT(warning.promise.get_future().get(), Catch::Contains("(write): File too large"));
    RawClient again(fixture.port());
    again.send(post(200'000) + std::string(200'000, 'a'));
    CHECK(again.read().status == 200);
}

TEST_CASE("without free descriptors connections wait and are served later") {
    FirstWarning warning;
    ListenerOptions options;
    options.warn = warning.callback();
    ServerFixture fixture(ServerFixture::echo, options);
    RawClient before(fixture.port());
    before.send(kGet);
    REQUIRE(before.read().status == 200);
    // The next descriptor would be this one: forbid it after the client has its own.
    const int next = dup(0);
    close(next);
    {
        std::unique_ptr<RawClient> waiting;
        {
            const LimitGuard guard(RLIMIT_NOFILE, static_cast<rlim_t>(next) + 1);
            waiting = std::make_unique<RawClient>(fixture.port());
            CHECK_THAT(warning.promise.get_future().get(),
                       Catch::Contains("listener test: cannot accept connections: Too many open "
                                       "files; raise the limit of open files"));
            before.send(kGet);
            CHECK(before.read().status == 200);
        }
        waiting->send(kGet);
        CHECK(waiting->read().status == 200);
    }
    // It pauses instead of spinning: far fewer tries than a busy loop would make.
    CHECK(fixture.server().stats().acceptFailures >= 1);
    CHECK(fixture.server().stats().acceptFailures < 1000);
}

TEST_CASE("idle and dribbling connections change nothing for the others") {
    ServerFixture fixture(ServerFixture::echo);
    std::vector<std::unique_ptr<RawClient>> others;
    for (int i = 0; i < 300; ++i) {
        others.push_back(std::make_unique<RawClient>(fixture.port()));
        if (i % 3 == 0)
            others.back()->send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\na");
        if (i % 3 == 1) others.back()->send("GET / HT");
    }
    RawClient client(fixture.port());
    for (int i = 0; i < 200; ++i) {
        client.send(kGet);
        REQUIRE(client.read().status == 200);
        if (i % 3 != 2) others[static_cast<std::size_t>(i)]->send("b");
    }
    others[2]->send(kGet);  // one that was idle all the time
    CHECK(others[2]->read().status == 200);
}

TEST_CASE("a reader that takes nothing of a large answer is cut off") {
    HttpLimits limits;
    limits.progressMs = 60;
    ServerFixture fixture(
        [](HttpRequest&&, Responder responder) {
            responder.send(HttpResponse::text(200, std::string(64 << 20, 'a')));
        },
        withLimits(limits));
    RawClient client(fixture.port());
    client.send(kGet);
    while (fixture.server().stats().timedOut == 0) std::this_thread::yield();
    CHECK(client.read().status == 0);
}

TEST_CASE("new limits hold for the next request") {
    ServerFixture fixture(ServerFixture::echo);
    RawClient client(fixture.port());
    client.send(post(3) + "abc");
    CHECK(client.read().status == 200);
    HttpLimits limits;
    limits.bodyBytes = 2;
    fixture.server().setLimits(limits);
    std::promise<void> applied;
    fixture.loop().post([&] { applied.set_value(); });
    applied.get_future().wait();
    client.send(post(3) + "abc");
    CHECK(client.read().status == 413);
}
