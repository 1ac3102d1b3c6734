// Processor time of a run: find a number in a customer's message, ask a service, send, respond.
// Three trips, nine node runs. Usage: bench_flow_interpreter [RUNS] [WORKFLOW.json]

#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "flow_frame.hpp"
#include "interpreter.hpp"

using totem::flows::decodeFlowFrame;
using totem::flows::encodeFlowFrame;

namespace {

const char* const kWorkflow = R"json({"name":"bench","settings":{"executionOrder":"v1"},"nodes":[
{"name":"Chatwoot","type":"n8n-nodes-base.webhook","typeVersion":2,"parameters":{"path":"x","responseMode":"responseNode"}},
{"name":"Incoming","type":"n8n-nodes-base.if","typeVersion":2.2,"parameters":{"conditions":{"options":{"version":2,"typeValidation":"strict","caseSensitive":true},"combinator":"and","conditions":[
 {"leftValue":"={{ $json.body.event }}","rightValue":"message_created","operator":{"type":"string","operation":"equals"}},
 {"leftValue":"={{ $json.body.message_type }}","rightValue":"incoming","operator":{"type":"string","operation":"equals"}}]}}},
{"name":"Find","type":"n8n-nodes-base.code","typeVersion":2,"parameters":{"mode":"runOnceForEachItem","jsCode":"const b = $json.body; const m = /\\b\\d{8}\\b/.exec(b.content); return {json: {dni: m ? m[0] : null, found: Boolean(m), account: b.account.id, conversation: b.conversation.id, name: b.sender.name}};"}},
{"name":"Found","type":"n8n-nodes-base.if","typeVersion":2.2,"parameters":{"conditions":{"options":{"version":2,"typeValidation":"strict","caseSensitive":true},"combinator":"and","conditions":[
 {"leftValue":"={{ $json.found }}","rightValue":"","operator":{"type":"boolean","operation":"true","singleValue":true}}]}}},
{"name":"Query","type":"n8n-nodes-base.httpRequest","typeVersion":4.2,"parameters":{"method":"POST","url":"http://service/query","sendBody":true,"specifyBody":"json","jsonBody":"={{ JSON.stringify({dni: $json.dni}) }}"}},
{"name":"Send","type":"n8n-nodes-base.httpRequest","typeVersion":4.2,"parameters":{"method":"POST","url":"=http://chat/{{ $('Find').item.json.account }}/{{ $('Find').item.json.conversation }}","sendBody":true,"specifyBody":"json","jsonBody":"={{ JSON.stringify({content: `${$('Find').item.json.name}: ${$json.nombre} S/ ${$json.deuda.toFixed(2)}`, private: false}) }}"}},
{"name":"Done","type":"n8n-nodes-base.respondToWebhook","typeVersion":1.1,"parameters":{"respondWith":"json","responseBody":"={{ {ok: true, dni: $('Find').item.json.dni, message: $json.id} }}"}}],
"connections":{"Chatwoot":{"main":[[{"node":"Incoming","type":"main","index":0}]]},"Incoming":{"main":[[{"node":"Find","type":"main","index":0}]]},
"Find":{"main":[[{"node":"Found","type":"main","index":0}]]},"Found":{"main":[[{"node":"Query","type":"main","index":0}]]},
"Query":{"main":[[{"node":"Send","type":"main","index":0}]]},"Send":{"main":[[{"node":"Done","type":"main","index":0}]]}}})json";

const char* const kItems =
    R"([{"json":{"headers":{"content-type":"application/json","user-agent":"bench"},"params":{},"query":{},"body":{"event":"message_created","id":1,"content":"mi dni es 45678912","message_type":"incoming","account":{"id":3,"name":"Totem"},"inbox":{"id":5,"name":"WhatsApp"},"conversation":{"id":812,"status":"open","labels":[]},"sender":{"id":77,"name":"Ana","phone_number":"+51987654321"}}}}])";

std::string response(const std::string& body) {
    const nlohmann::json result{{"status", 200},
                                {"statusText", "OK"},
                                {"headers", {{"content-type", "application/json"}}},
                                {"body", body}};
    return nlohmann::json::array({{{"ok", result}}}).dump();
}

double processorMicroseconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

}  // namespace

int main(int count, char** arguments) {
    const int runs = count > 1 ? std::atoi(arguments[1]) : 5000;
    std::string workflow = kWorkflow;
    if (count > 2) {
        std::ifstream file(arguments[2]);
        std::stringstream text;
        text << file.rdbuf();
        workflow = text.str();
    }
    totem::flows::Interpreter interpreter;
    interpreter.handle(encodeFlowFrame(R"({"op":"load","workflow":"w"})", workflow));
    const std::string start = encodeFlowFrame(
        R"({"op":"start","run":"r","workflow":"w","node":"Chatwoot","mode":"production","execution":"1"})",
        kItems);
    const std::string first =
        encodeFlowFrame(R"({"op":"resume","run":"r","trip":1})",
                        response(R"({"nombre":"Ana Torres","deuda":1234.5})"));
    const std::string second =
        encodeFlowFrame(R"({"op":"resume","run":"r","trip":2})", response(R"({"id":991})"));
    std::size_t bytes = 0;
    std::string last;
    const auto once = [&] {
        bytes += interpreter.handle(start).size() + interpreter.handle(first).size();
        last = interpreter.handle(second);
    };
    for (int i = 0; i < runs / 10; ++i) once();
    bytes = 0;
    const double before = processorMicroseconds();
    for (int i = 0; i < runs; ++i) once();
    const double spent = processorMicroseconds() - before;
    const auto end = decodeFlowFrame(last);
    std::printf("%d runs, %.1f us of processor time each, %zu bytes out\n%.*s\n", runs,
                spent / runs, bytes / static_cast<std::size_t>(runs),
                static_cast<int>(end->header.size()), end->header.data());
    const std::string stats = interpreter.handle(encodeFlowFrame(R"({"op":"stats"})"));
    std::printf("%s\n", stats.c_str() + 4);
}
