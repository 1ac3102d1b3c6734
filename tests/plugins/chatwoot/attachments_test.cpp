// chatwoot.send_message with files: fetched before anything is sent, then one form.

#include <catch2/catch.hpp>
#include <chrono>
#include <totem/testing/loaded_plugin.hpp>

using namespace std::chrono_literals;
using namespace totem::testing;
using Catch::Contains;
using totem::Json;
using totem::Status;

namespace {

const std::string kApi = "http://chatwoot:3000/api/v1";
const std::string kConversation = kApi + "/accounts/1/conversations/7";
const std::string kMessages = kConversation + "/messages";
const std::string kPicture = "http://srv-img:8000/api/catalogos/fnb/a%20b.png";

struct Desk {
    Desk() {
        host.http.answer("GET", kApi + "/profile", Reply::httpJson(200, Json{{"id", 1}}));
        host.http.answer("GET", kConversation, Reply::httpJson(200, Json{{"status", "open"}}));
        host.http.answer("POST", kMessages, Reply::httpJson(200, Json{{"id", 31}}));
    }
    LoadedPlugin load() {
        return {host, std::filesystem::path(TOTEM_TEST_BUILT_PLUGINS) / "chatwoot",
                Json{{"base_url", "http://chatwoot:3000"},
                     {"account_id", 1},
                     {"api_access_token", "user-token"}}};
    }
    Reply send(const Json& input) {
        LoadedPlugin chatwoot = load();
        CallOptions options;
        options.idempotencyKey = "event-1";
        Json whole{{"conversation", 7}};
        whole.update(input);
        return chatwoot.act("chatwoot.send_message", whole, options).reply();
    }
    std::vector<Asked> posts() const {
        std::vector<Asked> found;
        for (const Asked& asked : host.http.sent()) {
            if (asked.name == "POST " + kMessages) found.push_back(asked);
        }
        return found;
    }

    FakeHost host;
};

}  // namespace

TEST_CASE("files go with their message in one form, with the marker") {
    Desk desk;
    // A rendition: its type is another than the name in the address says.
    desk.host.http.answer("GET", kPicture + "?preset=whatsapp",
                          Reply::http(200, std::string("\xff\xd8\0JPEG", 7),
                                      {{"Content-Type", "image/jpeg; charset=binary"}}));
    const Reply reply = desk.send(
        {{"text", "*Andes 5*"},
         {"attachments",
          {{{"url", kPicture + "?preset=whatsapp"}},
           {{"base64", "JVBERi0="}, {"name", "a\"b.pdf"}, {"type", "application/pdf"}}}}});
    REQUIRE(reply.ok());
    CHECK(reply.json().at("id") == 31);
    REQUIRE(desk.posts().size() == 1);
    const Asked sent = desk.posts().front();
    CHECK_THAT(std::string(sent.header("Content-Type")),
               Contains("multipart/form-data; boundary="));
    CHECK_THAT(sent.content, Contains("name=\"content\"\r\n\r\n**Andes 5**"));
    CHECK_THAT(sent.content, Contains("{\"totem\":{\"k\":\""));
    CHECK_THAT(sent.content, Contains("name=\"attachments[]\"; filename=\"a%20b.jpg\""));
    CHECK_THAT(sent.content, Contains("Content-Type: image/jpeg\r\n"));
    CHECK_THAT(sent.content, Contains(std::string("\r\n\r\n\xff\xd8\0JPEG\r\n", 13)));
    CHECK_THAT(sent.content, Contains("filename=\"a_b.pdf\""));
    CHECK_THAT(sent.content, Contains("%PDF-"));
}

TEST_CASE("a message of files alone needs no text, and one of nothing is none") {
    Desk desk;
    CHECK(desk.send({{"attachments", {{{"base64", "AAAA"}, {"name", "x"}}}}}).ok());
    CHECK(desk.send(Json::object()).status == Status::kInvalid);
    CHECK(desk.send({{"text", ""}, {"attachments", Json::array()}}).status == Status::kInvalid);
    CHECK(desk.posts().size() == 1);
}

TEST_CASE("a file that cannot be had: nothing is sent, and it is said whether to try again") {
    Desk desk;
    Status expected = Status::kRefused;
    Json attachment{{"url", kPicture + "?s=secret"}};
    SECTION("not found") {
        desk.host.http.answer("GET", kPicture + "*", Reply::http(404));
    }
    SECTION("empty") {
        desk.host.http.answer("GET", kPicture + "*", Reply::http(200));
    }
    SECTION("too large") {
        desk.host.http.answer("GET", kPicture + "*",
                              Reply::failure(Status::kTooLarge, "too large"));
    }
    SECTION("busy") {
        desk.host.http.answer("GET", kPicture + "*", Reply::http(503));
        expected = Status::kUnavailable;
    }
    SECTION("nobody there") {
        desk.host.http.answer("GET", kPicture + "*",
                              Reply::failure(Status::kUnavailable, "refused"));
        expected = Status::kUnavailable;
    }
    SECTION("a type that would add a header") {
        attachment = Json{{"base64", "AAAA"}, {"type", "text/plain\r\nX-More: 1"}};
        expected = Status::kInvalid;
    }
    SECTION("no file at all") {
        attachment = Json{{"base64", "not base64!"}};
        expected = Status::kInvalid;
    }
    const Reply reply = desk.send({{"text", "x"}, {"attachments", Json::array({attachment})}});
    CHECK(reply.status == expected);
    CHECK_THAT(reply.content, !Contains("secret"));
    CHECK(desk.posts().empty());
}

TEST_CASE("a server that is slow with a file leaves time to say that nothing was sent") {
    Desk desk;
    desk.host.http.answer("GET", kPicture, Reply::http(200, "x"), 60s);
    LoadedPlugin chatwoot = desk.load();
    CallOptions options;
    options.timeout = GENERATE(30s, 60s);
    const OpenCall call = chatwoot.act(
        "chatwoot.send_message",
        {{"conversation", 7}, {"text", "x"}, {"attachments", {{{"url", kPicture}}}}}, options);
    desk.host.advance(20s);
    CHECK(call.answered());
    CHECK(call.reply().status == Status::kUnavailable);
    CHECK(desk.posts().empty());
}
