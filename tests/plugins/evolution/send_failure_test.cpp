#include <catch2/catch.hpp>

#include "evolution_client.hpp"
#include "messages.hpp"

using namespace totem::evolution;
using totem::Json;
using totem::Status;

namespace {

Reply answered(int code, const std::string& body) {
    Reply reply;
    reply.status = Status::kOk;
    reply.code = code;
    reply.body = Json::parse(body, nullptr, false);
    reply.error = "Evolution answered " + std::to_string(code) + ": " + wordsOf(reply.body);
    return reply;
}

Status sendFailure(const Reply& reply) {
    try {
        throwSendFailure(reply);
    } catch (const totem::Failure& failure) {
        return failure.status();
    }
}

}  // namespace

TEST_CASE("what Evolution answers to a send means one thing for the message") {
    struct Row {
        int code;
        const char* body;
        Status status;
    };
    const Row rows[] = {
        {400, R"({"response":{"message":[["instance requires property \"text\""]]}})",
         Status::kRefused},
        {400,
         R"({"response":{"message":[{"jid":"5190@s.whatsapp.net","exists":false,"number":"5190"}]}})",
         Status::kRefused},
        {400, R"({"response":{"message":["Text is required"]}})", Status::kRefused},
        {400, R"({"response":{"message":["Method not available on Evolution Channel"]}})",
         Status::kRefused},
        {400, R"({"response":{"message":["Error: Timed Out"]}})", Status::kUnknown},
        {400, R"({"response":{"message":["Error: Connection Closed"]}})", Status::kUnknown},
        {400, "nonsense", Status::kUnknown},
        {401, R"({"response":{"message":"Unauthorized"}})", Status::kUnavailable},
        {403, "{}", Status::kRefused},
        {404, R"({"response":{"message":["The \"x\" instance does not exist"]}})",
         Status::kRefused},
        {413, "{}", Status::kRefused},
        {429, "{}", Status::kBusy},
        {301, "", Status::kUnavailable},
        {500,
         R"x({"response":{"message":"Cannot read properties of undefined (reading 'onWhatsApp')"}})x",
         Status::kUnavailable},
        {500,
         R"x({"response":{"message":"Cannot read properties of undefined (reading 'sendMessage')"}})x",
         Status::kUnavailable},
        {500,
         R"x({"response":{"message":"Cannot read properties of undefined (reading 'textMessage')"}})x",
         Status::kUnavailable},
        {500, R"x({"response":{"message":"Cannot read properties of undefined (reading 'id')"}})x",
         Status::kUnknown},
        {502, "<html>", Status::kUnknown},
        {503, R"({"code":"LICENSE_REQUIRED","register_url":"https://x"})", Status::kUnavailable},
        {503, "", Status::kUnknown},
        {504, "", Status::kUnknown},
    };
    for (const Row& row : rows) {
        CAPTURE(row.code, row.body);
        CHECK(sendFailure(answered(row.code, row.body)) == row.status);
    }
}

TEST_CASE("without an answer only what never left is tried again") {
    Reply reply;
    reply.error = "why";
    for (const auto& [transport, meaning] : {std::pair(Status::kUnavailable, Status::kUnavailable),
                                             std::pair(Status::kUnknown, Status::kUnknown),
                                             std::pair(Status::kDeadline, Status::kUnknown),
                                             std::pair(Status::kTooLarge, Status::kUnknown),
                                             std::pair(Status::kDenied, Status::kDenied)}) {
        reply.status = transport;
        CHECK(sendFailure(reply) == meaning);
    }
}

TEST_CASE("Evolution's words are found in each of its shapes") {
    CHECK(wordsOf(Json::parse(R"({"response":{"message":"a"}})")) == "a");
    CHECK(wordsOf(Json::parse(R"({"response":{"message":["a","b"]}})")) == "a; b");
    CHECK(wordsOf(Json::parse(R"({"response":{"message":[["a","b"]]}})")) == "a; b");
    CHECK(wordsOf(Json::parse(R"({"message":["a"]})")) == "a");
    CHECK(wordsOf(Json::parse(R"({"response":{"message":[{"exists":false,"number":"51900"}]}})")) ==
          "the number 51900 is not on WhatsApp");
    CHECK(wordsOf(Json::parse(R"({"error":"Bad Request"})")) == "Bad Request");
    for (const char* odd :
         {"null", "5", "[]", R"({"response":5})", R"({"response":{"message":[5,null,{}]}})"})
        CHECK(wordsOf(Json::parse(odd)).empty());
}

TEST_CASE("a recipient is a number or one chat") {
    CHECK(recipientOf("+51 911 111-111") == "51911111111");
    CHECK(recipientOf("51911111111@s.whatsapp.net") == "51911111111@s.whatsapp.net");
    CHECK(recipientOf("1998@lid") == "1998@lid");
    CHECK(recipientOf("1203@g.us") == "1203@g.us");
    for (const char* number : {"", " ", "hola", "status@broadcast", "12@newsletter", "@lid"}) {
        CAPTURE(number);
        CHECK_THROWS_AS(recipientOf(number), totem::Failure);
    }
}
