#pragma once

#include "world/base/http_types.hpp"
#include "world/evolution/bridge.hpp"
#include "world/evolution/webhooks.hpp"

#include <array>
#include <mutex>
#include <optional>

namespace totem_sandbox {
class Phones;
class StopSignal;
}  // namespace totem_sandbox

namespace totem_sandbox::evolution {

/// Evolution API 2.3.7: instances, webhook settings, sending, stored messages, the inbound route
/// of the EVOLUTION channel and the Chatwoot bridge's routes.
class EvolutionService : public Service {
public:
    EvolutionService(const Context& context, Phones& phones, StopSignal& stop);
    ~EvolutionService() override { shutDown(); }

    Reply handle(const Request& request) override;

    void setServerUrl(const std::string& url) { webhooks_.setServerUrl(url); }
    /// Switches the bridge of the configured instance on.
    void bridge(const BridgeSettings& settings);

    /// A customer's phone writes to the configured instance. Returns the id of the message.
    std::string say(const std::string& digits, const std::string& name, const std::string& text);

    /// Changes the connection of the configured instance and sends the events that go with it.
    void connection(const std::string& state, int reason);
    void reset();
    void shutDown();

private:
    using Shared = std::shared_ptr<Instance>;

    Reply route(const Request& request);
    Shared need(const std::string& name);
    Shared authorised(const Request& request, const std::string& name);
    bool globalKey(const Request& request) const;

    // instances.cpp
    Reply create(const Request& request);
    Reply fetch(const Request& request);
    Reply connect(Instance& instance, const Request& request);
    Reply restart(Instance& instance);
    Reply logOut(Instance& instance);
    Reply remove(Instance& instance);
    Reply setWebhook(Instance& instance, const nlohmann::json& body);
    Reply findWebhook(const Instance& instance);
    Reply setBridge(const Shared& instance, const nlohmann::json& body);
    Reply setSettings(Instance& instance, const nlohmann::json& body);
    void applyWebhook(Instance& instance, const nlohmann::json& hook, bool creating);
    void changeState(Instance& instance, const std::string& state, int reason);
    void seed();

    // messages.cpp
    Reply send(const Shared& instance, const std::string& kind, const Request& request);
    Reply sendEvolution(const Shared& instance, const std::string& kind, const Request& request,
                        const nlohmann::json& body);
    Reply sendBaileys(const Shared& instance, const std::string& kind, const nlohmann::json& body);
    nlohmann::json sent(const Shared& instance, const std::string& remoteJid,
                        const nlohmann::json& message, const std::string& type,
                        const nlohmann::json& contextInfo,
                        std::optional<Media> media = std::nullopt);
    void sendFile(const Shared& instance, const std::string& jid, const std::string& caption,
                  const Bridge::File& file);
    void receive(const Shared& instance, nlohmann::json key, const std::string& pushName,
                 const nlohmann::json& message, const std::string& type);
    Reply inbound(const Request& request);
    void store(Instance& instance, const nlohmann::json& data);
    bool onWhatsApp(const std::string& jid) const;

    // chats.cpp
    Reply chat(Instance& instance, const std::string& kind, const Request& request);
    Reply findMessages(const Instance& instance, const nlohmann::json& body);
    Reply fromChatwoot(const std::string& name, const Request& request);

    TaskPool& laneOf(const std::string& jid);

    const Context context_;
    Phones& phones_;
    StopSignal& stop_;
    Webhooks webhooks_;
    std::mutex mutex_;
    std::map<std::string, Shared> instances_;
    /// Messages of one chat go through one lane, so that the bridge keeps their order.
    std::array<TaskPool, 8> lanes_{TaskPool(1), TaskPool(1), TaskPool(1), TaskPool(1),
                                   TaskPool(1), TaskPool(1), TaskPool(1), TaskPool(1)};
    TaskPool receipts_{1};
};

/// What Evolution answers when it refuses; `message` becomes `response.message`.
Reply refusal(int status, const nlohmann::json& message);
struct Refused {
    Reply reply;
};

}  // namespace totem_sandbox::evolution
