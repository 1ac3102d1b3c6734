#pragma once

#include "world/base/http_types.hpp"

#include <functional>
#include <string>

namespace totem_sandbox {

class EventLog;
class Faults;
class FnbPortal;
class GasoReport;
class HttpCaller;
class Journeys;
class Phones;
namespace chatwoot {
class ChatwootService;
}
namespace evolution {
class EvolutionService;
}

/// What the page and the control API reach; a service that is not played is null.
struct ControlContext {
    Faults& faults;
    EventLog& log;
    Journeys& journeys;
    Phones& phones;
    HttpCaller& caller;
    chatwoot::ChatwootService* chatwoot = nullptr;
    evolution::EvolutionService* evolution = nullptr;
    FnbPortal* fnb = nullptr;
    GasoReport* gaso = nullptr;
    std::function<nlohmann::json()> describe;  ///< addresses and accounts of the world
};

/// The page and the control API: phones, agents, people, faults, log. README.md lists it.
class ControlService : public Service {
public:
    explicit ControlService(ControlContext context) : context_(std::move(context)) {}

    Reply handle(const Request& request) override;

private:
    Reply route(const Request& request);
    Reply say(const nlohmann::json& body);
    Reply phoneMessages(const Request& request);
    Reply phoneMedia(const std::string& seq);
    Reply setFault(const nlohmann::json& body);
    Reply setPerson(const nlohmann::json& body);
    Reply people();
    Reply readLog(const Request& request);
    Reply agent(const nlohmann::json& body);
    Reply view(const Request& request);
    nlohmann::json conversationOf(const std::string& digits);
    Reply reset();

    ControlContext context_;
};

/// The page, embedded at build time.
extern const char* const kPageHtml;

}  // namespace totem_sandbox
