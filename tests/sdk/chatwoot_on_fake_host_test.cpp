// A bundled plugin, as it is installed, on the test kit's fake host.

#include <catch2/catch.hpp>
#include <chrono>
#include <totem/testing/loaded_plugin.hpp>

using namespace std::chrono_literals;
using namespace totem::testing;
using totem::Json;
using totem::Status;

namespace {

const std::string kChatwoot = "http://chatwoot:3000/api/v1";
const std::string kConversation = kChatwoot + "/accounts/1/conversations/7";

struct Desk {
    Desk() {
        host.http.answer("GET", kChatwoot + "/profile", Reply::httpJson(200, Json{{"id", 1}}));
        host.http.answer("GET", kConversation, Reply::httpJson(200, Json{{"status", "open"}}));
    }
    LoadedPlugin load() {
        return {host, std::filesystem::path(TOTEM_SDK_TEST_PLUGINS) / "chatwoot",
                Json{{"base_url", "http://chatwoot:3000"},
                     {"account_id", 1},
                     {"api_access_token", "user-token"}}};
    }
    FakeHost host;
};

const Json kMessage{{"conversation", 7}, {"text", "Tu crédito es *S/ 100*"}};

}  // namespace

TEST_CASE("chatwoot sends a message with its token and the effect's marker") {
    Desk desk;
    desk.host.http.answer("POST", kConversation + "/messages",
                          Reply::httpJson(200, Json{{"id", 41}}));
    LoadedPlugin chatwoot = desk.load();
    const Reply sent = chatwoot.effect("chatwoot.send_message", kMessage, "event-1");
    CHECK(sent.json() == Json{{"sent", true}, {"id", 41}, {"conversation", 7}});
    const Asked post = desk.host.http.sent().back();
    CHECK(post.header("api-access-token") == "user-token");
    CHECK(post.json().at("content") == "Tu crédito es **S/ 100**");
    CHECK(post.json().at("content_attributes").at("totem").at("k").is_string());
    CHECK((post.flags & TOTEM_HTTP_REPEATABLE) == 0);
    chatwoot.stop();
    CHECK(desk.host.problems().empty());
}

TEST_CASE("chatwoot finds out whether a message whose answer got lost was created") {
    Desk desk;
    const std::string messages = kConversation + "/messages";
    desk.host.http.answer("POST", messages, Reply::failure(Status::kUnknown, "connection reset"));
    std::string marker;
    bool created = false;
    desk.host.http.serve("GET", messages, [&](const Asked&) {
        Json list = Json::array({{{"id", 40}, {"created_at", 0}}});
        if (created) {
            list.push_back({{"id", 42}, {"content_attributes", {{"totem", {{"k", marker}}}}}});
        }
        return Reply::httpJson(200, Json{{"payload", list}});
    });
    LoadedPlugin chatwoot = desk.load();
    CHECK(chatwoot
              .act("chatwoot.send_message", kMessage,
                   [] {
                       CallOptions options;
                       options.idempotencyKey = "event-1";
                       return options;
                   }())
              .reply()
              .status == Status::kUnknown);
    marker = desk.host.http.sent()
                 .back()
                 .json()
                 .at("content_attributes")
                 .at("totem")
                 .at("k")
                 .get<std::string>();
    const Json question{{"action", "chatwoot.send_message"},
                        {"input", kMessage},
                        {"key", "event-1"},
                        {"intent_unix_ns", desk.host.unixNs()},
                        {"settled", Json::array()}};

    const OpenCall absent = chatwoot.reconcile("chatwoot.send_message", question);
    desk.host.advance(10s);
    CHECK_FALSE(absent.answered());  // Chatwoot may still be at it
    desk.host.advance(7s);
    CHECK(absent.reply().json().at("state") == "absent");

    const OpenCall done = chatwoot.reconcile("chatwoot.send_message", question);
    desk.host.settle();
    created = true;
    desk.host.advance(17s);
    CHECK(done.reply().json().at("state") == "done");
    CHECK(done.reply().json().at("result").at("id") == 42);
}

TEST_CASE("chatwoot lets go of a call whose pause is cut short by a stop") {
    Desk desk;
    desk.host.http.answer("GET", kConversation + "/messages",
                          Reply::httpJson(200, {{"payload", {{{"id", 40}, {"created_at", 0}}}}}));
    LoadedPlugin chatwoot = desk.load();
    const OpenCall pausing =
        chatwoot.reconcile("chatwoot.send_message", {{"action", "chatwoot.send_message"},
                                                     {"input", kMessage},
                                                     {"key", "event-1"},
                                                     {"intent_unix_ns", desk.host.unixNs()},
                                                     {"settled", Json::array()}});
    desk.host.settle();
    CHECK_FALSE(pausing.answered());
    chatwoot.stop();
    CHECK(desk.host.problems().empty());
}

TEST_CASE("chatwoot stores a webhook as an event before it answers") {
    Desk desk;
    LoadedPlugin chatwoot = desk.load();
    const Json webhook{{"event", "message_created"},
                       {"id", 5},
                       {"content", "hola"},
                       {"message_type", "incoming"},
                       {"conversation", {{"id", 7}, {"status", "open"}}},
                       {"account", {{"id", 1}}},
                       {"sender", {{"id", 3}, {"type", "contact"}}}};
    HttpIn in("POST", "/webhook/chatwoot");
    in.content(webhook);
    CHECK(chatwoot.request(in).reply().code == 200);
    CHECK(chatwoot.request(in).reply().code == 200);
    REQUIRE(desk.host.events.published().size() == 1);
    CHECK(desk.host.events.published()[0].at("type") == "message.received");
    desk.host.refuse(TOTEM_EXT_EVENT, Status::kBusy, "the disk is full");
    CHECK(chatwoot.request(in).reply().code == 429);
    CHECK(chatwoot.request(in.peer("192.0.2.7")).reply().code == 401);
    CHECK(desk.host.metrics.total("chatwoot_webhooks", {{"result", "stored"}}) == 2);
}

TEST_CASE("chatwoot looks after its token every minute") {
    Desk desk;
    LoadedPlugin chatwoot = desk.load();
    CHECK(desk.host.health.of("account:1").state == TOTEM_HEALTH_HEALTHY);
    desk.host.advance(60s);
    CHECK(desk.host.http.sent().size() == 2);
}
