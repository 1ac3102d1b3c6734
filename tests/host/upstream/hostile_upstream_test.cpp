#include <zlib.h>

#include <catch2/catch.hpp>

#include "host/upstream/upstream_fixture.hpp"

using namespace totemd;
using namespace totemd::test;

namespace {

std::string gzipped(const std::string& text) {
    z_stream stream{};
    REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) == Z_OK);
    std::string out(deflateBound(&stream, text.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

UpstreamResult askOnce(const RawServer::Reply& reply, std::uint64_t cap = 1000,
                       const std::string& method = "POST", std::int64_t limit = 5 * kSecond) {
    RawServer server([&](const auto&) { return reply; });
    UpstreamFixture upstream;
    UpstreamRequest request;
    request.method = method;
    request.url = server.url("/x?key=s3cret");
    request.maxResponseBytes = cap;
    request.repeatable = false;
    request.deadlineNs = monotonicNow() + limit;
    UpstreamResult result = upstream.ask(std::move(request));
    CHECK_THAT(result.error, !Catch::Contains("s3cret"));
    if (result.outcome != UpstreamResult::kResponse) {
        CHECK_THAT(result.error, Catch::StartsWith(server.place() + ": "));
    }
    return result;
}

}  // namespace

TEST_CASE("a header that drips ends at the deadline, and the request is unknown") {
    const auto result =
        askOnce({"HTTP/1.1 200 OK\r\nX: ", RawServer::kKeep, std::string(4000, 'x')}, 1000, "POST",
                1500 * kMillisecond);
    CHECK(result.outcome == UpstreamResult::kUnknown);
    CHECK(result.reason == UpstreamResult::kDeadline);
    CHECK_THAT(result.error, Catch::Contains("no complete response before the deadline"));
}

TEST_CASE("a body that drips ends at the deadline, with the status and without half a body") {
    const auto result = askOnce({"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n",
                                 RawServer::kKeep, std::string(4000, 'x')},
                                5000, "POST", 1500 * kMillisecond);
    CHECK(result.outcome == UpstreamResult::kUnknown);
    CHECK(result.reason == UpstreamResult::kDeadline);
    CHECK(result.status == 200);
    CHECK(result.body.empty());
    CHECK_THAT(result.error, Catch::Contains("after status 200"));
}

TEST_CASE("a repeatable request that runs out of time has failed and may be asked again") {
    RawServer server([](const auto&) -> RawServer::Reply {
        return {"", RawServer::kKeep, "", true};
    });
    UpstreamFixture upstream;
    UpstreamRequest request;
    request.url = server.url("/");
    request.deadlineNs = monotonicNow() + 1500 * kMillisecond;
    const auto result = upstream.ask(std::move(request));
    CHECK(result.outcome == UpstreamResult::kFailed);
    CHECK(result.reason == UpstreamResult::kDeadline);
}

TEST_CASE("a connection that ends in the middle of the body is lost, not an answer") {
    const std::string half = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";
    const std::string chunk = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nhalf";
    const auto bytes = GENERATE_COPY(half, chunk);
    const auto then = GENERATE(RawServer::kClose, RawServer::kReset);
    const auto result = askOnce({bytes, then});
    CHECK(result.outcome == UpstreamResult::kUnknown);
    CHECK(result.reason == UpstreamResult::kConnectionLost);
    CHECK(result.status == 200);
    CHECK(result.body.empty());
}

TEST_CASE("a body over the cap ends the request whether it is announced, chunked or endless") {
    const std::string big(2000, 'x');
    const std::string chunked =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" + big + "\r\n0\r\n\r\n";
    const std::string endless = "HTTP/1.1 200 OK\r\n\r\n" + big;
    const auto bytes = GENERATE_COPY(answer(200, big), chunked, endless);
    const auto result = askOnce({bytes, RawServer::kClose});
    CHECK(result.outcome == UpstreamResult::kUnknown);
    CHECK(result.reason == UpstreamResult::kTooLarge);
    CHECK(result.status == 200);
    CHECK_THAT(result.error, Catch::Contains("larger than 1000 bytes"));
}

TEST_CASE("a body of exactly the cap is an answer") {
    const auto result = askOnce({answer(200, std::string(1000, 'x'))});
    CHECK(result.outcome == UpstreamResult::kResponse);
    CHECK(result.body.size() == 1000);
}

TEST_CASE("gzip is decoded, and its headers do not describe what is gone") {
    const auto result =
        askOnce({answer(200, gzipped("hola hola hola"), "Content-Encoding: gzip\r\n")});
    CHECK(result.body == "hola hola hola");
    CHECK(result.header("Content-Encoding") == nullptr);
    CHECK(result.header("Content-Length") == nullptr);
}

TEST_CASE("a gzip bomb is cut at the cap on the decoded size") {
    const auto result =
        askOnce({answer(200, gzipped(std::string(50'000'000, '0')), "Content-Encoding: gzip\r\n")},
                100'000);
    CHECK(result.reason == UpstreamResult::kTooLarge);
    CHECK(result.outcome == UpstreamResult::kUnknown);
}

TEST_CASE("broken encodings and answers that are not HTTP are refused, not crashed on") {
    const std::string zip = gzipped("hola hola hola hola");
    const std::string rows[] = {
        answer(200, "not gzip at all", "Content-Encoding: gzip\r\n"),
        answer(200, zip.substr(0, 10) + "\x07rubbish", "Content-Encoding: gzip\r\n"),
        answer(200, "x", "Content-Encoding: rot13\r\n"),
        "220 smtp.example ESMTP\r\n",
        "HTTP/9.9 200 OK\r\n\r\n",
        std::string("\0\0\0\0\0\0\0\0", 8),
        "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    };
    for (const std::string& bytes : rows) {
        const auto result = askOnce({bytes, RawServer::kClose});
        INFO(bytes << " -> " << result.error);
        CHECK(result.outcome == UpstreamResult::kUnknown);
        CHECK_FALSE(result.error.empty());
    }
}

TEST_CASE("headers without end are cut") {
    const auto result = askOnce({"HTTP/1.1 200 OK\r\n" +
                                     [] {
                                         std::string many;
                                         for (int i = 0; i < 20'000; ++i)
                                             many +=
                                                 "X-" + std::to_string(i) + ": something long\r\n";
                                         return many;
                                     }(),
                                 RawServer::kClose});
    CHECK(result.outcome == UpstreamResult::kUnknown);
    CHECK(result.reason == UpstreamResult::kTooLarge);
}

TEST_CASE("interim answers are skipped and cookies are not kept") {
    RawServer server([](const auto&) -> RawServer::Reply {
        return {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n" +
                answer(200, "ok", "Set-Cookie: a=b\r\n")};
    });
    UpstreamFixture upstream;
    const auto result = upstream.get(server.url("/"));
    CHECK(result.status == 200);
    CHECK(result.header("Link") == nullptr);
    upstream.get(server.url("/"));
    CHECK(server.arrivals().back().header("Cookie").empty());
}
