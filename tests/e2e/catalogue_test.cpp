// "¿Qué celulares tienen?": pictures, prices and instalments, from the catalogue to the phone.

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "e2e/demo.hpp"

using Catch::Contains;
using nlohmann::json;
using totem_test::askHttp;
using totem_test::Demo;
using totem_test::freePort;
using namespace std::chrono_literals;

namespace {

const std::string kPhone = "51987654321";
const std::string kQuestion = "Buenas, ¿qué celulares tienen?";
const std::string kToken = "a-token-of-the-test";
const std::vector<std::string> kPhones = {"andes-5", "costa-x", "selva-lite"};

std::vector<std::string> textsOf(const json& messages) {
    std::vector<std::string> texts;
    for (const json& message : messages) texts.push_back(message.at("text"));
    return texts;
}
std::vector<std::string> sorted(std::vector<std::string> texts) {
    std::sort(texts.begin(), texts.end());
    return texts;
}

std::string contentOf(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// The demonstration with the catalogue on a port of its own, and three phones in it.
struct Shop {
    explicit Shop(json changes = json::object()) {
        json own{{"listeners",
                  {{"images",
                    {{"address", "127.0.0.1:" + std::to_string(port)}, {"plugins", {"images"}}}}}},
                 {"plugins",
                  {{"images",
                    {{"config",
                      {{"root", folder.string() + "/images"},
                       {"cache", {{"directory", folder.string() + "/renditions"}}},
                       {"public_url", "http://127.0.0.1:" + std::to_string(port)},
                       {"tokens", {kToken}}}}}}}}};
        // Evolution's own channel would drop captions, as it does in life.
        own["plugins"]["sandbox"]["config"]["evolution"]["integration"] = "WHATSAPP-BAILEYS";
        own.merge_patch(changes);
        demo = std::make_unique<Demo>(own, Demo::kInside, ports);
        for (const std::string& code : kPhones) {
            const std::string path = "fnb/demo/" + code + ".jpg";
            const auto put = askHttp(port, "PUT", "/api/catalogos/" + path,
                                     contentOf(TOTEM_SOURCE_PICTURES "/" + code + ".jpg"),
                                     {{"Authorization", "Bearer " + kToken}});
            REQUIRE(put.status < 300);
            const json product{
                {"codigo", code},         {"nombre", code},
                {"precio", 1299},         {"categoria", "celulares"},
                {"imagen_listado", path}, {"cuotas", {{"3", 454.65}, {"12", 113.66}}}};
            const auto post = askHttp(
                port, "POST", "/api/productos", product.dump(),
                {{"Authorization", "Bearer " + kToken}, {"Content-Type", "application/json"}});
            REQUIRE(post.status == 200);
        }
    }
    ~Shop() {
        demo.reset();
        std::filesystem::remove_all(folder);
    }

    /// What the phone has received, once that is `count` messages.
    json received(std::size_t count) const {
        demo->sandbox().received(kPhone, count);
        const json all = demo->sandbox().get("/phone/messages?from=" + kPhone);
        json list = json::array();
        for (const json& message : all.at("messages")) {
            if (message.at("direction") == "received") list.push_back(message);
        }
        return list;
    }
    void checkPictures(const json& messages) const {
        REQUIRE(messages.size() == 3);
        for (const json& message : messages) {
            CAPTURE(message);
            CHECK_THAT(message.at("text").get<std::string>(),
                       Contains("S/ 1,299.00") && Contains("12 cuotas de S/ 113.66"));
            REQUIRE(message.contains("media"));
            CHECK(message.at("media").at("type") == "image/jpeg");
            CHECK(message.at("media").at("bytes") > 1000);
            const auto picture = askHttp(ports.page, "GET", message.at("media").at("url"));
            CHECK(picture.status == 200);
            CHECK(picture.body.compare(0, 3, "\xff\xd8\xff") == 0);
        }
    }
    /// Every phone once, in the order of the catalogue.
    static void checkOrder(const std::vector<std::string>& texts) {
        REQUIRE(texts.size() == kPhones.size());
        for (std::size_t i = 0; i < texts.size(); ++i)
            CHECK_THAT(texts[i], Contains("*" + kPhones[i] + "*"));
    }
    /// The texts of the messages with pictures, as Chatwoot has them.
    std::vector<std::string> inChatwoot() const {
        const json conversation = demo->sandbox().conversation(kPhone);
        std::vector<std::string> texts;
        for (const json& message : conversation.at("messages")) {
            if (!message.contains("attachments")) continue;
            CHECK(message.at("attachments").size() == 1);
            CHECK(message.at("attachments")[0].at("file_type") == "image");
            CHECK(message.at("content_attributes").contains("totem"));
            texts.push_back(message.at("content"));
        }
        return texts;
    }

    const totem_test::DemoPorts ports;
    const int port = freePort();
    std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("totem-catalogue-" + std::to_string(port));
    std::unique_ptr<Demo> demo;
};

}  // namespace

TEST_CASE("a customer of Chatwoot's asks for phones and sees them with their instalments") {
    Shop shop;
    shop.demo->sandbox().say(kPhone, kQuestion);
    const json messages = shop.received(3);
    shop.checkPictures(messages);
    REQUIRE(shop.demo->waitUntilHandled());
    // The bridge between Chatwoot and WhatsApp waits before each message as long as it likes, so
    // that the order is Chatwoot's, not the phone's.
    shop.checkOrder(shop.inChatwoot());
    shop.checkOrder(sorted(textsOf(messages)));
    // What is no question for phones goes its usual way.
    CHECK_THAT(shop.demo->sandbox().ask(kPhone, "hola"), Contains("DNI"));
}

TEST_CASE("the same without Chatwoot, through Evolution alone") {
    Shop shop(json{{"plugins",
                    {{"chatwoot", {{"enabled", false}}},
                     {"sandbox", {{"config", {{"evolution", {{"bridge", false}}}}}}}}}});
    shop.demo->sandbox().say(kPhone, kQuestion);
    const json messages = shop.received(3);
    shop.checkPictures(messages);
    shop.checkOrder(textsOf(messages));
    REQUIRE(shop.demo->waitUntilHandled());
    CHECK(shop.received(3).size() == 3);
}

TEST_CASE("an answer of Chatwoot's that got lost brings no picture twice") {
    Shop shop;
    shop.demo->sandbox().fault(
        {{"service", "chatwoot"}, {"reset", "after_effect"}, {"match", "/messages"}, {"count", 1}});
    shop.demo->sandbox().say(kPhone, kQuestion);
    const json messages = shop.received(3);
    shop.checkPictures(messages);
    REQUIRE(shop.demo->waitUntilHandled());
    CHECK(shop.received(3).size() == 3);
    shop.checkOrder(shop.inChatwoot());
    shop.checkOrder(sorted(textsOf(messages)));
}

TEST_CASE("without a catalogue the question is greeted like any other") {
    Demo demo;
    CHECK_THAT(demo.sandbox().ask(kPhone, kQuestion), Contains("DNI"));
}
