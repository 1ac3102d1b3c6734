#include <catch2/catch.hpp>

#include "host/upstream/upstream_fixture.hpp"

using namespace totemd;
using namespace totemd::test;

namespace {

RawServer::Reply redirectTo(int status, const std::string& location) {
    return {answer(status, "moved", "Location: " + location + "\r\n")};
}

UpstreamRequest following(const std::string& method, const std::string& url) {
    UpstreamRequest request;
    request.method = method;
    request.url = url;
    request.maxRedirects = 3;
    request.headers = {
        {"api_access_token", "k1"}, {"Authorization", "Bearer k2"}, {"Accept", "text/plain"}};
    if (method == "POST") request.body = "data";
    return request;
}

}  // namespace

TEST_CASE("redirects are answers unless the request allows them") {
    RawServer server([](const auto&) { return redirectTo(302, "/there"); });
    UpstreamFixture upstream;
    const auto result = upstream.get(server.url("/"));
    CHECK(result.status == 302);
    CHECK(server.arrivalCount() == 1);
}

TEST_CASE("a redirect keeps or changes the method as browsers do") {
    struct Row {
        int status;
        const char* method;
        const char* becomes;
        const char* body;
    };
    const auto row = GENERATE(Row{301, "POST", "GET", ""}, Row{302, "POST", "GET", ""},
                              Row{303, "POST", "GET", ""}, Row{307, "POST", "POST", "data"},
                              Row{308, "POST", "POST", "data"}, Row{302, "GET", "GET", ""},
                              Row{303, "DELETE", "GET", ""}, Row{302, "HEAD", "HEAD", ""});
    RawServer server([&](const auto& arrival) -> RawServer::Reply {
        if (arrival.path() == "/a") return redirectTo(row.status, "/b");
        if (arrival.method() == "HEAD") return {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"};
        return {answer(200, "there")};
    });
    UpstreamFixture upstream;
    const auto result = upstream.ask(following(row.method, server.url("/a")));
    CHECK(result.status == 200);
    CHECK(result.url == server.url("/b"));
    const auto arrival = server.arrivals().back();
    CHECK(arrival.method() == row.becomes);
    CHECK(arrival.body == row.body);
    CHECK(arrival.header("api_access_token") == "k1");
    CHECK(server.connectionCount() == 1);
}

TEST_CASE("another origin gets no credentials") {
    RawServer other([](const auto&) -> RawServer::Reply { return {answer(200)}; });
    RawServer server([&](const auto&) { return redirectTo(307, other.url("/b")); });
    UpstreamFixture upstream;
    UpstreamRequest request = following("POST", server.url("/a"));
    request.headers[1].first = "X-Whatever";
    request.credentials = UpstreamCredentials{UpstreamCredentials::kBasic, "ana", "s3cret"};
    CHECK(upstream.ask(std::move(request)).status == 200);
    CHECK(server.arrivals().back().header("Authorization") == "Basic YW5hOnMzY3JldA==");
    const auto arrival = other.arrivals().back();
    CHECK(arrival.body == "data");
    CHECK(arrival.header("Accept") == "text/plain");
    for (const char* name : {"Authorization", "api_access_token", "X-Whatever"}) {
        INFO(name);
        CHECK(arrival.header(name).empty());
    }
}

TEST_CASE("a redirect to a forbidden place is not followed, and a POST that led there is unknown") {
    const std::string place = GENERATE(
        as<std::string>{}, "http://169.254.169.254/latest/meta-data", "http://0xa9fea9fe/",
        "http://0251.0376.0251.0376/", "http://2852039166/", "http://169.254.43518/",
        "http://[::ffff:169.254.169.254]/", "http://[::ffff:a9fe:a9fe]/", "http://[fe80::1]/",
        "http://[64:ff9b::a9fe:a9fe]/", "file:///etc/passwd", "gopher://127.0.0.1/", "ftp://x/");
    RawServer server([&](const auto&) { return redirectTo(302, place); });
    UpstreamFixture upstream;
    INFO(place);
    auto result = upstream.ask(following("POST", server.url("/a")));
    INFO(result.error);
    CHECK(result.outcome == UpstreamResult::kUnknown);
    CHECK(result.reason == UpstreamResult::kPolicy);
    result = upstream.ask(following("GET", server.url("/a")));
    CHECK(result.outcome == UpstreamResult::kFailed);
    CHECK(result.reason == UpstreamResult::kPolicy);
}

TEST_CASE("link-local addresses are refused in every spelling before a byte leaves") {
    const std::string host =
        GENERATE(as<std::string>{}, "169.254.169.254", "0xa9fea9fe", "0xA9.0xFE.0xA9.0xFE",
                 "0251.0376.0251.0376", "2852039166", "169.254.43518", "[::ffff:169.254.169.254]",
                 "[::ffff:a9fe:a9fe]", "[::169.254.169.254]", "[64:ff9b::169.254.169.254]",
                 "[fe80::1]", "[fd00:ec2::254]");
    UpstreamFixture upstream;
    UpstreamRequest request;
    request.url = "http://" + host + "/latest/meta-data";
    // Far less than a connect would take where nothing answers: the refusal needs no network.
    const auto result = upstream.ask(std::move(request));
    INFO(host << ": " << result.error);
    CHECK(result.outcome == UpstreamResult::kNotSent);
    CHECK(result.reason == UpstreamResult::kPolicy);
    CHECK_THAT(result.error, Catch::Contains("link-local"));
}

TEST_CASE("spellings that only some resolvers would take for an address reach nothing") {
    const std::string host =
        GENERATE(as<std::string>{}, "①⑥⑨.②⑤④.①⑥⑨.②⑤④", "169.254.169.254.", "169。254。169。254");
    UpstreamFixture upstream;
    const auto result = upstream.get("http://" + host + "/");
    INFO(result.error);
    CHECK(result.outcome == UpstreamResult::kNotSent);
}

TEST_CASE("an own closed listener is refused, also by redirect, connect_to and any-address") {
    RawServer admin([](const auto&) -> RawServer::Reply { return {answer(200, "admin")}; });
    RawServer server([&](const auto&) { return redirectTo(302, admin.url("/")); });
    UpstreamOptions options = quickOptions();
    options.denied = {admin.place()};
    options.connectTo["innocent:80"] = "listener:admin";
    options.resolveListener = [&](const auto&) { return admin.place(); };
    UpstreamFixture upstream(options);
    const std::string port = std::to_string(admin.port());
    for (const std::string& url :
         {admin.url("/"), "http://localhost:" + port + "/", "http://0.0.0.0:" + port + "/",
          "http://127.1:" + port + "/", "http://[::ffff:127.0.0.1]:" + port + "/",
          std::string("http://innocent/")}) {
        const auto result = upstream.get(url);
        INFO(url << ": " << result.error);
        CHECK(result.reason == UpstreamResult::kPolicy);
        CHECK(result.outcome == UpstreamResult::kNotSent);
    }
    CHECK(upstream.ask(following("GET", server.url("/"))).reason == UpstreamResult::kPolicy);
    CHECK(admin.connectionCount() == 0);
}

TEST_CASE("a policy that is narrowed counts for connections that are open already") {
    RawServer server([](const auto&) -> RawServer::Reply { return {answer(200)}; });
    UpstreamFixture upstream;
    CHECK(upstream.get(server.url("/")).status == 200);
    UpstreamOptions options = quickOptions();
    options.allowedNetworks = {"10.0.0.0/8"};
    upstream.client.configure(options);
    const auto result = upstream.post(server.url("/"), "x");
    CHECK(result.outcome == UpstreamResult::kNotSent);
    CHECK(result.reason == UpstreamResult::kPolicy);
    CHECK_THAT(result.error, Catch::Contains("none of the allowed networks"));
    CHECK(server.arrivalCount() == 1);
}

TEST_CASE("redirects end after the allowed number with the last answer") {
    RawServer server([](const auto& arrival) { return redirectTo(302, arrival.path() + "x"); });
    UpstreamFixture upstream;
    const auto result = upstream.ask(following("GET", server.url("/a")));
    CHECK(result.status == 302);
    CHECK(result.attempts == 4);
    CHECK(server.arrivalCount() == 4);
}

TEST_CASE("a proxy does not open literal link-local targets") {
    RawServer proxy([](const auto&) -> RawServer::Reply { return {answer(200)}; });
    UpstreamFixture upstream;
    UpstreamRequest request;
    request.url = "http://169.254.169.254/";
    request.proxy = proxy.url("");
    CHECK(upstream.ask(std::move(request)).reason == UpstreamResult::kPolicy);
    CHECK(proxy.arrivalCount() == 0);
}
