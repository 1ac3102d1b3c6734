#include "journal/journal.hpp"

#include <nlohmann/json.hpp>

#include "loop/event_loop.hpp"
#include "plugin/event_text.hpp"
#include "plugin/extensions/extensions.hpp"
#include "plugin/plugin_instance.hpp"
#include "plugin/plugin_services.hpp"

namespace totemd {
namespace {

std::string resultsJson(const std::vector<Appended>& appended) {
    nlohmann::json results = nlohmann::json::array();
    nlohmann::json numbers = nlohmann::json::array();
    for (const Appended& entry : appended) {
        results.push_back(entry.status == Appended::Status::Duplicate ? "duplicate" : "stored");
        numbers.push_back(entry.seq);
    }
    return nlohmann::json{{"results", std::move(results)}, {"events", std::move(numbers)}}.dump();
}

void publish(const totem_host* host, totem_str eventsJson, const totem_ask* ask) {
    PluginInstance& instance = PluginInstance::of(host);
    auto pending = instance.beginAsk(*ask);
    if (!pending) return;
    std::vector<NewEvent> events;
    try {
        const std::int64_t received =
            pending->receivedUnixNs() == 0 ? unixNow() : pending->receivedUnixNs();
        events =
            parseEvents(totem::view(eventsJson), instance.manifest(), pending->trace(), received);
    } catch (const std::exception& error) {
        return pending->answer(TOTEM_E_INVALID, error.what());
    }
    instance.services().journal.append(
        std::move(events), [pending](std::vector<Appended> appended) {
            for (const Appended& entry : appended) {
                if (entry.status == Appended::Status::Refused)
                    return pending->answer(TOTEM_E_BUSY, entry.reason);
            }
            pending->answer(TOTEM_OK, resultsJson(appended));
        });
}

}  // namespace

const totem_host_event kEventExtension{
    sizeof(totem_host_event), 0, publish,
    [](const totem_host*, totem_call* call) { OpenCalls::releaseLane(call); }};

}  // namespace totemd
