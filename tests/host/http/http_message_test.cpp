#include "http/http_message.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <system_error>

#include "host/http/server_fixture.hpp"

using namespace totemd;
using totemd::test::fileWith;

namespace {

std::string bodyOf(const HttpResponse& response) {
    return std::get<std::string>(response.body);
}

}  // namespace

TEST_CASE("a problem answer carries title, status and detail") {
    const HttpResponse response = HttpResponse::problem(404, "no route for /x");
    CHECK(response.status == 404);
    CHECK(*findHeader(response.headers, "content-type") == "application/problem+json");
    const auto value = nlohmann::json::parse(bodyOf(response));
    CHECK(value == nlohmann::json{{"type", "about:blank"},
                                  {"title", "Not Found"},
                                  {"status", 404},
                                  {"detail", "no route for /x"}});
}

TEST_CASE("bytes that are no UTF-8 do not break a JSON answer") {
    const auto value = nlohmann::json::parse(bodyOf(HttpResponse::problem(400, "a\xff z")));
    CHECK(value["detail"] == "a\xef\xbf\xbd z");
}

TEST_CASE("a spooled body is read from its start, by each copy") {
    const Body body(fileWith("spooled bytes"), 13);
    const Body copy = body;
    CHECK(body.spooled());
    CHECK(body.read() == "spooled bytes");
    CHECK(copy.read() == "spooled bytes");
    CHECK(body.bytes().empty());
}

TEST_CASE("a spooled body that is shorter than said is an error") {
    const Body body(fileWith("abc"), 5);
    CHECK_THROWS_WITH(body.read(), Catch::Contains("cannot read a spooled request body"));
}

TEST_CASE("the size of an answer is that of its bytes or of its file range") {
    CHECK(HttpResponse::text(200, "abc").bodySize() == 3);
    CHECK(HttpResponse::file(200, {fileWith("abcdef"), 2, 3}, "x/y").bodySize() == 3);
    CHECK(HttpResponse::empty(204).bodySize() == 0);
}
