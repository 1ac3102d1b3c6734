#include "http/request_parser.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "http/request_checks.hpp"

using namespace totemd;

namespace {

constexpr RequestParser::Limits kLimits{2048, 512, 20};

struct Parsed {
    int status = 0;  // 0: complete; 1: needs more
    std::string detail;
    HttpRequest request;
    std::string body;
    std::size_t used = 0;
};

/// Feeds `bytes` in pieces of `step`, keeping what is not taken, as a connection does.
Parsed parse(const std::string& bytes, std::size_t step = 1 << 20, std::uint64_t limit = 1000) {
    Parsed result;
    RequestParser parser(kLimits, [&](std::string_view piece) {
        result.body.append(piece);
        return true;
    });
    std::string pending;
    std::size_t next = 0;
    bool headSeen = false;
    while (next < bytes.size() || !pending.empty()) {
        const std::size_t take = std::min(step, bytes.size() - next);
        if (take == 0 && pending.empty()) break;
        pending += bytes.substr(next, take);
        next += take;
        bool moved = true;
        while (moved && !pending.empty()) {
            const std::size_t n = parser.feed(pending);
            pending.erase(0, n);
            result.used += n;
            moved = n > 0;
            if (!headSeen && parser.state() == RequestParser::State::Body) {
                headSeen = true;
                parser.setBodyLimit(limit);
            }
            if (parser.state() == RequestParser::State::Failed ||
                parser.state() == RequestParser::State::Done) {
                break;
            }
        }
        if (parser.state() == RequestParser::State::Done) {
            result.request = parser.request();
            return result;
        }
        if (parser.state() == RequestParser::State::Failed) {
            result.status = parser.failure().status;
            result.detail = parser.failure().detail;
            return result;
        }
        if (take == 0) break;
    }
    result.status = 1;
    return result;
}

std::string get(const std::string& headers) {
    return "GET / HTTP/1.1\r\n" + headers + "\r\n";
}
std::string post(const std::string& headers, const std::string& body) {
    return "POST /x HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n" + body;
}

struct Row {
    std::string name;
    std::string bytes;
    int status;
};

/// Statements instead of one initializer: that takes sanitizer builds many minutes to compile.
std::vector<Row> rows() {
    using namespace std::string_literals;
    std::vector<Row> table;
    const auto row = [&table](std::string name, std::string bytes, int status) {
        table.push_back({std::move(name), std::move(bytes), status});
    };

    row("a plain GET", get("Host: a\r\n"), 0);
    row("empty lines before a request", "\r\n\r\n" + get("Host: a\r\n"), 0);
    row("HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", 0);
    row("a host with a port", get("Host: a.example:80\r\n"), 0);
    row("an IPv6 host", get("Host: [::1]:80\r\n"), 0);
    row("a body with its length", post("Content-Length: 3\r\n", "abc"), 0);
    row("a body of no bytes", post("Content-Length: 0\r\n", ""), 0);
    row("a chunked body", post("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n"), 0);
    row("Chunked in capitals", post("Transfer-Encoding: CHUNKED\r\n", "0\r\n\r\n"), 0);
    row("a chunk extension",
        post("Transfer-Encoding: chunked\r\n", "3;a=b;c=\"d\"\r\nabc\r\n0\r\n\r\n"), 0);
    row("trailers", post("Transfer-Encoding: chunked\r\n", "0\r\nX-A: b\r\nX-B: c\r\n\r\n"), 0);
    row("an absolute target of the same host", "GET http://a/x?y HTTP/1.1\r\nHost: a\r\n\r\n", 0);
    row("OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 0);
    row("bytes above 127 in a value", get("Host: a\r\nX: \xc3\xa9\r\n"), 0);
    row("a tab in a value", get("Host: a\r\nX: a\tb\r\n"), 0);
    row("an empty value", get("Host: a\r\nX:\r\n"), 0);
    row("100-continue", post("Expect: 100-continue\r\nContent-Length: 1\r\n", "a"), 0);

    row("only empty lines", "\r\n\r\n", 1);
    row("half a header", "GET / HTTP/1.1\r\nHost: a\r\n", 1);
    row("half a body", post("Content-Length: 3\r\n", "ab"), 1);
    row("a chunked body without its end",
        post("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n"), 1);

    row("xchunked", post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), 400);
    row("identity", post("Transfer-Encoding: identity\r\n", ""), 400);
    row("gzip, chunked", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 400);
    row("chunked, chunked", post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"), 400);
    row("chunked with a comma", post("Transfer-Encoding: chunked,\r\n", "0\r\n\r\n"), 400);
    row("chunked with a parameter", post("Transfer-Encoding: chunked;a=b\r\n", "0\r\n\r\n"), 400);
    row("quoted chunked", post("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n"), 400);
    row("an empty Transfer-Encoding", post("Transfer-Encoding:\r\n", ""), 400);
    row("Transfer-Encoding twice",
        post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400);
    row("chunked, then identity",
        post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"), 400);
    row("a space before the colon", post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"), 400);
    row("vertical tab before chunked",
        post("Transfer-Encoding: \x0b"
             "chunked\r\n",
             "0\r\n\r\n"),
        400);
    row("chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400);
    row("length and chunked",
        post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400);
    row("chunked and length",
        post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "0\r\n\r\n"), 400);
    row("two lengths", post("Content-Length: 3\r\nContent-Length: 4\r\n", "abcd"), 400);
    row("two equal lengths", post("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"), 400);
    row("a list of lengths", post("Content-Length: 3, 3\r\n", "abc"), 400);
    row("a signed length", post("Content-Length: +3\r\n", "abc"), 400);
    row("a negative length", post("Content-Length: -3\r\n", "abc"), 400);
    row("a hexadecimal length", post("Content-Length: 0x3\r\n", "abc"), 400);
    row("an empty length", post("Content-Length:\r\n", "abc"), 400);
    row("a length with a space in it", post("Content-Length: 3 3\r\n", "abc"), 400);
    row("a huge length", post("Content-Length: 99999999999999999999\r\n", ""), 400);
    row("a folded header", get("Host: a\r\nX: a\r\n b\r\n"), 400);
    row("a header that starts with a tab", get("Host: a\r\n\tX: a\r\n"), 400);
    row("a first header that starts with a space", get(" Host: a\r\n"), 400);
    row("no Host", get(""), 400);
    row("two Hosts", get("Host: a\r\nHost: a\r\n"), 400);
    row("an empty Host", get("Host:\r\n"), 400);
    row("a Host with a path", get("Host: a/b\r\n"), 400);
    row("a Host with user data", get("Host: a@b\r\n"), 400);
    row("two hosts in one header", get("Host: a, b\r\n"), 400);
    row("NUL in a value", get("Host: a\r\nX: a\0b\r\n"s), 400);
    row("a bell in a value",
        get("Host: a\r\nX: a\x07"
            "b\r\n"),
        400);
    row("DEL in a value",
        get("Host: a\r\nX: a\x7f"
            "b\r\n"),
        400);
    row("NUL in a name", get("Host: a\r\nX\0Y: b\r\n"s), 400);
    row("a lone CR in a value", get("Host: a\r\nX: a\rb\r\n"), 400);
    row("CR CR LF", get("Host: a\r\r\n"), 400);
    row("a bare LF", "GET / HTTP/1.1\nHost: a\n\n", 400);
    row("a bare LF behind a header", get("Host: a\nX: b\r\n"), 400);
    row("LF CR LF as the end", "GET / HTTP/1.1\r\nHost: a\r\n\n\r\n", 400);
    row("a header without a colon", get("Host: a\r\nX\r\n"), 400);
    row("a header without a name", get("Host: a\r\n: b\r\n"), 400);
    row("a name with a space", get("Host: a\r\nX Y: b\r\n"), 400);
    row("a name beyond ASCII", get("Host: a\r\nX\xc3\xa9: b\r\n"), 400);
    row("a bad Connection list", get("Host: a\r\nConnection: ,@,\r\n"), 400);
    row("no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    row("two spaces before the target", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    row("a space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    row("a tab as separator", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    row("NUL in the target", "GET /a\0 HTTP/1.1\r\nHost: a\r\n\r\n"s, 400);
    row("a fragment", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    row("a relative target", "GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    row("GET *", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    row("an authority as the target", "GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    row("an absolute target of another host", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    row("an absolute target with user data", "GET http://a@b/ HTTP/1.1\r\nHost: b\r\n\r\n", 400);
    row("another scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    row("no version", "GET /\r\nHost: a\r\n\r\n", 400);
    row("a version of other case", "GET / http/1.1\r\nHost: a\r\n\r\n", 400);
    row("a version with three digits", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400);
    row("a space behind the version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400);
    row("TLS on a plain port", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"s, 400);

    row("HTTP/2 with prior knowledge", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505);
    row("HTTP/0.9 spelled out", "GET / HTTP/0.9\r\n\r\n", 505);
    row("HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505);
    row("CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 501);
    row("TRACE", "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 501);
    row("an unknown method", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501);
    row("a method in small letters", "get / HTTP/1.1\r\nHost: a\r\n\r\n", 501);
    row("an unknown expectation", post("Expect: 200-ok\r\n", ""), 417);

    row("a target at its limit", "GET /" + std::string(511, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n",
        0);
    row("a target over its limit", "GET /" + std::string(512, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n",
        414);
    row("a target without an end", "GET /" + std::string(900, 'a'), 414);
    row("a header over its limit", get("Host: a\r\nX: " + std::string(2048, 'a') + "\r\n"), 431);
    row("a header without an end", "GET / HTTP/1.1\r\nX: " + std::string(2100, 'a'), 431);
    row("too many headers",
        get("Host: a\r\n" +
            [] {
                std::string many;
                for (int i = 0; i < 20; ++i) many += "X: a\r\n";
                return many;
            }()),
        431);

    row("a body at the limit", post("Content-Length: 1000\r\n", std::string(1000, 'a')), 0);
    row("a body over the limit", post("Content-Length: 1001\r\n", "a"), 413);
    row("a chunk over the limit", post("Transfer-Encoding: chunked\r\n", "3e9\r\na"), 413);
    row("chunks over the limit together",
        post("Transfer-Encoding: chunked\r\n",
             "3e8\r\n" + std::string(1000, 'a') + "\r\n1\r\na\r\n0\r\n\r\n"),
        413);
    row("a chunk size that overflows",
        post("Transfer-Encoding: chunked\r\n", "ffffffffffffffff1\r\n"), 400);
    row("the largest chunk size", post("Transfer-Encoding: chunked\r\n", "ffffffffffffffff\r\n"),
        413);
    row("a chunk size with 0x", post("Transfer-Encoding: chunked\r\n", "0x3\r\nabc\r\n\r\n"), 400);
    row("a signed chunk size", post("Transfer-Encoding: chunked\r\n", "+3\r\nabc\r\n"), 400);
    row("a space before a chunk size", post("Transfer-Encoding: chunked\r\n", " 3\r\nabc\r\n"),
        400);
    row("a space behind a chunk size",
        post("Transfer-Encoding: chunked\r\n", "3 \r\nabc\r\n0\r\n\r\n"), 400);
    row("no chunk size", post("Transfer-Encoding: chunked\r\n", "\r\nabc\r\n"), 400);
    row("a bare LF behind a chunk size",
        post("Transfer-Encoding: chunked\r\n", "3\nabc\r\n0\r\n\r\n"), 400);
    row("a bare LF in a chunk extension",
        post("Transfer-Encoding: chunked\r\n", "3;a=\"\n\"\r\nabc\r\n0\r\n\r\n"), 400);
    row("a chunk longer than its size",
        post("Transfer-Encoding: chunked\r\n", "3\r\nabcd\r\n0\r\n\r\n"), 400);
    row("a length as trailer",
        post("Transfer-Encoding: chunked\r\n", "0\r\nContent-Length: 3\r\n\r\n"), 400);
    row("an encoding as trailer",
        post("Transfer-Encoding: chunked\r\n", "0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
    row("a broken trailer", post("Transfer-Encoding: chunked\r\n", "0\r\nX Y\r\n\r\n"), 400);
    row("a bare LF in the trailers",
        post("Transfer-Encoding: chunked\r\n", "0\r\nX: a\nY: b\r\n\r\n"), 400);
    row("trailers without an end",
        post("Transfer-Encoding: chunked\r\n", "0\r\nX: " + std::string(3000, 'a')), 431);
    row("a chunk extension without an end",
        post("Transfer-Encoding: chunked\r\n", "3;a=" + std::string(3000, 'a')), 431);

    return table;
}

}  // namespace

TEST_CASE("the request parser accepts and refuses as the table says") {
    for (const Row& row : rows()) {
        const Parsed parsed = parse(row.bytes);
        CAPTURE(row.name, parsed.detail);
        CHECK(parsed.status == row.status);
    }
}

TEST_CASE("the request parser comes to the same end however the bytes are cut") {
    for (const Row& row : rows()) {
        const Parsed whole = parse(row.bytes);
        for (const std::size_t step : {1U, 2U, 3U, 7U, 64U}) {
            const Parsed cut = parse(row.bytes, step);
            CAPTURE(row.name, step, cut.detail);
            CHECK(cut.status == row.status);
            CHECK(cut.request.target == whole.request.target);
            if (row.status == 0) CHECK(cut.body == whole.body);
        }
    }
}

TEST_CASE("a request gives its parts raw") {
    const Parsed parsed = parse(
        "POST /a%20b/c?d=%41&e HTTP/1.1\r\nHost: h\r\nX-One:  two  \r\nx-one: three\r\n"
        "Content-Length: 4\r\n\r\nbodyNEXT");
    REQUIRE(parsed.status == 0);
    CHECK(parsed.request.method == "POST");
    CHECK(parsed.request.target == "/a%20b/c?d=%41&e");
    CHECK(parsed.request.path == "/a%20b/c");
    CHECK(parsed.request.query == "d=%41&e");
    CHECK(parsed.request.header("x-ONE") == "two");
    CHECK(parsed.request.header("absent") == "");
    CHECK_FALSE(parsed.request.hasHeader("absent"));
    CHECK(parsed.request.headers.size() == 4);
    CHECK(parsed.body == "body");
    CHECK(parsed.request.keepAlive);
}

TEST_CASE("a parser stops at the end of its request") {
    const std::string one = post("Content-Length: 4\r\n", "body");
    CHECK(parse(one + "GET / HTTP/1.1\r\n").used == one.size());
    const std::string chunked =
        post("Transfer-Encoding: chunked\r\n", "1\r\na\r\n0\r\nX: y\r\n\r\n");
    const Parsed parsed = parse(chunked + "GET / HTTP/1.1\r\n");
    CHECK(parsed.used == chunked.size());
    CHECK(parsed.body == "a");
    CHECK_FALSE(parsed.request.hasHeader("X"));
}

TEST_CASE("an absolute target is split like an origin target") {
    const auto split = [](const std::string& target) {
        return parse("GET " + target + " HTTP/1.1\r\nHost: a:80\r\n\r\n").request;
    };
    CHECK(split("http://a:80/p?q").path == "/p");
    CHECK(split("HTTP://A:80/p?q").query == "q");
    CHECK(split("http://a:80").path == "/");
    CHECK(split("http://a:80?q").path == "/");
    CHECK(split("http://a:80?q").query == "q");
}

TEST_CASE("keep-alive follows the version and the Connection header") {
    const auto keeps = [](const std::string& version, const std::string& connection) {
        return parse("GET / HTTP/" + version + "\r\nHost: a\r\n" + connection + "\r\n")
            .request.keepAlive;
    };
    CHECK(keeps("1.1", ""));
    CHECK_FALSE(keeps("1.1", "Connection: Close\r\n"));
    CHECK_FALSE(keeps("1.1", "Connection: foo, close\r\n"));
    CHECK_FALSE(keeps("1.0", ""));
    CHECK(keeps("1.0", "Connection: keep-alive\r\n"));
}

TEST_CASE("refusals say what is wrong") {
    CHECK(parse(get("")).detail == "the Host header is missing");
    CHECK(parse("BREW / HTTP/1.1\r\nHost: a\r\n\r\n").detail == "the method is not known here");
    CHECK(parse(post("Content-Length: 9999\r\n", "")).detail ==
          "the body is larger than this address accepts");
    const Parsed tls = parse("\x16\x03\x01\x02");  // all that it needs to see
    CHECK(tls.status == 400);
    CHECK(tls.detail.find("does not begin with a method") != std::string::npos);
    CHECK(parse("GET / HTTP/1.1\nHost: a\n\n").detail == "a header line does not end with CR LF");
}

TEST_CASE("a sink that cannot store ends the request with 507") {
    RequestParser parser(kLimits, [](std::string_view) { return false; });
    const std::string bytes = post("Content-Length: 3\r\n", "abc");
    const std::size_t used = parser.feed(bytes);
    parser.setBodyLimit(10);
    parser.feed(std::string_view(bytes).substr(used));
    CHECK(parser.state() == RequestParser::State::Failed);
    CHECK(parser.failure().status == 507);
}
