#pragma once

#include "world/base/http_types.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace totem_sandbox {
class HttpCaller;
class Journeys;
class StopSignal;
}  // namespace totem_sandbox

namespace totem_sandbox::evolution {

struct BridgeSettings {
    std::string url, accountId, token, inboxName;
};

/// Evolution's built-in bridge: puts a customer's message into Chatwoot by the same REST calls as
/// the real one, and sends on to the phone what Chatwoot's API inbox posts back.
/// Safe from any thread; `inbound` of one chat comes from one thread at a time.
class Bridge {
public:
    Bridge(BridgeSettings settings, HttpCaller& caller, Journeys& journeys, StopSignal& stop,
           double timeScale);

    /// Blocks for its HTTP calls; returns false when Chatwoot did not take the message.
    bool inbound(const std::string& jid, const std::string& name, const std::string& text,
                 const std::string& keyId, bool fromMe);

    /// What Chatwoot posted. Waits as the real one does, then calls `send` with JID and text, or
    /// for each attachment with its file and the text as its caption; false from `send` becomes a
    /// private note.
    struct File {
        std::string url;
        Media media;
    };
    using Send =
        std::function<bool(const std::string& jid, const std::string& text, const File* file)>;
    void outbound(const nlohmann::json& payload, const Send& send);
    void reset();

private:
    nlohmann::json ask(const std::string& method, const std::string& path,
                       const nlohmann::json& body, int& status);
    std::int64_t findContact(const std::string& digits);
    std::int64_t findInbox();
    std::int64_t findConversation(const std::string& jid, const std::string& name);
    File fetch(const nlohmann::json& attachment);
    bool post(std::int64_t conversation,
              const std::vector<std::pair<std::string, std::string>>& fields);

    const BridgeSettings settings_;
    HttpCaller& caller_;
    Journeys& journeys_;
    StopSignal& stop_;
    const double timeScale_;
    std::mutex mutex_;
    std::int64_t inbox_ = 0;
    std::map<std::string, std::int64_t> conversations_;
};

/// The marks of WhatsApp as the bridge writes them for Chatwoot, and the way back.
std::string toMarkdown(const std::string& text);
std::string fromMarkdown(const std::string& text);

}  // namespace totem_sandbox::evolution
