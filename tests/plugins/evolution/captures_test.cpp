// Recorded webhooks of a real Evolution, when TOTEM_EVOLUTION_CAPTURES names their folder: files
// <name>-<event with underscores>.json with the post under "body".

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "payloads.hpp"

using payloads::Json;

namespace {

/// What the parts of a file's name say about its event; the first that fits counts.
const std::pair<const char*, const char*> kExpected[] = {
    {"in-reaction", "evolution.reaction"},
    {"out-reaction", "evolution.reaction"},
    {"in-status-broadcast", "evolution.status_broadcast"},
    {"out-group", "evolution.group_message"},
    {"in-fromme", "message.sent"},
    {"-messages_upsert", "message.received"},
    {"-send_message", "message.sent"},
    {"-messages_update", "message.updated"},
    {"-messages_edited", "message.updated"},
    {"-messages_delete", "message.updated"},
    {"-messages_set", "evolution.messages_set"},
    {"-contacts_upsert", "evolution.contacts_upsert"},
    {"-contacts_update", "evolution.contacts_update"},
    {"-chats_set", "evolution.chats_set"},
    {"-connection_update", "evolution.connection_update"},
    {"-qrcode_updated", "evolution.qrcode_updated"},
    {"-status_instance", "evolution.status_instance"},
    {"-logout_instance", "evolution.logout_instance"},
    {"-remove_instance", "evolution.remove_instance"},
    {"-instance_create", "evolution.instance_create"},
    {"-group_participants_update", "evolution.group_participants_update"},
};

std::string expectedType(const std::string& name) {
    for (const auto& [part, type] : kExpected) {
        if (name.find(part) != std::string::npos) return type;
    }
    return "a row in this table";
}

}  // namespace

TEST_CASE("every recorded webhook becomes the event that its name says") {
    const char* folder = std::getenv("TOTEM_EVOLUTION_CAPTURES");
    if (folder == nullptr) return;
    std::map<std::string, std::string> ids;
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
        const std::string name = file.path().stem().string();
        CAPTURE(name);
        std::ifstream stream(file.path());
        const Json recorded = Json::parse(stream);
        if (!recorded.is_object() || !recorded.contains("body")) continue;
        const auto events = payloads::events(recorded.at("body"));
        REQUIRE(events.size() == 1);
        CHECK(events[0].at("type") == expectedType(name));
        const std::string kind = events[0].at("data").value("kind", "");
        const bool media = kind == "image" || kind == "audio" || kind == "video" ||
                           kind == "document" || kind == "sticker";
        if (events[0].at("type") == "message.received" && !media)
            CHECK(events[0].at("data").at("text") != "");
        ids[name] =
            events[0].at("source").get<std::string>() + " " + events[0].at("id").get<std::string>();
    }
    for (const auto& [name, id] : ids) {
        const auto part = name.find("in-duplicate");
        if (part == std::string::npos) continue;
        CAPTURE(name);
        CHECK(ids[std::string(name).replace(part, 12, "in-text")] == id);
    }
}
