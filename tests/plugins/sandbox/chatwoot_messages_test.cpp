#include "plugins/sandbox/desk_fixture.hpp"

#include <catch2/catch.hpp>

using namespace sandbox_test;

TEST_CASE("a message is created with numbers for types and nothing is deduplicated") {
    Desk desk;
    const std::string path = "/conversations/" + desk.conversation() + "/messages";
    const json body = {{"content", "Su cita es mañana"},
                       {"source_id", "ours-1"},
                       {"echo_id", "e1"},
                       {"content_attributes", {{"conn", {{"k", "7f3c"}}}}}};
    const json first = desk.asBot("POST", path, body).value();
    CHECK(first["message_type"] == 1);
    CHECK(first["status"] == "sent");
    CHECK(first["private"] == false);
    CHECK(first["source_id"] == "ours-1");
    CHECK(first["echo_id"] == "e1");
    CHECK(first["content_attributes"]["conn"]["k"] == "7f3c");
    CHECK(first["sender"]["type"] == "agent_bot");
    CHECK(first["created_at"].is_number_integer());
    const json second = desk.asBot("POST", path, body).value();
    CHECK(second["id"] > first["id"]);
    const json listed = desk.call("GET", path).value()["payload"];
    CHECK(listed.size() == 2);
    CHECK_FALSE(listed[0].contains("echo_id"));
}

TEST_CASE("a user's token may post as a bot") {
    Desk desk;
    const std::string path = "/conversations/" + desk.conversation() + "/messages";
    const json sent =
        desk.call("POST", path, {{"content", "x"}, {"sender_type", "AgentBot"}, {"sender_id", 1}})
            .value();
    CHECK(sent["sender"] ==
          json{{"id", 1}, {"name", "Totem"}, {"avatar_url", ""}, {"type", "agent_bot"}});
}

TEST_CASE("bad messages are refused with the reason") {
    Desk desk;
    const std::string path = "/conversations/" + desk.conversation() + "/messages";
    struct Row {
        json body;
        const char* error;
    };
    const Row rows[] = {
        {{{"content_type", "card"}}, "'card' is not a valid content_type"},
        {{{"message_type", "loud"}}, "'loud' is not a valid message_type"},
        {{{"content", std::string(150001, 'a')}},
         "Validation failed: Content is too long (maximum is 150000 characters)"},
        {{{"content_type", "input_select"}},
         "Validation failed: Content attributes At least one item is required."},
        {{{"content_type", "input_select"},
          {"content_attributes", {{"items", {{{"title", "a"}, {"colour", "b"}}}}}}},
         "Validation failed: Content attributes contains invalid keys for items : [\"colour\"]"}};
    for (const Row& row : rows) {
        const Answer answer = desk.call("POST", path, row.body);
        INFO(answer.body);
        CHECK(answer.status == 422);
        CHECK(answer.value()["error"] == row.error);
    }
    CHECK(desk.call("GET", path).value()["payload"].empty());
    CHECK(requestText(desk.port, "POST", "/api/v1/accounts/1" + path,
                      {{"Api-Access-Token", "sandbox-user-token"}}, "application/json", "{\"a\":")
              .status == 400);
    CHECK(desk.call("POST", "/conversations/99/messages", {{"content", "x"}}).status == 404);
}

TEST_CASE("a form carries content, attributes as text and files") {
    Desk desk;
    const std::string path =
        "/api/v1/accounts/1/conversations/" + desk.conversation() + "/messages";
    const auto part = [](const std::string& head, const std::string& data) {
        return "--XX\r\nContent-Disposition: form-data; " + head + "\r\n\r\n" + data + "\r\n";
    };
    const std::string body =
        part("name=\"content\"", "presupuesto") + part("name=\"private\"", "true") +
        part("name=\"content_attributes\"", "{\"k\":1}") +
        part("name=\"attachments[]\"; filename=\"p.pdf\"\r\nContent-Type: application/pdf",
             "%PDF") +
        "--XX--\r\n";
    const json sent =
        requestText(desk.port, "POST", path, {{"Api-Access-Token", "sandbox-user-token"}},
                    "multipart/form-data; boundary=XX", body)
            .value();
    CHECK(sent["content"] == "presupuesto");
    CHECK(sent["private"] == true);
    CHECK(sent["content_attributes"]["k"] == 1);
    CHECK(sent["attachments"][0]["extension"] == "pdf");
    CHECK(sent["attachments"][0]["file_type"] == "file");
    CHECK(sent["attachments"][0]["file_size"] == 4);
    const std::string broken = part("name=\"content_attributes\"", "{oops") + "--XX--\r\n";
    CHECK(requestText(desk.port, "POST", path, {{"Api-Access-Token", "sandbox-user-token"}},
                      "multipart/form-data; boundary=XX", broken)
              .value()["content_attributes"]
              .empty());
}

TEST_CASE("messages are listed newest twenty, before and after by their rules") {
    Desk desk;
    const std::string id = desk.conversation();
    std::vector<long> ids;
    for (int i = 0; i < 125; ++i) ids.push_back(desk.say(id, std::to_string(i))["id"]);
    const auto listed = [&](const std::string& query) {
        return desk.call("GET", "/conversations/" + id + "/messages" + query).value()["payload"];
    };
    const json newest = listed("");
    CHECK(newest.size() == 20);
    CHECK(newest.front()["content"] == "105");
    CHECK(newest.back()["content"] == "124");
    const json before = listed("?before=" + std::to_string(ids[50]));
    CHECK(before.size() == 20);
    CHECK(before.back()["content"] == "49");
    const json after = listed("?after=" + std::to_string(ids[0]));
    CHECK(after.size() == 100);
    CHECK(after.front()["content"] == "1");
    const json between =
        listed("?after=" + std::to_string(ids[3]) + "&before=" + std::to_string(ids[120]));
    CHECK(between.size() == 117);
    CHECK(between.front()["content"] == "3");
    desk.call("POST", "/conversations/" + id + "/messages", {{"content", "n"}, {"private", true}});
    CHECK(listed("?filter_internal_messages=1").back()["content"] == "124");
}

TEST_CASE("outgoing texts go through Liquid, incoming ones do not") {
    Desk desk;
    const std::string id = desk.conversation();
    struct Row {
        const char* text;
        const char* stored;
    };
    const Row rows[] = {{"Hola {{contact.name}}", "Hola Ana Flores"},
                        {"{{ contact.first_name }}: {{conversation.display_id}}", "Ana: 1"},
                        {"[{{nothing.here}}]", "[]"},
                        {"{{ nothing | default: 'x' }}", "x"},
                        {"code `{{contact.name}}` stays", "code `{{contact.name}}` stays"},
                        {"{{ broken", "{{ broken"},
                        {"{% oops %}{{contact.name}}", "{% oops %}{{contact.name}}"},
                        {"{% if contact.name %}a{% else %}b{% endif %}", "a"},
                        {"{% if contact.email %}a{% else %}b{% endif %}", "b"},
                        {"{% raw %}{{contact.name}}{% endraw %}", "{{contact.name}}"},
                        {"{ {contact.name}}", "{ {contact.name}}"}};
    for (const Row& row : rows) CHECK(desk.say(id, row.text, "outgoing")["content"] == row.stored);
    CHECK(desk.say(id, "{{contact.name}}")["content"] == "{{contact.name}}");
}

TEST_CASE("times and counters follow the messages") {
    Desk desk;
    const std::string id = desk.conversation();
    const auto conversation = [&] { return desk.call("GET", "/conversations/" + id).value(); };
    desk.say(id, "hola");
    CHECK(conversation()["waiting_since"] > 0);
    CHECK(conversation()["unread_count"] == 1);
    desk.call("POST", "/conversations/" + id + "/messages", {{"content", "n"}, {"private", true}});
    CHECK(conversation()["waiting_since"] > 0);
    desk.say(id, "buenas", "outgoing");
    CHECK(conversation()["waiting_since"] == 0);
    CHECK(conversation()["first_reply_created_at"] > 0);
    CHECK(conversation()["unread_count"] == 0);
}

TEST_CASE("the status of a message is changed, never from read to delivered") {
    Desk desk;
    const std::string id = desk.conversation();
    const std::string path =
        "/conversations/" + id + "/messages/" + desk.say(id, "x", "outgoing")["id"].dump();
    CHECK(desk.call("PATCH", path, {{"status", "read"}}).value()["status"] == "read");
    CHECK(desk.call("PATCH", path, {{"status", "delivered"}}).value()["status"] == "read");
    CHECK(desk.call("PATCH", path, {{"status", "odd"}}).value()["status"] == "read");
    const json failed =
        desk.call("PATCH", path, {{"status", "failed"}, {"external_error", "no"}}).value();
    CHECK(failed["content_attributes"]["external_error"] == "no");
    CHECK(desk.call("POST", path + "/retry").value()["content_attributes"].empty());
    CHECK(desk.call("DELETE", path).value()["content_attributes"]["deleted"] == true);
}

TEST_CASE("the limit of messages per minute is kept when it is set") {
    Desk desk(json{{"messages_per_minute", 2}});
    const std::string id = desk.conversation();
    desk.say(id, "1");
    desk.say(id, "2");
    CHECK(desk.say(id, "3")["error"] == "Validation failed: Too many messages");
}
