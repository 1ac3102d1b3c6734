// totem-flow-worker: the program in which workflows are interpreted. The host starts it, talks to
// it over descriptor 3 and kills it when it overruns; see PROTOCOL.md.

#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "../../protocol/flow_frame.hpp"
#include "interpreter.hpp"
#include "totem/worker.hpp"
#include "totem/worker_sandbox.hpp"

namespace {

/// Makes the engine start its threads, read its data files and compile the libraries, all of which
/// it cannot do any more once it is locked down.
void warmUp(totem::flows::Interpreter& interpreter) {
    const std::string load = totem::flows::encodeFlowFrame(
        R"({"op":"load","workflow":"warm-up"})",
        R"({"name":"jmespath","nodes":[{"name":"Start","type":"n8n-nodes-base.manualTrigger","typeVersion":1}],"connections":{}})");
    interpreter.handle(load);
    for (const char* expression :
         {"={{ $now.setLocale('es').toFormat('cccc d LLLL yyyy ZZZZ') }}",
          "={{ new Intl.NumberFormat('es-PE', {style: 'currency', currency: 'PEN'}).format(5) }}",
          "={{ 'ñ'.localeCompare('n', 'es') + 'Á'.normalize('NFD') }}"}) {
        std::string header = R"({"op":"evaluate","timezone":"America/Lima","expression":")";
        for (const char* c = expression; *c; ++c) {
            if (*c == '"') header += '\\';
            header += *c;
        }
        interpreter.handle(totem::flows::encodeFlowFrame(header + "\"}"));
    }
    interpreter.handle(totem::flows::encodeFlowFrame(R"({"op":"drop","workflow":"warm-up"})"));
}

}  // namespace

int main() {
    totem::flows::Interpreter interpreter;
    warmUp(interpreter);
    if (std::getenv("TOTEM_FLOW_WORKER_OPEN") == nullptr) totem::worker::lockDown();
    return totem::worker::serve(
        [&](std::string_view message, std::vector<totem::worker::Fd>) {
            return totem::worker::Reply{interpreter.handle(message), {}};
        },
        {"totem-flow-worker", "1"});
}
