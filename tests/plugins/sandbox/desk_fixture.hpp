#pragma once

#include "plugins/sandbox/harness.hpp"
#include "world/world.hpp"

namespace sandbox_test {

/// A world with Chatwoot alone, and the calls that most tests make.
struct Desk {
    explicit Desk(json chatwoot = json::object(), json more = json::object()) {
        more["chatwoot"] = std::move(chatwoot);
        world = std::make_unique<totem_sandbox::World>(more);
        world->start();
        port = world->ports().chatwoot;
    }

    Answer call(const std::string& method, const std::string& path, const json& body = nullptr,
                const std::string& token = "sandbox-user-token") const {
        return request(port, method, "/api/v1/accounts/1" + path, {{"Api-Access-Token", token}},
                       body);
    }
    Answer asBot(const std::string& method, const std::string& path,
                 const json& body = nullptr) const {
        return call(method, path, body, "sandbox-bot-token");
    }

    /// A contact with a conversation; returns the conversation's number as text.
    std::string conversation(const std::string& phone = "+51987654321",
                             const std::string& name = "ana flores") const {
        const json contact =
            call("POST", "/contacts", {{"inbox_id", 1}, {"name", name}, {"phone_number", phone}})
                .value();
        return call("POST", "/conversations",
                    {{"inbox_id", 1}, {"contact_id", contact["payload"]["contact"]["id"]}})
            .value()["id"]
            .dump();
    }
    json say(const std::string& conversation, const std::string& text,
             const std::string& type = "incoming") const {
        return call("POST", "/conversations/" + conversation + "/messages",
                    {{"content", text}, {"message_type", type}})
            .value();
    }

    std::unique_ptr<totem_sandbox::World> world;
    int port = 0;
};

}  // namespace sandbox_test
