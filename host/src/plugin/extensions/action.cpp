#include "plugin/action_directory.hpp"
#include "plugin/extensions/extensions.hpp"
#include "plugin/plugin_instance.hpp"
#include "plugin/plugin_services.hpp"

namespace totemd {

const totem_host_action kActionExtension{
    sizeof(totem_host_action), 0,
    [](const totem_host* host, totem_str name, totem_str input, const totem_ask* ask) {
        PluginInstance& instance = PluginInstance::of(host);
        auto pending = instance.beginAsk(*ask);
        if (!pending) return;
        ActionAsk action;
        action.name = totem::view(name);
        action.input = totem::view(input);
        action.caller = instance.id();
        action.trace = pending->trace();
        action.subject = pending->subject();
        action.idempotencyKey = pending->key();
        action.checkpointKey = pending->checkpointKey();
        action.checkpoint = std::move(pending->checkpoint());
        action.deadlineNs = pending->deadlineNs();
        action.receivedUnixNs = pending->receivedUnixNs();
        action.waited = pending->waited();
        action.event = pending->event();
        action.cancellation = pending->cancellation();
        instance.services().actions.ask(std::move(action),
                                        [pending](totem_status status, totem::Body body) {
                                            pending->answer(status, std::move(body));
                                        });
    },
    [](const totem_host* host, const totem_ask* ask) {
        PluginInstance& instance = PluginInstance::of(host);
        auto pending = instance.beginAsk(*ask);
        if (pending) pending->answer(TOTEM_OK, instance.services().actions.listJson());
    }};

}  // namespace totemd
