#include "classify.hpp"

#include <catch2/catch.hpp>

using totem::Json;
using totem::chatwoot::eventOf;

namespace {

Json classify(const Json& body) {
    return eventOf(body, body.dump(), Json::object(), 9);
}

Json message() {
    return Json::parse(R"({
        "event": "message_created", "id": 481233, "content": "Consultar DNI 08408122", "message_type": "incoming",
        "private": false, "content_type": "text", "created_at": "2026-06-18T14:02:11.287Z",
        "account": {"id": 3, "name": "Empresa"}, "inbox": {"id": 12, "name": "WhatsApp"},
        "sender": {"id": 907, "name": "Ana Flores", "phone_number": "+51987654321"},
        "conversation": {"id": 1042, "inbox_id": 12, "channel": "Channel::Api", "status": "pending", "labels": [],
                         "meta": {"sender": {"id": 907, "name": "Ana Flores", "phone_number": "+51987654321"}, "assignee": null}}
    })");
}

}  // namespace

TEST_CASE(
    "a customer's message is message.received, with its conversation as subject and a way to "
    "reply") {
    const Json event = classify(message());
    CHECK(event.at("type") == "message.received");
    CHECK(event.at("id") == "message_created:481233");
    CHECK(event.at("source") == "chatwoot/3");
    CHECK(event.at("subject") == "chatwoot/3/1042");
    CHECK(event.at("data").at("text") == "Consultar DNI 08408122");
    CHECK(event.at("data").at("contact").at("name") == "Ana Flores");
    CHECK(event.at("reply").at("action") == "chatwoot.send_message");
    CHECK(event.at("reply").at("arguments") == Json{{"account", 3}, {"conversation", 1042}});
    CHECK(event.at("reply").at("handoff").at("arguments").at("status") == "open");
}

TEST_CASE("what is not a customer's message is marked as what it is and starts no answer") {
    Json body = message();
    SECTION("an agent's message") {
        body["message_type"] = "outgoing";
        body["sender"] = {{"id", 17}, {"name", "Luis"}, {"type", "user"}};
        CHECK(classify(body).at("type") == "message.sent");
        CHECK(classify(body).at("data").at("author") == "agent");
    }
    SECTION("our own bot's echo") {
        body["message_type"] = "outgoing";
        body["sender"] = {{"id", 5}, {"name", "Bot"}, {"type", "agent_bot"}};
        CHECK(classify(body).at("data").at("author") == "bot");
    }
    SECTION("a private note, whoever wrote it") {
        body["private"] = true;
        CHECK(classify(body).at("type") == "chatwoot.note");
    }
    SECTION("a template") {
        body["message_type"] = "template";
        CHECK(classify(body).at("type") == "message.sent");
        CHECK(classify(body).at("data").at("author") == "system");
    }
    CHECK_FALSE(classify(body).contains("reply"));
}

TEST_CASE(
    "the same message told by two webhooks is one event, an update is another for each state") {
    Json body = message();
    Json twin = body;
    twin["conversation"]["status"] = "open";
    CHECK(classify(body).at("id") == classify(twin).at("id"));
    body["event"] = twin["event"] = "message_updated";
    CHECK(classify(body).at("id") != classify(twin).at("id"));
    CHECK(classify(body).at("type") == "message.updated");
}

TEST_CASE(
    "a conversation event without an account takes it from its newest message, else from the "
    "configuration") {
    Json body{{"event", "conversation_updated"},
              {"id", 1042},
              {"status", "open"},
              {"messages", Json::array({{{"account_id", 4}}})}};
    CHECK(classify(body).at("source") == "chatwoot/4");
    body.erase("messages");
    CHECK(classify(body).at("source") == "chatwoot/9");
    CHECK(classify(body).at("type") == "chatwoot.conversation_updated");
}

TEST_CASE("no member of a webhook can make the classifier throw, whatever its type") {
    const Json odd[] = {nullptr,        true,         1, -1.5, "x", Json::array(), Json::array({1}),
                        Json::object(), {{"id", "x"}}};
    const Json body = message();
    for (const auto& [name, value] : body.items()) {
        for (const Json& replacement : odd) {
            if (name == "event" && !replacement.is_string()) continue;
            Json changed = body;
            changed[name] = replacement;
            CHECK_NOTHROW(classify(changed));
        }
    }
    for (const auto& [name, value] : body.at("conversation").items()) {
        for (const Json& replacement : odd) {
            Json changed = body;
            changed["conversation"][name] = replacement;
            CHECK_NOTHROW(classify(changed));
        }
    }
}

TEST_CASE("a body that is no webhook is refused") {
    CHECK_THROWS(classify(Json::object()));
    CHECK_THROWS(classify(Json::array()));
    CHECK_THROWS(classify(Json{{"event", 5}}));
    CHECK_THROWS(classify(Json{{"event", "UPPER case"}}));
}
