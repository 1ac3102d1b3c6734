// What HTTP Request nodes send and get back.

#include "http_requests.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <totem/testing/fake_host.hpp>

#include "multipart.hpp"

using namespace totem::flows;
using namespace totem::testing;
using totem::AskOptions;
using totem::Failure;
using totem::Json;
using totem::Status;

namespace {

struct Sender {
    explicit Sender(const char* config = "{}") : settings(parseSettings(config)) {}

    /// Sends it and waits for what came back.
    HttpRequests::Outcome send(const Json& request) {
        HttpRequests requests(host.raw(), settings);
        HttpRequests::Outcome outcome;
        await(requests, request, outcome);
        host.settle();
        return outcome;
    }
    Asked sent() const { return host.http.sent().back(); }

    FakeHost host;
    const Settings settings;

private:
    static totem::Detached await(HttpRequests& requests, Json request,
                                 HttpRequests::Outcome& outcome) {
        try {
            outcome = co_await requests.send(request, AskOptions());
        } catch (const Failure& failure) {
            outcome.status = failure.status();
            outcome.error = failure.what();
        }
    }
};

const Json kOne{{"method", "POST"}, {"url", "http://s.test/a"}};

Json with(Json request, const Json& more) {
    request.update(more);
    return request;
}

}  // namespace

TEST_CASE("a POST is repeated by nobody unless its path is one of the look-ups") {
    const auto [url, repeatable] = GENERATE(
        std::pair("http://s.test/a", false), std::pair("http://s.test/query", true),
        std::pair("http://s.test/dni/query/7?x=1", true), std::pair("http://query/a", false));
    Sender sender;
    sender.host.http.answer("POST", url, Reply::http(200));
    sender.send(with(kOne, {{"url", url}}));
    CHECK(((sender.sent().flags & TOTEM_HTTP_REPEATABLE) != 0) == repeatable);
}

TEST_CASE("a credential of the configuration goes along, one that is missing sends nothing") {
    Sender sender(R"({"credentials": {"1": {"type": "header", "name": "X-Key", "value": "k"},
                                      "Token": {"type": "bearer", "value": "t"},
                                      "3": {"type": "basic", "user": "u", "password": "p"},
                                      "4": {"type": "query", "name": "key", "value": "a b"}}})");
    sender.host.http.answer("POST", "http://s.test/a*", Reply::http(200));
    const auto credential = [](const char* id, const char* name) {
        return with(kOne, {{"credential", {{"id", id}, {"name", name}}}});
    };
    sender.send(credential("1", "any"));
    CHECK(sender.sent().header("X-Key") == "k");
    sender.send(credential("9", "Token"));
    CHECK(sender.sent().header("Authorization") == "Bearer t");
    sender.send(credential("3", "any"));
    CHECK(sender.sent().header("Authorization") == "Basic dTpw");
    sender.send(credential("4", "any"));
    CHECK(sender.sent().name == "POST http://s.test/a?key=a%20b");
    const std::size_t before = sender.host.http.sent().size();
    const HttpRequests::Outcome missing = sender.send(credential("9", "Other"));
    CHECK(missing.status == Status::kInvalid);
    CHECK(missing.error.find("plugins.flows.config.credentials") != std::string::npos);
    CHECK(sender.host.http.sent().size() == before);
}

TEST_CASE("a body is sent as text, as bytes or as a form") {
    Sender sender;
    sender.host.http.answer("POST", "http://s.test/a", Reply::http(200));
    sender.send(with(kOne, {{"body", "{}"}}));
    CHECK(sender.sent().content == "{}");
    CHECK(sender.sent().header("Content-Type") == "application/json");
    const Json header = Json::array({"Content-Type", "text/plain"});
    sender.send(with(kOne, {{"bodyBase64", "aG9sYQ=="}, {"headers", Json::array({header})}}));
    CHECK(sender.sent().content == "hola");
    CHECK(sender.sent().header("Content-Type") == "text/plain");
    CHECK(sender.send(with(kOne, {{"bodyBase64", "~"}})).status == Status::kInvalid);

    sender.send(with(kOne, {{"parts",
                             {{{"name", "text"}, {"value", "hola"}},
                              {{"name", "file"},
                               {"base64", "aG9sYQ=="},
                               {"fileName", "a.txt"},
                               {"mimeType", "text/plain"}}}}}));
    Json fields = Json::object(), binary = Json::object();
    REQUIRE(
        readMultipart(sender.sent().header("Content-Type"), sender.sent().content, fields, binary));
    CHECK(fields == Json{{"text", "hola"}});
    CHECK(binary.at("file") ==
          Json{{"data", "aG9sYQ=="}, {"fileName", "a.txt"}, {"mimeType", "text/plain"}});
}

TEST_CASE("what a customer calls a file adds nothing to a form") {
    Sender sender;
    sender.host.http.answer("POST", "http://s.test/a", Reply::http(200));
    const auto parts = [](const char* fileName, const char* type) {
        return with(kOne, {{"parts",
                            {{{"name", "fi\"le"},
                              {"base64", "aG9sYQ=="},
                              {"fileName", fileName},
                              {"mimeType", type}}}}});
    };
    sender.send(parts("a\"; name=\"b\r\nX-More: 1\n.txt", "text/plain"));
    const std::string form = sender.sent().content;
    CHECK(form.find("name=\"fi%22le\"; "
                    "filename=\"a%22; name=%22b%0D%0AX-More: 1%0A.txt\"\r\n") != std::string::npos);
    CHECK(sender.send(parts("a.txt", "text/plain\r\nX-More: 1")).status == Status::kInvalid);
    CHECK(sender.host.http.sent().size() == 1);
}

TEST_CASE("an answer carries its status, its headers as Node gives them, and text or bytes") {
    Sender sender;
    sender.host.http.answer("POST", "http://s.test/a",
                            Reply::http(404, "\x01hola",
                                        {{"Content-Type", "application/octet-stream"},
                                         {"Set-Cookie", "a=1"},
                                         {"Set-Cookie", "b=2"},
                                         {"X-Twice", "1"},
                                         {"x-twice", "2"}}));
    const Json text = Json::parse(sender.send(kOne).result);
    CHECK(text.at("status") == 404);
    CHECK(text.at("statusText") == "Not Found");
    CHECK(text.at("body") == "\x01hola");
    CHECK(text.at("headers").at("set-cookie") == Json{"a=1", "b=2"});
    CHECK(text.at("headers").at("x-twice") == "1, 2");
    const Json bytes = Json::parse(sender.send(with(kOne, {{"binary", "auto"}})).result);
    CHECK(bytes.at("base64") == "AWhvbGE=");
}

TEST_CASE("what came of a request that got no answer is told apart") {
    const Status status = GENERATE(Status::kUnavailable, Status::kBusy, Status::kUnknown);
    Sender sender;
    sender.host.http.answer("POST", "http://s.test/a", Reply::failure(status, "why"));
    const HttpRequests::Outcome outcome = sender.send(kOne);
    CHECK(outcome.status == status);
    CHECK(outcome.error == "why");
}

TEST_CASE("a form that is none, or that has too many parts, is not read") {
    Json fields = Json::object(), binary = Json::object();
    CHECK_FALSE(readMultipart("multipart/form-data", "hola", fields, binary));
    std::string many;
    for (int i = 0; i < 1001; ++i)
        many += "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n";
    CHECK_FALSE(
        readMultipart("multipart/form-data; boundary=b", many + "--b--\r\n", fields, binary));
}
