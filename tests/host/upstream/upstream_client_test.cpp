#include "upstream/upstream_client.hpp"

#include <catch2/catch.hpp>

#include "host/upstream/upstream_fixture.hpp"

using namespace totemd;
using namespace totemd::test;

namespace {

RawServer::Reply echo(const RawServer::Arrival& arrival) {
    return {answer(200, arrival.method() + " " + arrival.path() + " " + arrival.body)};
}

}  // namespace

TEST_CASE("a request comes back with status, headers, body and times") {
    RawServer server([](const auto&) -> RawServer::Reply {
        return {answer(201, "made", "X-Kind: a thing \r\n")};
    });
    UpstreamFixture upstream;
    const UpstreamResult result = upstream.get(server.url("/thing?x=1"));
    CHECK(result.outcome == UpstreamResult::kResponse);
    CHECK(result.reason == UpstreamResult::kNone);
    CHECK(result.status == 201);
    CHECK(result.body == "made");
    REQUIRE(result.header("x-kind") != nullptr);
    CHECK(*result.header("x-kind") == "a thing");
    CHECK(result.error.empty());
    CHECK(result.attempts == 1);
    CHECK(result.connectedNs >= result.startedNs);
    CHECK(result.firstByteNs >= result.connectedNs);
    CHECK(result.totalNs > 0);
}

TEST_CASE("one connection carries many requests, and each leaves nothing for the next") {
    RawServer server(echo);
    UpstreamFixture upstream;
    struct Row {
        const char* method;
        const char* body;
        const char* length;
    };
    const Row rows[] = {{"POST", "one", "3"},   {"GET", "", ""},      {"PUT", "two!", "4"},
                        {"DELETE", "", ""},     {"POST", "", "0"},    {"PATCH", "x", "1"},
                        {"DELETE", "why", "3"}, {"GET", "with", "4"}, {"OPTIONS", "", ""},
                        {"GET", "", ""}};
    for (const Row& row : rows) {
        UpstreamRequest request;
        request.method = row.method;
        request.url = server.url("/p");
        request.body = row.body;
        const UpstreamResult result = upstream.ask(std::move(request));
        CHECK(result.body == std::string(row.method) + " /p " + row.body);
        const auto arrival = server.arrivals().back();
        CHECK(arrival.header("Content-Length") == row.length);
        CHECK(arrival.header("Content-Type").empty());
        CHECK(arrival.header("Expect").empty());
        CHECK(arrival.header("Cookie").empty());
    }
    CHECK(server.connectionCount() == 1);
}

TEST_CASE("HEAD has the length of a body that does not come, however long") {
    RawServer server([](const auto&) -> RawServer::Reply {
        return {"HTTP/1.1 200 X\r\nContent-Length: 99999999\r\n\r\n"};
    });
    UpstreamFixture upstream;
    UpstreamRequest request;
    request.method = "HEAD";
    request.url = server.url("/");
    request.maxResponseBytes = 10;
    const UpstreamResult result = upstream.ask(std::move(request));
    CHECK(result.outcome == UpstreamResult::kResponse);
    CHECK(*result.header("Content-Length") == "99999999");
}

TEST_CASE("headers go out as given, except those of the connection") {
    RawServer server(echo);
    UpstreamFixture upstream;
    UpstreamRequest request;
    request.method = "POST";
    request.url = server.url("/");
    request.body = "{}";
    request.headers = {{"Content-Type", "application/json"}, {"X-Empty", ""},
                       {"Content-Length", "9000"},           {"Transfer-Encoding", "chunked"},
                       {"api_access_token", "key"},          {"Connection", "close"}};
    CHECK(upstream.ask(request).outcome == UpstreamResult::kResponse);
    CHECK(upstream.ask(request).outcome == UpstreamResult::kResponse);
    const auto arrival = server.arrivals().front();
    CHECK(arrival.header("Content-Type") == "application/json");
    CHECK(arrival.header("Content-Length") == "2");
    CHECK(arrival.header("Transfer-Encoding").empty());
    CHECK(arrival.header("api_access_token") == "key");
    CHECK(arrival.head.find("\r\nX-Empty:\r\n") != std::string::npos);
    CHECK(arrival.header("User-Agent") == "totemd");
    CHECK(server.connectionCount() == 1);
}

TEST_CASE("what cannot be a request is refused before anything is sent") {
    RawServer server(echo);
    UpstreamFixture upstream;
    struct Row {
        std::string method, url, name, value, says;
    };
    const std::string good = server.url("/");
    const Row rows[] = {
        {"GET", "ftp://127.0.0.1/x", "", "", "scheme is not http or https"},
        {"GET", "file:///etc/passwd", "", "", "scheme is not http or https"},
        {"GET", "127.0.0.1/secret", "", "", "the URL cannot be used"},
        {"GET", "", "", "", "the URL cannot be used"},
        {"GET", "http://", "", "", "the URL cannot be used"},
        {"GET", "http://host:99999/", "", "", "the URL cannot be used"},
        {"GET", "http://a\r\nb/", "", "", "the URL cannot be used"},
        {"GET", good, "X", "a\r\nInjected: b", "the value of header \"X\" has a line break"},
        {"GET", good, "X", std::string("a\0b", 3), "has a line break or a NUL"},
        {"GET", good, "X: y\r\nZ", "1", "a header name"},
        {"GET", good, "", "empty", "a header name"},
        {"GE T", good, "", "", "the method"},
        {"GET / HTTP/1.1\r\nX: y\r\n\r\n", good, "", "", "the method"},
        {"CONNECT", good, "", "", "the method"},
    };
    for (const Row& row : rows) {
        UpstreamRequest request;
        request.method = row.method;
        request.url = row.url;
        if (!row.name.empty() || !row.value.empty()) request.headers = {{row.name, row.value}};
        const UpstreamResult result = upstream.ask(std::move(request));
        INFO(row.url << " " << row.method << ": " << result.error);
        CHECK(result.outcome == UpstreamResult::kNotSent);
        CHECK(result.reason == UpstreamResult::kInvalidRequest);
        CHECK_THAT(result.error, Catch::Contains(row.says));
        CHECK_THAT(result.error, !Catch::Contains("secret"));
    }
    CHECK(server.arrivalCount() == 0);
}

TEST_CASE("spaces and UTF-8 in a URL are encoded, a fragment stays here") {
    RawServer server(echo);
    UpstreamFixture upstream;
    CHECK(upstream.get(server.url("/a b?q=José%20#part")).outcome == UpstreamResult::kResponse);
    CHECK(server.arrivals().front().path() == "/a%20b?q=Jos%c3%a9%20");
}

TEST_CASE("user and password of a URL become credentials and are in no result") {
    RawServer server(echo);
    UpstreamFixture upstream;
    const UpstreamResult result =
        upstream.get("http://ana:s3cret@127.0.0.1:" + std::to_string(server.port()) + "/x");
    CHECK(server.arrivals().front().header("Authorization") == "Basic YW5hOnMzY3JldA==");
    CHECK_THAT(result.url, !Catch::Contains("s3cret"));
    CHECK(upstream.get(server.url("/")).outcome == UpstreamResult::kResponse);
    CHECK(server.arrivals().back().header("Authorization").empty());
}

TEST_CASE("digest credentials answer the challenge and send the body once") {
    RawServer server([](const RawServer::Arrival& arrival) -> RawServer::Reply {
        if (!arrival.header("Authorization").empty()) return {answer(200, arrival.body)};
        return {
            answer(401, "", "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n")};
    });
    UpstreamFixture upstream;
    UpstreamRequest request;
    request.method = "POST";
    request.url = server.url("/");
    request.body = "pay";
    request.credentials = UpstreamCredentials{UpstreamCredentials::kDigest, "ana", "s3cret"};
    const UpstreamResult result = upstream.ask(std::move(request));
    CHECK(result.status == 200);
    CHECK(result.body == "pay");
    REQUIRE(server.arrivalCount() == 2);
    CHECK(server.arrivals()[0].body.empty());
}

TEST_CASE("a refused connection is not sent and the message says what to check") {
    UpstreamFixture upstream;
    std::string place;
    {
        RawServer server(echo);
        place = server.place();
    }
    const UpstreamResult result = upstream.post("http://" + place + "/pay?key=s3cret", "x");
    CHECK(result.outcome == UpstreamResult::kNotSent);
    CHECK(result.reason == UpstreamResult::kConnect);
    CHECK(result.safeToRepeat());
    CHECK(result.error == place +
                              ": could not connect (Connection refused); check that it runs and "
                              "listens there (nothing was sent)");
    const UpstreamSnapshot seen = upstream.only();
    CHECK(seen.state == UpstreamSnapshot::kUnhealthy);
    CHECK_THAT(seen.lastError, Catch::Contains("Connection refused"));
    CHECK(seen.notSent == 1);
}

TEST_CASE("a name without an address is not sent") {
    UpstreamFixture upstream;
    const UpstreamResult result = upstream.post("http://no-such-host.invalid:81/x", "x");
    CHECK(result.outcome == UpstreamResult::kNotSent);
    CHECK(result.reason == UpstreamResult::kResolve);
    CHECK_THAT(result.error, Catch::StartsWith("no-such-host.invalid:81: the name has no address"));
}

TEST_CASE("connect_to sends a name elsewhere and keeps it in the Host header") {
    RawServer server(echo);
    UpstreamOptions options = quickOptions();
    options.connectTo["Calidda-API:5000"] = server.place();
    options.connectTo["own:80"] = "listener:main";
    options.connectTo["gone:80"] = "listener:nothing";
    options.resolveListener = [&](const std::string& name) -> std::optional<std::string> {
        if (name == "main") return server.place();
        return std::nullopt;
    };
    UpstreamFixture upstream(options);
    CHECK(upstream.get("http://calidda-api:5000/query").outcome == UpstreamResult::kResponse);
    CHECK(server.arrivals().back().header("Host") == "calidda-api:5000");
    CHECK(upstream.get("http://own/x").outcome == UpstreamResult::kResponse);
    CHECK(server.arrivals().back().header("Host") == "own");
    const UpstreamResult gone = upstream.get("http://gone/x");
    CHECK(gone.outcome == UpstreamResult::kNotSent);
    CHECK_THAT(gone.error, Catch::Contains("listener \"nothing\", which is not open"));
}

TEST_CASE("options that cannot be read are refused by name and change nothing") {
    UpstreamFixture upstream;
    UpstreamOptions options;
    options.connectTo["no-port"] = "127.0.0.1:1";
    CHECK_THROWS_WITH(upstream.client.configure(options), Catch::Contains("\"no-port\""));
    options = {};
    options.allowedNetworks = {"10.0.0.0/33"};
    CHECK_THROWS_WITH(upstream.client.configure(options), Catch::Contains("\"10.0.0.0/33\""));
    options = {};
    options.denied = {"localhost"};
    CHECK_THROWS_WITH(upstream.client.configure(options), Catch::Contains("\"localhost\""));
}

TEST_CASE("proxies of the environment are ignored, a proxy of the request is used") {
    RawServer target(echo);
    RawServer proxy([](const auto& arrival) -> RawServer::Reply {
        return {answer(200, "by proxy " + arrival.path())};
    });
    setenv("http_proxy", proxy.url("").c_str(), 1);
    UpstreamFixture upstream;
    CHECK(upstream.get(target.url("/direct")).body == "GET /direct ");
    unsetenv("http_proxy");
    UpstreamRequest request;
    request.url = "http://far.invalid/x";
    request.proxy = proxy.url("");
    CHECK(upstream.ask(std::move(request)).body == "by proxy http://far.invalid/x");
}

TEST_CASE("asks after stop end with kStopped, as does what is under way") {
    RawServer server([](const auto&) -> RawServer::Reply {
        return {answer(200), RawServer::kKeep, "", true};
    });
    EventLoop loop("upstream");
    loop.start();
    UpstreamClient client(loop, quickOptions());
    std::promise<UpstreamResult> before, after;
    UpstreamRequest request;
    request.method = "POST";
    request.url = server.url("/");
    client.ask(request, [&](UpstreamResult&& result) { before.set_value(result); });
    server.waitForArrivals(1);
    client.stop();
    client.ask(request, [&](UpstreamResult&& result) { after.set_value(result); });
    const UpstreamResult first = before.get_future().get();
    CHECK(first.outcome == UpstreamResult::kUnknown);
    CHECK(first.reason == UpstreamResult::kStopped);
    const UpstreamResult second = after.get_future().get();
    CHECK(second.outcome == UpstreamResult::kNotSent);
    CHECK(second.reason == UpstreamResult::kStopped);
    CHECK(client.snapshot().empty());
    loop.stop();
}

TEST_CASE("a cancelled request ends, and whether it was sent is told") {
    RawServer server([](const auto&) -> RawServer::Reply {
        return {answer(200), RawServer::kKeep, "", true};
    });
    UpstreamOptions options = quickOptions();
    options.maxInFlight = 1;
    UpstreamFixture upstream(options);
    auto cancelled = std::make_shared<std::atomic<bool>>(false);
    UpstreamRequest request;
    request.method = "POST";
    request.url = server.url("/");
    request.cancelled = [cancelled] { return cancelled->load(); };
    auto sent = upstream.start(request);
    auto queued = upstream.start(request);
    server.waitForArrivals(1);
    *cancelled = true;
    const UpstreamResult first = sent.get();
    CHECK(first.reason == UpstreamResult::kCancelled);
    CHECK(first.outcome == UpstreamResult::kUnknown);
    const UpstreamResult second = queued.get();
    CHECK(second.reason == UpstreamResult::kCancelled);
    CHECK(second.outcome == UpstreamResult::kNotSent);
    CHECK(server.arrivalCount() == 1);
}

TEST_CASE("health and counters follow what happens") {
    std::atomic<int> status{200};
    RawServer server([&](const auto&) -> RawServer::Reply { return {answer(status)}; });
    UpstreamFixture upstream;
    CHECK(upstream.client.snapshot().empty());
    upstream.post(server.url("/"), "");
    UpstreamSnapshot seen = upstream.only();
    CHECK(seen.upstream == server.place());
    CHECK(seen.state == UpstreamSnapshot::kHealthy);
    CHECK(seen.sinceUnixNs > 0);
    CHECK(seen.lastLatencyNs > 0);
    CHECK(seen.responses == 1);
    status = 500;
    upstream.post(server.url("/"), "");
    seen = upstream.only();
    CHECK(seen.state == UpstreamSnapshot::kUnhealthy);
    CHECK(seen.lastError == server.place() + ": answered 500");
    CHECK(seen.responses5xx == 1);
    status = 404;
    upstream.post(server.url("/"), "");
    CHECK(upstream.only().state == UpstreamSnapshot::kHealthy);
}
