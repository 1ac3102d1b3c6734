// What becomes visible of a text that could not be sent.

#include <catch2/catch.hpp>
#include <totem/testing/loaded_plugin.hpp>

using namespace totem::testing;
using totem::Json;
using totem::Status;

TEST_CASE("a text that is refused or unknown for good is an error in the log, others are not") {
    struct Row {
        Reply answer;
        Status status;
        std::string event;  // empty: it is sent again later
    };
    const Json words{{"response", {{"message", {"Error: the bookkeeping failed"}}}}};
    const auto row = GENERATE_REF(
        Row{Reply::httpJson(404, words), Status::kRefused, "message.refused"},
        Row{Reply::httpJson(400, words), Status::kUnknown, "message.unknown"},
        Row{Reply::failure(Status::kUnknown, "connection reset"), Status::kUnknown,
            "message.unknown"},
        Row{Reply::httpJson(401, words), Status::kUnavailable, ""},
        Row{Reply::failure(Status::kUnavailable, "no connection"), Status::kUnavailable, ""});
    FakeHost host;
    host.http.answer("GET", "http://evolution:8080/*", Reply::httpJson(200, Json::object()));
    host.http.answer("POST", "http://evolution:8080/message/sendText/ventas", row.answer);
    LoadedPlugin evolution{host, std::filesystem::path(TOTEM_TEST_BUILT_PLUGINS) / "evolution",
                           Json{{"base_url", "http://evolution:8080"},
                                {"api_key", "a-key"},
                                {"instances", {"ventas"}}}};
    const Json input{{"number", "51911111111"}, {"text", "hola"}};
    CHECK(evolution.act("evolution.send_text", input).reply().status == row.status);
    CHECK(host.metrics.total("evolution_sends", {{"result", totem::statusName(row.status)}}) == 1);
    for (const char* event : {"message.refused", "message.unknown"}) {
        CHECK(host.log.of(event).size() == (row.event == event ? 1 : 0));
        for (const LogLine& line : host.log.of(event)) CHECK(line.level == TOTEM_LOG_ERROR);
    }
}
