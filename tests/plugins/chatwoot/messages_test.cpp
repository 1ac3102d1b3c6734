// chatwoot.send_message and its reconcile against a Chatwoot that misbehaves.

#include <catch2/catch.hpp>
#include <chrono>
#include <totem/testing/loaded_plugin.hpp>

using namespace std::chrono_literals;
using namespace totem::testing;
using totem::Json;
using totem::Status;

namespace {

const std::string kApi = "http://chatwoot:3000/api/v1";
const std::string kConversation = kApi + "/accounts/1/conversations/7";
const std::string kMessages = kConversation + "/messages";
const Json kHola{{"conversation", 7}, {"text", "hola"}};

const Reply& maintenancePage() {
    static const Reply page =
        Reply::http(200, "<html>Back soon</html>", {{"Content-Type", "text/html"}});
    return page;
}

struct Desk {
    Desk() { host.http.answer("GET", kApi + "/profile", Reply::httpJson(200, Json{{"id", 1}})); }

    void conversation(Reply reply) { host.http.answer("GET", kConversation, std::move(reply)); }
    void open() { conversation(Reply::httpJson(200, Json{{"status", "open"}})); }
    /// The newest page, and what comes before the message of that id.
    void page(const Json& messages, int before = 0) {
        const std::string query = before == 0 ? "" : "?before=" + std::to_string(before);
        host.http.answer("GET", kMessages + query, Reply::httpJson(200, {{"payload", messages}}));
    }
    Json message(int id, std::int64_t ageS, const std::string& marker = {}) const {
        Json attributes = Json::object();
        if (!marker.empty()) attributes["totem"]["k"] = marker;
        return {{"id", id},
                {"created_at", host.unixNs() / 1'000'000'000 - ageS},
                {"content_attributes", attributes}};
    }
    int posts() const {
        int count = 0;
        for (const Asked& asked : host.http.sent()) count += asked.name == "POST " + kMessages;
        return count;
    }
    LoadedPlugin load(const Json& more = Json::object()) {
        Json config{{"base_url", "http://chatwoot:3000"},
                    {"account_id", 1},
                    {"api_access_token", "user-token"}};
        config.update(more);
        return {host, std::filesystem::path(TOTEM_TEST_BUILT_PLUGINS) / "chatwoot", config};
    }
    Reply send(LoadedPlugin& chatwoot) const {
        CallOptions options;
        options.idempotencyKey = "event-1";
        return chatwoot.act("chatwoot.send_message", kHola, options).reply();
    }
    /// Asks what became of the message; the second look comes when Chatwoot must have ended.
    Reply reconcile(LoadedPlugin& chatwoot) {
        const Json question{{"action", "chatwoot.send_message"},
                            {"input", kHola},
                            {"key", "event-1"},
                            {"intent_unix_ns", host.unixNs()},
                            {"settled", Json::array()}};
        const OpenCall call = chatwoot.reconcile("chatwoot.send_message", question);
        host.settle();
        host.advance(17s);
        return call.reply();
    }

    FakeHost host;
};

}  // namespace

TEST_CASE("whatever answers in Chatwoot's place, nothing is called sent or absent") {
    Desk desk;
    SECTION("for the conversation: nothing was sent yet") {
        desk.conversation(maintenancePage());
        LoadedPlugin chatwoot = desk.load();
        const Reply reply = desk.send(chatwoot);
        CHECK(reply.status == Status::kUnavailable);
        CHECK(reply.content.find("is not Chatwoot") != std::string::npos);
        CHECK(desk.posts() == 0);
    }
    SECTION("for the message: who knows") {
        desk.open();
        desk.host.http.answer("POST", kMessages, maintenancePage());
        LoadedPlugin chatwoot = desk.load();
        CHECK(desk.send(chatwoot).status == Status::kUnknown);
    }
    SECTION("for the list: it is asked again later") {
        desk.host.http.answer("GET", kMessages, maintenancePage());
        LoadedPlugin chatwoot = desk.load();
        CHECK(desk.reconcile(chatwoot).status == Status::kUnavailable);
    }
    SECTION("for the list, in JSON") {
        desk.host.http.answer("GET", kMessages, Reply::httpJson(200, {{"status", "starting"}}));
        LoadedPlugin chatwoot = desk.load();
        CHECK(desk.reconcile(chatwoot).status == Status::kUnavailable);
    }
    CHECK(desk.host.problems().empty());
}

TEST_CASE("a message is absent only when the conversation was read back to before it") {
    Desk desk;
    std::string state = "absent";
    SECTION("the oldest of the newest page is older") {
        desk.page({desk.message(5, 900), desk.message(6, 1)});
    }
    SECTION("the conversation begins with the second page") {
        desk.page({desk.message(5, 2), desk.message(6, 1)});
        desk.page(Json::array(), 5);
    }
    SECTION("it stands on the second page") {
        std::string marker;
        {
            LoadedPlugin chatwoot = desk.load();
            desk.open();
            desk.host.http.answer("POST", kMessages, Reply::httpJson(200, {{"id", 4}}));
            desk.send(chatwoot);
            marker =
                desk.host.http.sent().back().json().at("/content_attributes/totem/k"_json_pointer);
        }
        desk.page({desk.message(5, 2), desk.message(6, 1)});
        desk.page(Json::array({desk.message(4, 3, marker)}), 5);
        state = "done";
    }
    SECTION("not one message: that is no conversation that somebody answers") {
        desk.page(Json::array());
        state = "unknown";
    }
    SECTION("twenty pages of newer ones") {
        desk.host.http.answer(
            "GET", kMessages + "*",
            Reply::httpJson(200, {{"payload", Json::array({desk.message(5, 2)})}}));
        state = "unknown";
    }
    LoadedPlugin chatwoot = desk.load();
    const Reply reply = desk.reconcile(chatwoot);
    REQUIRE(reply.ok());
    CHECK(reply.json().at("state") == state);
}

TEST_CASE("an old intent waits as long for its last attempt as a young one") {
    Desk desk;
    desk.page(Json::array({desk.message(5, 1800)}));
    LoadedPlugin chatwoot = desk.load();
    const Json question{{"action", "chatwoot.send_message"},
                        {"input", kHola},
                        {"key", "event-1"},
                        {"intent_unix_ns", desk.host.unixNs() - 600'000'000'000},
                        {"settled", Json::array()}};
    const OpenCall call = chatwoot.reconcile("chatwoot.send_message", question);
    desk.host.settle();
    desk.host.advance(16s);
    CHECK_FALSE(call.answered());
    desk.host.advance(1s);
    CHECK(call.reply().json().at("state") == "absent");
}

TEST_CASE("what Chatwoot's refusals mean for a message") {
    struct Row {
        int code;
        Status conversation;  // before anything was sent
        Status message;
    };
    const auto row = GENERATE(
        Row{400, Status::kRefused, Status::kRefused}, Row{403, Status::kRefused, Status::kRefused},
        Row{404, Status::kRefused, Status::kRefused}, Row{413, Status::kRefused, Status::kRefused},
        Row{422, Status::kUnavailable, Status::kUnknown},
        Row{429, Status::kUnavailable, Status::kBusy},
        Row{500, Status::kUnavailable, Status::kUnknown},
        Row{502, Status::kUnavailable, Status::kUnknown});
    CAPTURE(row.code);
    Desk desk;
    const Reply refusal = Reply::httpJson(row.code, {{"error", "no"}});
    SECTION("of the conversation") {
        desk.conversation(refusal);
        LoadedPlugin chatwoot = desk.load();
        CHECK(desk.send(chatwoot).status == row.conversation);
        CHECK(desk.posts() == 0);
    }
    SECTION("of the message") {
        desk.open();
        desk.host.http.answer("POST", kMessages, refusal);
        LoadedPlugin chatwoot = desk.load();
        CHECK(desk.send(chatwoot).status == row.message);
        CHECK(desk.posts() == 1);
    }
}

TEST_CASE("a transport that fails before anything is sent may be tried again") {
    Desk desk;
    desk.conversation(Reply::failure(Status::kUnknown, "connection reset"));
    LoadedPlugin chatwoot = desk.load();
    CHECK(desk.send(chatwoot).status == Status::kUnavailable);
}

TEST_CASE("an agent's conversation gets no answer") {
    Desk desk;
    desk.conversation(Reply::httpJson(
        200, {{"status", "open"}, {"meta", {{"assignee", {{"id", 3}, {"name", "Ana"}}}}}}));
    LoadedPlugin chatwoot = desk.load();
    const Reply reply = desk.send(chatwoot);
    CHECK(reply.json() ==
          Json{{"sent", false}, {"reason", "the conversation is assigned to an agent"}});
    CHECK(desk.posts() == 0);
}

TEST_CASE("only a bot that may not read answers without having looked") {
    Desk desk;
    desk.conversation(Reply::httpJson(401, {{"error", "Invalid Access Token"}}));
    desk.host.http.answer("POST", kMessages, Reply::httpJson(200, {{"id", 9}}));
    SECTION("a user's token that is not accepted any more") {
        LoadedPlugin chatwoot = desk.load({{"bot_token", "bot-token"}});
        const Reply reply = desk.send(chatwoot);
        CHECK(reply.status == Status::kUnavailable);
        CHECK(reply.content.find("plugins.chatwoot.config.api_access_token") != std::string::npos);
        CHECK(desk.posts() == 0);
    }
    SECTION("no user's token") {
        LoadedPlugin chatwoot = desk.load({{"bot_token", "bot-token"}, {"api_access_token", ""}});
        CHECK(desk.send(chatwoot).json().at("sent") == true);
    }
}

TEST_CASE("a token that is not known waits to be known, a lack of rights is final") {
    Desk desk;
    const Json unknown{{"error", "Invalid Access Token"}};
    const Json forbidden{{"error", "You are not authorized to do this action"}};
    const bool known = GENERATE(false, true);
    const Json& answer = known ? forbidden : unknown;
    const Status status = known ? Status::kRefused : Status::kUnavailable;
    SECTION("of who sends") {
        desk.conversation(Reply::httpJson(200, {{"status", "pending"}}));
        desk.host.http.answer("POST", kMessages, Reply::httpJson(401, answer));
        LoadedPlugin chatwoot = desk.load({{"bot_token", "bot-token"}});
        const Reply reply = desk.send(chatwoot);
        CHECK(reply.status == status);
        if (!known)
            CHECK(reply.content.find("plugins.chatwoot.config.bot_token") != std::string::npos);
    }
    SECTION("of who looks") {
        desk.conversation(Reply::httpJson(401, answer));
        LoadedPlugin chatwoot = desk.load({{"bot_token", "bot-token"}});
        const Reply reply = desk.send(chatwoot);
        CHECK(reply.status == status);
        CHECK(reply.content.find("plugins.chatwoot.config.api_access_token") != std::string::npos);
        CHECK(desk.posts() == 0);
    }
}

TEST_CASE("a pending conversation that somebody was assigned to gets no answer of the bot's") {
    Desk desk;
    const std::string type = GENERATE("User", "AgentBot");
    desk.conversation(Reply::httpJson(
        200, {{"status", "pending"},
              {"meta", {{"assignee", {{"id", 3}, {"name", "Ana"}}}, {"assignee_type", type}}}}));
    desk.host.http.answer("POST", kMessages, Reply::httpJson(200, {{"id", 9}}));
    LoadedPlugin chatwoot = desk.load({{"bot_token", "bot-token"}});
    CHECK(desk.send(chatwoot).json().at("sent") == (type == "AgentBot"));
}

TEST_CASE("a refused message is logged as an error and counted") {
    Desk desk;
    desk.open();
    desk.host.http.answer("POST", kMessages, Reply::httpJson(404, {{"error", "no"}}));
    LoadedPlugin chatwoot = desk.load();
    CHECK(desk.send(chatwoot).status == Status::kRefused);
    CHECK(desk.host.log.of("message.refused").at(0).level == TOTEM_LOG_ERROR);
    CHECK(desk.host.metrics.total("chatwoot_sends", {{"result", "refused"}}) == 1);
}

TEST_CASE("a hand-over that meets an error is tried again while somebody waits for it") {
    Desk desk;
    const std::string toggle = kConversation + "/toggle_status";
    const Json open{{"conversation", 7}, {"status", "open"}};
    CallOptions options;
    options.timeout = 30s;
    SECTION("and succeeds") {
        desk.host.http.answer("POST", toggle, Reply::httpJson(500, {{"error", "oops"}}));
        desk.host.http.answer("POST", toggle, Reply::failure(Status::kUnknown, "reset"));
        desk.host.http.answer("POST", toggle,
                              Reply::httpJson(200, {{"payload", {{"current_status", "open"}}}}));
        LoadedPlugin chatwoot = desk.load();
        const OpenCall call = chatwoot.act("chatwoot.set_status", open, options);
        desk.host.advance(5s);
        CHECK(call.reply().json() == Json{{"status", "open"}});
    }
    SECTION("in vain: it may be tried again later") {
        desk.host.http.answer("POST", toggle, Reply::httpJson(500, {{"error", "oops"}}));
        LoadedPlugin chatwoot = desk.load();
        const OpenCall call = chatwoot.act("chatwoot.set_status", open, options);
        desk.host.advance(29s);
        CHECK(call.reply().status == Status::kUnavailable);
    }
    SECTION("unless Chatwoot says no") {
        desk.host.http.answer("POST", toggle, Reply::httpJson(404, {{"error", "no"}}));
        LoadedPlugin chatwoot = desk.load();
        CHECK(chatwoot.act("chatwoot.set_status", open, options).reply().status ==
              Status::kRefused);
    }
    CHECK(desk.host.problems().empty());
}

TEST_CASE("an API inbox's message carries the marker as its source_id, others must not") {
    Desk desk;
    const std::string channel = GENERATE("Channel::Api", "Channel::Whatsapp");
    desk.conversation(Reply::httpJson(200, {{"status", "open"}, {"meta", {{"channel", channel}}}}));
    desk.host.http.answer("POST", kMessages, Reply::httpJson(200, {{"id", 9}}));
    LoadedPlugin chatwoot = desk.load();
    CHECK(desk.send(chatwoot).json().at("id") == 9);
    CHECK(desk.host.http.sent().back().json().contains("source_id") == (channel == "Channel::Api"));
}
