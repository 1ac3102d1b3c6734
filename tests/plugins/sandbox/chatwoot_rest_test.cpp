#include "plugins/sandbox/desk_fixture.hpp"

#include <catch2/catch.hpp>

using namespace sandbox_test;

TEST_CASE("Chatwoot tells its version and health without a token") {
    Desk desk;
    CHECK(request(desk.port, "GET", "/api").value()["version"] == "4.15.1");
    CHECK(request(desk.port, "GET", "/health").value() == json{{"status", "woot"}});
}

TEST_CASE("Chatwoot refuses by the right text for each kind of token") {
    Desk desk;
    const std::string path = "/api/v1/accounts/1/contacts/search?q=a";
    CHECK(request(desk.port, "GET", path).value()["errors"][0] ==
          "You need to sign in or sign up before continuing.");
    struct Row {
        const char* token;
        const char* path;
        int status;
        const char* error;
    };
    const Row rows[] = {
        {"nonsense", "/api/v1/accounts/1/contacts/search?q=a", 401, "Invalid Access Token"},
        {"sandbox-bot-token", "/api/v1/accounts/1/contacts/search?q=a", 401,
         "Access to this endpoint is not authorized for bots"},
        {"sandbox-bot-token", "/api/v1/accounts/9/conversations/1", 401,
         "Bot is not authorized to access this account"},
        {"sandbox-user-token-agent", "/api/v1/accounts/1/webhooks", 401,
         "You are not authorized to do this action"},
        {"sandbox-user-token", "/api/v1/accounts/9/contacts/search?q=a", 404,
         "Resource could not be found"},
        {"sandbox-user-token", "/api/v1/accounts/1/conversations/77", 404,
         "Resource could not be found"},
        {"sandbox-user-token", "/api/v1/accounts/1/conversations/abc", 404,
         "Resource could not be found"}};
    for (const Row& row : rows) {
        INFO(row.token << " " << row.path);
        const Answer answer =
            request(desk.port, "GET", row.path, {{"api_access_token", row.token}});
        CHECK(answer.status == row.status);
        CHECK(answer.value()["error"] == row.error);
    }
    CHECK(request(desk.port, "GET", "/api/v1/profile", {{"api_access_token", "sandbox-user-token"}})
              .value()["role"] == "administrator");
}

TEST_CASE("contacts are created, found and kept unique") {
    Desk desk;
    const json made = desk.call("POST", "/contacts",
                                {{"inbox_id", 1},
                                 {"source_id", "ours-1"},
                                 {"name", "Ana"},
                                 {"identifier", "51987654321@s.whatsapp.net"},
                                 {"phone_number", "+51987654321"},
                                 {"email", "Ana@Example.com"}})
                          .value()["payload"];
    CHECK(made["contact"]["email"] == "ana@example.com");
    CHECK(made["contact_inbox"]["source_id"] == "ours-1");
    CHECK(made["contact"]["contact_inboxes"][0]["source_id"] == "ours-1");

    struct Row {
        json body;
        int status;
        const char* attribute;
    };
    const Row rows[] = {{{{"phone_number", "+51987654321"}}, 422, "phone_number"},
                        {{{"phone_number", "51 987"}}, 422, "phone_number"},
                        {{{"phone_number", "+05198765"}}, 422, "phone_number"},
                        {{{"email", "ana@example.com"}}, 422, "email"},
                        {{{"identifier", "51987654321@s.whatsapp.net"}}, 422, "identifier"}};
    for (const Row& row : rows) {
        const Answer answer = desk.call("POST", "/contacts", row.body);
        INFO(row.body);
        CHECK(answer.status == row.status);
        CHECK(answer.value()["attributes"][0] == row.attribute);
    }
    CHECK(desk.call("POST", "/contacts", {{"inbox_id", 1}, {"source_id", "ours-1"}}).status == 500);

    const auto filter = [&](const std::string& key, const std::string& value) {
        return desk
            .call("POST", "/contacts/filter",
                  {{"payload",
                    {{{"attribute_key", key},
                      {"filter_operator", "equal_to"},
                      {"values", {value}},
                      {"query_operator", nullptr}}}}})
            .value();
    };
    CHECK(filter("phone_number", "51987654321")["meta"]["count"] == 1);
    CHECK(filter("phone_number", "51911111111")["meta"]["count"] == 0);
    CHECK(filter("identifier", "51987654321@s.whatsapp.net")["payload"][0]["name"] == "Ana");
    CHECK(filter("shoe_size", "43").contains("error"));
    CHECK(desk.call("GET", "/contacts/search?q=ANA").value()["meta"]["has_more"] == false);
    CHECK(desk.call("POST", "/contact_inboxes/filter", {{"inbox_id", 1}, {"source_id", "ours-1"}})
              .value()["name"] == "Ana");
    const Answer missing =
        desk.call("POST", "/contact_inboxes/filter", {{"inbox_id", 1}, {"source_id", "none"}});
    CHECK(missing.status == 404);
    CHECK(missing.body.empty());
}

TEST_CASE("contact attributes are merged, conversation attributes and labels replaced") {
    Desk desk;
    const std::string id =
        desk.call("POST", "/contacts", {{"name", "A"}, {"custom_attributes", {{"a", 1}}}})
            .value()["payload"]["contact"]["id"]
            .dump();
    const json merged =
        desk.call("PATCH", "/contacts/" + id, {{"custom_attributes", {{"b", 2}}}}).value();
    CHECK(merged["payload"]["custom_attributes"] == json{{"a", 1}, {"b", 2}});

    const std::string c = "/conversations/" + desk.conversation();
    desk.asBot("POST", c + "/custom_attributes", {{"custom_attributes", {{"a", 1}}}});
    CHECK(desk.asBot("POST", c + "/custom_attributes", {{"custom_attributes", {{"b", 2}}}})
              .value()["custom_attributes"] == json{{"b", 2}});
    desk.asBot("POST", c + "/labels", {{"labels", {"x", "y"}}});
    CHECK(desk.asBot("POST", c + "/labels", {{"labels", {"z"}}}).value()["payload"] == json{"z"});
}

TEST_CASE("a conversation starts open, or pending when the inbox has an active bot") {
    Desk plain;
    CHECK(plain.call("GET", "/conversations/" + plain.conversation()).value()["status"] == "open");
    Receiver bot;
    Desk withBot(json{{"agent_bot", {{"outgoing_url", bot.url()}}}});
    CHECK(withBot.call("GET", "/conversations/" + withBot.conversation()).value()["status"] ==
          "pending");
}

TEST_CASE("the REST conversation has its own types") {
    Desk desk;
    const std::string id = desk.conversation();
    desk.say(id, "hola");
    const json c = desk.call("GET", "/conversations/" + id).value();
    CHECK(c["id"].dump() == id);
    CHECK(c["uuid"].is_string());
    CHECK(c["first_reply_created_at"] == 0);
    CHECK(c["waiting_since"].is_number_integer());
    CHECK(c["updated_at"].is_number_float());
    CHECK_FALSE(c["meta"].contains("assignee"));
    CHECK_FALSE(c.contains("contact_inbox"));
    CHECK_FALSE(c.contains("account"));
    CHECK(c["messages"][0]["message_type"] == 0);
    CHECK(c["messages"][0]["created_at"].is_number_integer());
    CHECK(c["last_non_activity_message"]["conversation"]["contact_inbox"]["source_id"].is_string());
}

TEST_CASE("toggling the status names it, toggles without one and hands over for a bot") {
    Receiver bot;
    Desk desk(json{{"agent_bot", {{"outgoing_url", bot.url()}}}});
    const std::string c = "/conversations/" + desk.conversation();
    const json handoff = desk.asBot("POST", c + "/toggle_status", {{"status", "open"}}).value();
    CHECK(handoff["payload"]["success"].is_null());
    CHECK(handoff["payload"]["current_status"] == "open");
    CHECK(desk.call("POST", c + "/toggle_status").value()["payload"]["current_status"] ==
          "resolved");
    const json again = desk.call("POST", c + "/toggle_status", {{"status", "pending"}}).value();
    CHECK(again["payload"]["success"] == true);
    CHECK(again["payload"]["current_status"] == "pending");
    CHECK(desk.call("POST", c + "/toggle_status", {{"status", "asleep"}}).status == 500);
    // An agent who opens a conversation gets it; an administrator does not.
    desk.call("POST", c + "/toggle_status", {{"status", "open"}}, "sandbox-user-token-agent");
    CHECK(desk.call("GET", c).value()["meta"]["assignee"]["name"] == "Luis Ramos");
}

TEST_CASE("assigning knows agents, bots and teams, and an unknown agent unassigns") {
    Desk desk;
    const std::string c = "/conversations/" + desk.conversation();
    CHECK(desk.asBot("POST", c + "/assignments", {{"assignee_id", 1}}).value()["name"] ==
          "Rosa Díaz");
    CHECK(desk.call("GET", "/conversations?assignee_type=me").value()["data"]["payload"].size() ==
          1);
    const Answer unknown = desk.call("POST", c + "/assignments", {{"assignee_id", 999}});
    CHECK(unknown.status == 200);
    CHECK(unknown.body == "null");
    CHECK_FALSE(desk.call("GET", c).value()["meta"].contains("assignee"));
    CHECK(desk.call("POST", c + "/assignments", {{"assignee_id", 1}, {"assignee_type", "AgentBot"}})
              .value()["name"] == "Totem");
    CHECK(desk.call("GET", c).value()["meta"]["assignee_type"] == "AgentBot");
    CHECK(desk.call("POST", c + "/assignments", {{"team_id", 1}}).value()["name"] == "ventas");
}

TEST_CASE("conversations are listed by status, filtered and found by recent change") {
    Desk desk;
    const std::string a = desk.conversation("+51987654321");
    const std::string b = desk.conversation("+51987654322");
    desk.call("POST", "/conversations/" + a + "/toggle_status", {{"status", "resolved"}});
    const auto listed = [&](const std::string& query) {
        return desk.call("GET", "/conversations" + query).value()["data"];
    };
    CHECK(listed("")["payload"].size() == 1);
    CHECK(listed("?status=resolved")["payload"][0]["id"].dump() == a);
    CHECK(listed("?status=all")["payload"].size() == 2);
    CHECK(listed("?status=all&updated_within=60")["payload"].size() == 2);
    CHECK(listed("")["meta"]["unassigned_count"] == 1);
    const json found = desk.call("POST", "/conversations/filter",
                                 {{"payload",
                                   {{{"attribute_key", "status"},
                                     {"filter_operator", "equal_to"},
                                     {"values", {"resolved"}},
                                     {"query_operator", "OR"}},
                                    {{"attribute_key", "display_id"},
                                     {"filter_operator", "equal_to"},
                                     {"values", {b}},
                                     {"query_operator", nullptr}}}}})
                           .value();
    CHECK(found["payload"].size() == 2);
    CHECK(desk.call("POST", "/conversations/filter", json::object()).status == 422);
}

TEST_CASE("webhooks and bots of the account are managed over REST") {
    Desk desk;
    const json made =
        desk.call("POST", "/webhooks",
                  {{"url", "http://127.0.0.1:1/x"}, {"subscriptions", {"message_created"}}})
            .value()["payload"]["webhook"];
    CHECK(made["secret"].get<std::string>().size() == 24);
    CHECK(desk.call("POST", "/webhooks", {{"url", "http://127.0.0.1:1/x"}}).value()["message"] ==
          "Url has already been taken");
    CHECK(desk.call("POST", "/webhooks",
                    {{"url", "http://127.0.0.1:1/y"}, {"subscriptions", {"nonsense"}}})
              .status == 422);
    CHECK(desk.call("GET", "/webhooks").value()["payload"]["webhooks"].size() == 1);
    CHECK(desk.call("DELETE", "/webhooks/" + made["id"].dump()).status == 200);
    CHECK(desk.call("GET", "/inboxes/1").value()["channel_type"] == "Channel::Api");
    CHECK(desk.call("GET", "/inboxes/1/agent_bot").value()["agent_bot"].empty());
    CHECK(desk.call("POST", "/inboxes/1/set_agent_bot", {{"agent_bot", 1}}).body.empty());
    CHECK(desk.call("GET", "/inboxes/1/agent_bot").value()["agent_bot"]["name"] == "Totem");
}
