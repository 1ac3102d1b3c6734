#include "authentication.hpp"

#include <catch2/catch.hpp>

using namespace totem::evolution;

namespace {

// Made with another implementation from the key "jwt-secret"; exp is 1772359800.
const std::string kToken =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
    ".eyJpYXQiOjE3NzIzNTkyMDAsImV4cCI6MTc3MjM1OTgwMCwiYXBwIjoiZXZvbHV0aW9uIiwiYWN0aW9uIjoid2ViaG9va"
    "yJ9"
    ".SY4Z6cNaSMEiW44i6YwBoVSBsu-QhMKdH_vrDmiWTF0";
const std::string kUnsigned =
    "eyJhbGciOiJub25lIn0."
    "eyJpYXQiOiAxNzcyMzU5MjAwLCAiZXhwIjogMTc3MjM1OTgwMCwgImFwcCI6ICJldm9sdXRpb24iLCAiYWN0aW9uIjogIn"
    "dlYmhvb2sifQ.";
const std::string kSignedAs512 =
    "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9."
    "eyJpYXQiOjE3NzIzNTkyMDAsImV4cCI6MTc3MjM1OTgwMCwiYXBwIjoiZXZvbHV0aW9uIiwiYWN0aW9uIjoid2ViaG9vay"
    "J9.MjPP0lmeAx_W1Ok7paYFStCq2AJQ5Jc2iP6d4uFGj7j0114m0Knd3yafJ3Q6V0xoI35_WET3y_RNKBUAfBSRmw";
const std::string kLyingAboutItself =
    "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9."
    "eyJpYXQiOjE3NzIzNTkyMDAsImV4cCI6MTc3MjM1OTgwMCwiYXBwIjoiZXZvbHV0aW9uIiwiYWN0aW9uIjoid2ViaG9vay"
    "J9.6v7F_TAHQJoC5GqmwjKc7mvM8a7SgXwlHB1prK40V_8";
const std::string kOddClaims =
    "eyJhbGciOiJIUzI1NiJ9.WzFd.AA8zu7p1ISNNfSj_XmogMdBx4rG87deA_vYi2wZcokQ";
constexpr std::int64_t kExpires = 1772359800;
constexpr std::int64_t kSecond = 1'000'000'000;

/// A request as the host hands it over; the texts outlive it.
struct Posted {
    std::string path = "/webhook/evolution", peer = "10.1.2.3";
    std::vector<std::pair<std::string, std::string>> headers;
    std::uint32_t flags = 0;
    std::vector<totem_header> views;
    totem_http_request raw{};

    totem::Request request() {
        views.clear();
        for (const auto& [name, value] : headers) {
            views.push_back({totem::str(name), totem::str(value)});
        }
        raw.struct_size = sizeof raw;
        raw.flags = flags;
        raw.path = totem::str(path);
        raw.peer = totem::str(peer);
        raw.headers = views.data();
        raw.header_count = static_cast<std::uint32_t>(views.size());
        return totem::Request(&raw);
    }
};

int statusOf(Posted& posted, const std::string& config, std::int64_t nowS = kExpires) {
    return authenticate(posted.request(), nowS * kSecond, parseSettings(config)).status;
}

const std::string kHeader =
    R"({"webhook_header":{"name":"X-Secret","value":["old-one","canary-secret"]}})";
const std::string kJwt = R"({"jwt_key":"jwt-secret"})";

}  // namespace

TEST_CASE("the configured header opens, in any case of its name and with any of its values") {
    Posted posted;
    posted.headers = {{"x-secret", "canary-secret"}};
    CHECK(statusOf(posted, kHeader) == 200);
    posted.headers = {{"X-SECRET", "old-one"}};
    CHECK(statusOf(posted, kHeader) == 200);
    for (const char* wrong : {"", "canary-secre", "canary-secret2", "CANARY-SECRET", "old-on"}) {
        CAPTURE(wrong);
        posted.headers = {{"x-secret", wrong}};
        CHECK(statusOf(posted, kHeader) == 401);
    }
    posted.headers = {{"x-other", "canary-secret"}};
    CHECK(statusOf(posted, kHeader) == 401);
}

TEST_CASE("with a secret not even this machine may post without it") {
    Posted posted;
    posted.flags = TOTEM_REQUEST_LOOPBACK;
    CHECK(statusOf(posted, kHeader) == 401);
    CHECK(statusOf(posted, kJwt) == 401);
}

TEST_CASE("a token of the configured key opens until long after its end, for late retries") {
    Posted posted;
    posted.headers = {{"authorization", "Bearer " + kToken}};
    CHECK(statusOf(posted, kJwt) == 200);
    CHECK(statusOf(posted, kJwt, kExpires + 30 * 60) == 200);
    CHECK(statusOf(posted, R"({"jwt_key":["new-key","jwt-secret"]})") == 200);
    posted.headers = {{"authorization", "bearer " + kToken}};
    CHECK(statusOf(posted, kJwt) == 200);
}

TEST_CASE("a genuine token that is far too old is answered 503: 401 would lose the event") {
    Posted posted;
    posted.headers = {{"authorization", "Bearer " + kToken}};
    CHECK(statusOf(posted, kJwt, kExpires + kJwtGraceS + 1) == 503);
}

TEST_CASE("a token that proves nothing is refused") {
    Posted posted;
    std::string changed = kToken;
    changed[kToken.find('.') + 3] ^= 1;
    for (const std::string& token :
         {std::string(), std::string("."), std::string(".."), std::string("a.b.c"), kUnsigned,
          kSignedAs512, kLyingAboutItself, kToken + "x", kToken.substr(0, kToken.size() - 1),
          changed, std::string(10'000, 'a') + "." + std::string(10'000, 'b')}) {
        CAPTURE(token);
        posted.headers = {{"authorization", "Bearer " + token}};
        CHECK(statusOf(posted, kJwt) == 401);
    }
    posted.headers = {{"authorization", kToken}};
    CHECK(statusOf(posted, kJwt) == 401);
    posted.headers = {{"authorization", "Bearer " + kToken}};
    CHECK(statusOf(posted, R"({"jwt_key":"another"})") == 401);
}

TEST_CASE("signed claims of an odd shape have no end") {
    CHECK(checkToken(kOddClaims, "jwt-secret", kExpires) == Token::kGenuine);
}

TEST_CASE("without a secret only this machine and the named networks may post") {
    Posted posted;
    CHECK(statusOf(posted, "{}") == 401);
    posted.flags = TOTEM_REQUEST_LOOPBACK;
    CHECK(statusOf(posted, "{}") == 200);
    posted.flags = 0;
    CHECK(statusOf(posted, R"({"allow_unauthenticated_from":["10.0.0.0/8"]})") == 200);
    CHECK(statusOf(posted, R"({"allow_unauthenticated_from":["10.1.2.3"]})") == 200);
    CHECK(statusOf(posted, R"({"allow_unauthenticated_from":["10.2.0.0/16","nonsense","::1"]})") ==
          401);
}

TEST_CASE("the secrets of several servers all count") {
    const std::string config =
        R"({"servers":[{"base_url":"http://e","jwt_key":"jwt-secret"},{"base_url":"http://f","webhook_header":{"name":"x-f","value":"v"}}]})";
    Posted posted;
    posted.headers = {{"x-f", "v"}};
    CHECK(statusOf(posted, config) == 200);
    posted.headers = {{"authorization", "Bearer " + kToken}};
    CHECK(statusOf(posted, config) == 200);
}
