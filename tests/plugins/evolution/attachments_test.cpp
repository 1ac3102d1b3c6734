// evolution.send_text with files: each a message of its own, the text under the first.

#include <catch2/catch.hpp>
#include <totem/testing/loaded_plugin.hpp>

using namespace totem::testing;
using Catch::Contains;
using totem::Json;
using totem::Status;

namespace {

const std::string kMedia = "http://evolution:8080/message/sendMedia/ventas";
const std::string kText = "http://evolution:8080/message/sendText/ventas";
const std::string kPicture = "http://srv-img:8000/api/catalogos/fnb/a.png?preset=whatsapp";

struct Line {
    Line() {
        host.http.answer("GET", "http://evolution:8080/*", Reply::httpJson(200, Json::object()));
        host.http.answer("GET", kPicture,
                         Reply::http(200, "JPEG", {{"Content-Type", "image/jpeg"}}));
    }
    static Reply taken(const std::string& id) {
        return Reply::httpJson(
            201, Json{{"key", {{"id", id}, {"remoteJid", "51911111111@s.whatsapp.net"}}}});
    }
    Reply send(const Json& input) {
        LoadedPlugin evolution{host, std::filesystem::path(TOTEM_TEST_BUILT_PLUGINS) / "evolution",
                               Json{{"base_url", "http://evolution:8080"},
                                    {"api_key", "a-key"},
                                    {"instances", {"ventas"}}}};
        Json whole{{"number", "51911111111"}};
        whole.update(input);
        return evolution.act("evolution.send_text", whole).reply();
    }
    std::vector<Json> bodies(const std::string& url) const {
        std::vector<Json> found;
        for (const Asked& asked : host.http.sent()) {
            if (asked.name == "POST " + url) found.push_back(asked.json());
        }
        return found;
    }

    FakeHost host;
};

const Json kTwo{{"text", "*Andes 5*"},
                {"attachments",
                 {{{"url", kPicture}},
                  {{"base64", "JVBERi0="}, {"name", "lista.pdf"}, {"type", "application/pdf"}}}}};

}  // namespace

TEST_CASE("each file is a message, the text is the caption of the first") {
    Line line;
    line.host.http.answer("POST", kMedia, Line::taken("A1"));
    const Reply reply = line.send(kTwo);
    REQUIRE(reply.ok());
    CHECK(reply.json().at("id") == "A1");
    const auto sent = line.bodies(kMedia);
    REQUIRE(sent.size() == 2);
    CHECK(sent[0] == Json{{"number", "51911111111"},
                          {"mediatype", "image"},
                          {"mimetype", "image/jpeg"},
                          {"fileName", "a.jpg"},
                          {"media", "SlBFRw=="},
                          {"caption", "*Andes 5*"}});
    CHECK(sent[1].at("mediatype") == "document");
    CHECK(sent[1].at("fileName") == "lista.pdf");
    CHECK_FALSE(sent[1].contains("caption"));
    CHECK(line.bodies(kText).empty());
}

TEST_CASE("when the second file fails, nobody calls the message sent or unsent") {
    Line line;
    line.host.http.answer("POST", kMedia, Line::taken("A1"));
    line.host.http.answer("POST", kMedia, Reply::httpJson(403, Json::object()));
    const Reply reply = line.send(kTwo);
    CHECK(reply.status == Status::kUnknown);
    CHECK_THAT(reply.content, Contains("1 of 2 attachments went out"));
}

TEST_CASE("a file that cannot be had: nothing is sent") {
    Line line;
    line.host.http.answer("GET", "http://srv-img:8000/gone.png", Reply::http(404));
    Json input = kTwo;
    input["attachments"].push_back({{"url", "http://srv-img:8000/gone.png"}});
    CHECK(line.send(input).status == Status::kRefused);
    CHECK(line.bodies(kMedia).empty());
}
