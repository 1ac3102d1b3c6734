#include "plugins/sandbox/desk_fixture.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace sandbox_test;

namespace {

bool isEvent(const Received& r, const std::string& name) {
    return r.value().value("event", "") == name;
}

auto named(const std::string& name) {
    return [name](const Received& r) { return isEvent(r, name); };
}

json hooks(const Receiver& receiver, const std::string& secret = "") {
    return {{"webhooks", {{{"url", receiver.url()}, {"secret", secret}}}}};
}

std::set<std::string> keysOf(const json& object) {
    std::set<std::string> keys;
    for (const auto& [key, value] : object.items()) keys.insert(key);
    return keys;
}

}  // namespace

TEST_CASE("the tests' own signature agrees with a fixed vector") {
    CHECK(hmac("wEb4x9Zq2LmN7pRs5TuV8yKc",
               "1781791332.{\"event\":\"message_created\",\"id\":481233,\"content\":\"Hola "
               "\\u003cb\\u003e\",\"private\":false}") ==
          "12fdbbececff82add034cbd4689a2d626b4afc0262114f5741c7b58c77136a1b");
}

TEST_CASE("account webhooks are signed over time and raw body, with an id per delivery") {
    Receiver receiver;
    Desk desk(hooks(receiver, "s3cret"));
    desk.say(desk.conversation(), "Hola <b> & \xE2\x80\xA8");
    const Received r = receiver.event("message_created");
    CHECK(r.header("x-chatwoot-signature") ==
          "sha256=" + hmac("s3cret", r.header("x-chatwoot-timestamp") + "." + r.body));
    CHECK(r.header("x-chatwoot-delivery").size() == 36);
    CHECK(r.header("content-type") == "application/json");
    CHECK(r.body.find('<') == std::string::npos);
    CHECK(r.body.find("\\u003cb\\u003e \\u0026 \\u2028") != std::string::npos);
    std::set<std::string> ids;
    const auto all = receiver.wait(4);
    for (const Received& one : all) ids.insert(one.header("x-chatwoot-delivery"));
    CHECK(ids.size() == all.size());
}

TEST_CASE("without a secret there is a delivery id and no signature") {
    Receiver receiver;
    Desk desk(hooks(receiver));
    desk.say(desk.conversation(), "hola");
    const Received r = receiver.event("message_created");
    CHECK(r.header("x-chatwoot-signature").empty());
    CHECK(r.header("x-chatwoot-timestamp").empty());
    CHECK_FALSE(r.header("x-chatwoot-delivery").empty());
}

TEST_CASE("message_created has the members and types of the real one") {
    Receiver receiver;
    Desk desk(hooks(receiver));
    desk.say(desk.conversation(), "hola");
    const json m = receiver.event("message_created").value();
    CHECK(keysOf(m) == std::set<std::string>{
                           "account", "additional_attributes", "content_attributes", "content_type",
                           "content", "conversation", "created_at", "id", "inbox", "message_type",
                           "private", "sender", "source_id", "event"});
    CHECK(m["message_type"] == "incoming");
    CHECK(m["created_at"].get<std::string>().back() == 'Z');
    CHECK_FALSE(m["sender"].contains("type"));
    CHECK(m["sender"]["account"]["id"] == 1);
    const json& c = m["conversation"];
    CHECK(keysOf(c) == std::set<std::string>{"additional_attributes",
                                             "can_reply",
                                             "channel",
                                             "contact_inbox",
                                             "id",
                                             "inbox_id",
                                             "messages",
                                             "labels",
                                             "meta",
                                             "status",
                                             "custom_attributes",
                                             "snoozed_until",
                                             "unread_count",
                                             "first_reply_created_at",
                                             "priority",
                                             "waiting_since",
                                             "agent_last_seen_at",
                                             "contact_last_seen_at",
                                             "last_activity_at",
                                             "timestamp",
                                             "created_at",
                                             "updated_at",
                                             "account"});
    CHECK(c["channel"] == "Channel::Api");
    CHECK(c["contact_inbox"]["pubsub_token"].is_string());
    CHECK(c["first_reply_created_at"].is_null());
    CHECK(c["updated_at"].is_number_float());
    CHECK(c["meta"]["assignee"].is_null());
    const json& nested = c["messages"][0];
    CHECK(nested["message_type"] == 0);
    CHECK(nested["created_at"].is_number_integer());
    CHECK(nested["updated_at"].is_string());
    CHECK(nested["status"] == "sent");
    CHECK(nested["sender_type"] == "Contact");
    CHECK(nested["sender"]["type"] == "contact");
}

TEST_CASE("a private note arrives, and the nested list shows another message") {
    Receiver receiver;
    Desk desk(hooks(receiver));
    const std::string id = desk.conversation();
    desk.say(id, "hola");
    desk.call("POST", "/conversations/" + id + "/messages", {{"content", "n"}, {"private", true}});
    const auto found = receiver.wait(1, [](const Received& r) {
        return isEvent(r, "message_created") && r.value()["private"] == true;
    });
    REQUIRE(found.size() == 1);
    CHECK(found[0].value()["content"] == "n");
    CHECK(found[0].value()["sender"]["type"] == "user");
    CHECK(found[0].value()["conversation"]["messages"][0]["content"] == "hola");
}

TEST_CASE("a change of status tells null there and the values in conversation_updated") {
    Receiver receiver;
    Desk desk(hooks(receiver));
    const std::string id = desk.conversation();
    desk.call("POST", "/conversations/" + id + "/toggle_status", {{"status", "resolved"}});
    const json status = receiver.event("conversation_status_changed").value();
    CHECK(status.contains("changed_attributes"));
    CHECK(status["changed_attributes"].is_null());
    const json updated = receiver.event("conversation_updated").value();
    CHECK(updated["changed_attributes"][0] ==
          json{{"status", {{"previous_value", "open"}, {"current_value", "resolved"}}}});
}

TEST_CASE("subscriptions choose the events, and typing is not among the default ones") {
    Receiver all, chosen;
    Desk desk(json{{"webhooks",
                    {{{"url", all.url()}},
                     {{"url", chosen.url()}, {"subscriptions", {"conversation_typing_on"}}}}}});
    const std::string id = desk.conversation();
    desk.asBot("POST", "/conversations/" + id + "/toggle_typing_status", {{"typing_status", "on"}});
    const json typing = chosen.event("conversation_typing_on").value();
    CHECK(typing["user"]["type"] == "agent_bot");
    CHECK(typing["is_private"] == false);
    CHECK_FALSE(typing.contains("account"));
    CHECK(chosen.count() == 1);
    all.event("conversation_created");
    CHECK(all.count(named("conversation_typing_on")) == 0);
}

TEST_CASE("an account webhook is tried once, whatever the answer") {
    Receiver receiver([](const Received&) { return 500; });
    Desk desk(hooks(receiver), {{"time_scale", 0.0}});
    const std::string id = desk.conversation();
    desk.say(id, "uno");
    desk.say(id, "dos");
    CHECK(receiver.wait(2, named("message_created")).size() == 2);
    const json listed = desk.call("GET", "/conversations/" + id + "/messages").value();
    CHECK(listed["payload"][0]["status"] == "sent");
}

TEST_CASE("an API inbox whose webhook fails marks the message failed and says so once") {
    Receiver receiver([](const Received&) { return 503; });
    Desk desk(json{{"inbox", {{"webhook_url", receiver.url()}, {"secret", "in"}}}});
    const std::string id = desk.conversation();
    desk.say(id, "hola");
    const Received updated = receiver.event("message_updated");
    CHECK(updated.header("x-chatwoot-signature").rfind("sha256=", 0) == 0);
    CHECK(updated.value()["content_attributes"]["external_error"].is_string());
    CHECK_FALSE(updated.value().contains("status"));
    CHECK(desk.call("GET", "/conversations/" + id + "/messages").value()["payload"][0]["status"] ==
          "failed");
    CHECK(receiver.count(named("message_updated")) == 1);
}

TEST_CASE("a receiver that answers too late fails with the time-out's text") {
    Receiver receiver([](const Received&) { return 0; });
    Desk desk(json{{"inbox", {{"webhook_url", receiver.url()}}}, {"webhook_timeout_ms", 100}});
    const std::string id = desk.conversation();
    desk.say(id, "hola");
    const json updated = receiver.event("message_updated").value();
    CHECK(updated["content_attributes"]["external_error"] ==
          "Net::ReadTimeout with #<TCPSocket:(closed)>");
}

TEST_CASE("a bot is tried three times on 500 with one delivery id, then the desk takes over") {
    Receiver receiver([](const Received&) { return 500; });
    Desk desk(json{{"agent_bot", {{"outgoing_url", receiver.url()}, {"secret", "b"}}}},
              {{"time_scale", 0.001}});
    const std::string id = desk.conversation();
    desk.say(id, "hola");
    const auto tries = receiver.wait(3, named("message_created"));
    REQUIRE(tries.size() == 3);
    CHECK(tries[0].header("x-chatwoot-delivery") == tries[2].header("x-chatwoot-delivery"));
    CHECK(tries[0].header("x-chatwoot-signature").rfind("sha256=", 0) == 0);
    const auto status = [&] { return desk.call("GET", "/conversations/" + id).value()["status"]; };
    CHECK(eventually([&] { return status() == "open"; }));
    const json last =
        desk.call("GET", "/conversations/" + id + "/messages").value()["payload"].back();
    CHECK(last["message_type"] == 2);
    CHECK(last["content"] ==
          "Conversation was marked open by system due to an error with the agent bot.");
    CHECK(receiver.wait(1, named("conversation_opened")).size() >= 1);
}

TEST_CASE("a bot that answers 503 is not tried again") {
    Receiver receiver([](const Received&) { return 503; });
    Desk desk(json{{"agent_bot", {{"outgoing_url", receiver.url()}}}}, {{"time_scale", 0.0}});
    const std::string id = desk.conversation();
    desk.say(id, "hola");
    CHECK(eventually(
        [&] { return desk.call("GET", "/conversations/" + id).value()["status"] == "open"; }));
    CHECK(receiver.count(named("message_created")) == 1);
}

TEST_CASE("keep_pending_on_bot_failure leaves the conversation with the bot") {
    Receiver receiver([](const Received& r) { return isEvent(r, "message_created") ? 503 : 200; });
    Desk desk(json{{"agent_bot", {{"outgoing_url", receiver.url()}}},
                   {"keep_pending_on_bot_failure", true}});
    const std::string id = desk.conversation();
    desk.say(id, "hola");
    receiver.event("conversation_updated");
    CHECK(desk.call("GET", "/conversations/" + id).value()["status"] == "pending");
}

TEST_CASE("a customer who writes in a resolved conversation wakes the bot again") {
    Receiver bot;
    Desk desk(json{{"agent_bot", {{"outgoing_url", bot.url()}}}});
    const std::string c = desk.conversation();
    desk.call("POST", "/conversations/" + c + "/toggle_status", {{"status", "resolved"}});
    desk.say(c, "otra vez");
    CHECK(desk.call("GET", "/conversations/" + c).value()["status"] == "pending");
    CHECK(bot.count(named("conversation_created")) == 0);
    bot.event("conversation_resolved");
}
