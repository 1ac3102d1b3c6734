#include "authentication.hpp"

#include <catch2/catch.hpp>

using namespace totem::chatwoot;

namespace {

const char* kBody =
    R"({"event":"message_created","id":481233,"content":"Hola \u003cb\u003e","private":false})";
const char* kSecret = "wEb4x9Zq2LmN7pRs5TuV8yKc";
const char* kTimestamp = "1781791332";
constexpr std::int64_t kReceived = 1781791340LL * 1'000'000'000;

/// A request as the host hands it over; the texts outlive it.
struct Posted {
    std::string path = "/webhook/chatwoot", peer = "10.1.2.3";
    std::vector<std::pair<std::string, std::string>> headers;
    std::uint32_t flags = 0;
    std::vector<totem_header> views;
    totem_http_request raw{};

    totem::Request request() {
        views.clear();
        for (const auto& [name, value] : headers)
            views.push_back({totem::str(name), totem::str(value)});
        raw.struct_size = sizeof raw;
        raw.flags = flags;
        raw.path = totem::str(path);
        raw.peer = totem::str(peer);
        raw.headers = views.data();
        raw.header_count = static_cast<std::uint32_t>(views.size());
        return totem::Request(&raw);
    }
};

Settings withSecrets(const std::string& json) {
    return parseSettings(R"({"base_url":"http://chat.example",)" + json + "}");
}

}  // namespace

TEST_CASE("the signature is the one of the published test vector") {
    CHECK(signatureOf(kSecret, kTimestamp, kBody) ==
          "sha256=12fdbbececff82add034cbd4689a2d626b4afc0262114f5741c7b58c77136a1b");
}

TEST_CASE("a signed webhook is accepted with any of the configured secrets") {
    const Settings settings =
        withSecrets(R"("webhook_secret":["another","wEb4x9Zq2LmN7pRs5TuV8yKc"])");
    Posted posted;
    posted.headers = {{"X-Chatwoot-Signature", signatureOf(kSecret, kTimestamp, kBody)},
                      {"x-chatwoot-timestamp", kTimestamp}};
    CHECK(authenticate(posted.request(), kBody, kReceived, settings).accepted);

    SECTION("not with one changed byte") {
        CHECK_FALSE(
            authenticate(posted.request(), std::string(kBody) + " ", kReceived, settings).accepted);
    }
    SECTION("not outside the replay window, judged by the time of receipt") {
        const Verdict late =
            authenticate(posted.request(), kBody, kReceived + 400LL * 1'000'000'000, settings);
        CHECK_FALSE(late.accepted);
        CHECK(late.reason.find("replay window") != std::string::npos);
    }
    SECTION("not without a signature, even from this machine") {
        posted.headers.clear();
        posted.flags = TOTEM_REQUEST_LOOPBACK;
        CHECK_FALSE(authenticate(posted.request(), kBody, kReceived, settings).accepted);
    }
    SECTION("a timestamp that is no number is refused") {
        posted.headers[1].second = "soon";
        posted.headers[0].second = signatureOf(kSecret, "soon", kBody);
        CHECK_FALSE(authenticate(posted.request(), kBody, kReceived, settings).accepted);
    }
}

TEST_CASE("without a secret only this machine and the listed networks may post") {
    const Settings settings = withSecrets(R"("allow_unauthenticated_from":["10.1.0.0/16"])");
    Posted posted;
    CHECK(authenticate(posted.request(), kBody, kReceived, settings).accepted);
    posted.peer = "10.2.0.1";
    CHECK_FALSE(authenticate(posted.request(), kBody, kReceived, settings).accepted);
    posted.flags = TOTEM_REQUEST_LOOPBACK;
    CHECK(authenticate(posted.request(), kBody, kReceived, settings).accepted);
}

TEST_CASE("a path secret stands in for Chatwoot versions that do not sign") {
    const Settings settings = withSecrets(R"("path_secret":"s3cr3t-path")");
    Posted posted;
    posted.path = "/webhook/chatwoot/s3cr3t-path";
    CHECK(authenticate(posted.request(), kBody, kReceived, settings).accepted);
    posted.path = "/webhook/chatwoot/s3cr3t-pat";
    CHECK_FALSE(authenticate(posted.request(), kBody, kReceived, settings).accepted);
}
