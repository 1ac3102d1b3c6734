#pragma once

#include "world/base/task_pool.hpp"
#include "world/chatwoot/store.hpp"

#include <atomic>
#include <functional>
#include <string>

namespace totem_sandbox {
class EventLog;
class Faults;
class HttpCaller;
class Journeys;
}  // namespace totem_sandbox

namespace totem_sandbox::chatwoot {

struct EventContext {
    HttpCaller& caller;
    Faults& faults;
    EventLog& log;
    Journeys& journeys;
    const ChatwootSettings& settings;
    double timeScale;
};

/// Posts what happens to the account's webhooks, the API inbox and the agent bot, with
/// signatures, time-outs and the rules for what follows a failure.
///
/// Threads: the announcing functions are called with the store's mutex held and never wait; the
/// posts are made by threads of its own.
class Events {
public:
    Events(const EventContext& context, Store& store);
    ~Events() { stop(); }

    void message(const std::string& event, const Conversation& conversation,
                 const Message& message);
    /// `changed` becomes `changed_attributes`; discarded: the member is left out.
    void conversation(const std::string& event, const Conversation& conversation,
                      nlohmann::json changed = nlohmann::json::value_t::discarded);
    void contact(const std::string& event, const Contact& contact,
                 nlohmann::json changed = nlohmann::json::value_t::discarded);
    void typing(bool on, const Conversation& conversation, const Actor& actor, bool isPrivate);

    /// Posts to this address are never repeated by a fault: the bridge would send twice.
    void setBridge(std::string url) { bridge_ = std::move(url); }

    /// Called with the mutex held when a bot could not be reached: opens a pending conversation.
    std::function<void(Conversation&)> onBotFailure;
    void stop();

private:
    enum class Kind { account, apiInbox, bot };
    struct Delivery {
        Kind kind;
        std::string url, secret, id, event, body;
        Id conversation = 0, message = 0;
        int attempt = 1;
    };
    using Builder = std::function<nlohmann::json()>;

    void toAccount(const Delivery& what, const Builder& build);
    void toInbox(const Conversation& conversation, const Delivery& what, const Builder& build);
    void toBots(const Conversation& conversation, const Delivery& what, const Builder& build);
    void later(Delivery delivery, Builder build);
    void enqueue(Delivery delivery);
    void deliver(Delivery delivery);
    void failed(const Delivery& delivery, const std::string& error);
    void markFailed(const Delivery& delivery, const std::string& error);
    std::string traceOf(const Delivery& delivery) const;
    TaskPool& poolOf(const Delivery& d) { return d.kind == Kind::apiInbox ? inboxPool_ : pool_; }

    EventContext context_;
    Store& store_;
    std::string bridge_;
    std::atomic<unsigned> parity_{0};
    TaskPool pool_{16};
    TaskPool inboxPool_{64};
};

}  // namespace totem_sandbox::chatwoot
