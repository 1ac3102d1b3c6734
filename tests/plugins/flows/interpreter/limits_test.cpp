// What hostile or careless workflows can do, and what stops them.

#include <catch2/catch.hpp>

#include "flow_talk.hpp"

namespace totem::flows::testing {
namespace {

FlowStart codeFlow(const std::string& body) {
    FlowStart start;
    start.workflow = workflow({node("Start", "manualTrigger", 1, json::object()),
                               node("Code", "code", 2, {{"jsCode", body}})},
                              {{"Start", json::array({json::array({link("Code")})})}});
    start.limits = {{"codeMs", 100}, {"expressionMs", 100}};
    return start;
}

json resultOf(const std::string& body) {
    return run(codeFlow(body)).items("Code");
}

json valueOf(const std::string& expression, const json& item = json::object()) {
    const json header{{"op", "evaluate"}, {"expression", expression}, {"timezone", "America/Lima"}};
    return say(header, json::array({{{"json", item}}}).dump()).header;
}

}  // namespace

TEST_CASE("an endless loop is stopped and named, and the next run is not disturbed") {
    for (const char* body :
         {"for (;;) {}", "while (true) { try { for (;;) {} } catch (e) {} finally { continue } }",
          "throw { toString() { for (;;) {} } }",
          "[1].map(function f() { return [1].map(f) && f() }); for(;;);"}) {
        INFO(body);
        const FlowResult result = run(codeFlow(body));
        CHECK(result.end["status"] == "error");
    }
    const FlowResult result = run(codeFlow("for (;;) {}"));
    CHECK(result.end["error"]["limit"] == "time");
    CHECK(result.end["error"]["message"] == "The node took more than 100 ms of processor time");
    CHECK(resultOf("return [{json: {fine: 1}}]") == json::array({{{"fine", 1}}}));
}

TEST_CASE("a stopped node can go on by its onError") {
    FlowStart start = codeFlow("for (;;) {}");
    start.workflow["nodes"][1]["onError"] = "continueRegularOutput";
    const FlowResult result = run(start);
    CHECK(result.end["status"] == "success");
    CHECK(result.items("Code") == json::array({json::object()}));  // its input, handed on
    CHECK(result.records[1]["error"]["message"] ==
          "The node took more than 100 ms of processor time");
}

TEST_CASE("an expression that does not end is stopped") {
    const json header = valueOf("={{ (() => { for (;;) {} })() }}");
    CHECK(header["op"] == "refused");
    CHECK(header["message"] == "evaluate: the expression takes too long");
}

TEST_CASE("too many items, outputs or node runs end the run with a clear error") {
    FlowStart start = codeFlow("return Array.from({length: 11}, () => ({json: {}}))");
    start.limits["items"] = 10;
    CHECK(run(start).end["error"]["message"] == "The node gave 11 items; the limit is 10");

    start = codeFlow("return [{json: {text: 'x'.repeat(5000)}}]");
    start.limits["outputBytes"] = 1000;
    CHECK(run(start).end["error"]["limit"] == "output");

    start = codeFlow("return items");
    start.workflow["connections"]["Code"]["main"] = json::array({json::array({link("Code")})});
    start.limits["runNodes"] = 50;
    const FlowResult result = run(start);
    CHECK(result.end["error"]["limit"] == "nodes");
    CHECK(result.records.size() == 50);
}

TEST_CASE("memory that a node hoards ends its run and leaves the others able to start") {
    FlowStart start = codeFlow("const all = []; for (;;) all.push(new Array(10000).fill({}));");
    start.limits = {{"codeMs", 20000},
                    {"memoryBytes", interpreter().handle("").size() + (300u << 20)}};
    const FlowResult result = run(start);
    CHECK(result.end["error"]["limit"] == "memory");
    CHECK(resultOf("return [{json: {fine: 1}}]") == json::array({{{"fine", 1}}}));
}

TEST_CASE("a promise that never settles is an error, timers do not wait") {
    CHECK(run(codeFlow("await new Promise(() => {})")).end["error"]["message"] ==
          "The code waits for a promise that never settles");
    CHECK(resultOf(
              "await new Promise((done) => setTimeout(done, 60000)); return [{json: {late: 1}}]") ==
          json::array({{{"late", 1}}}));
}

TEST_CASE("nothing of one run is left for the next") {
    const char* const kPollute =
        "leak = 'secret'; try { Object.prototype.evil = 1 } catch (e) {}"
        "try { Array.prototype.map = () => 'evil' } catch (e) {}"
        "try { Array.prototype.last = () => 'evil' } catch (e) {}"
        "try { Object.setPrototypeOf(Array.prototype, { evil: 2 }) } catch (e) {}"
        "try { Function.prototype.call = 1 } catch (e) {}"
        "try { Object.defineProperty(RegExp.prototype, 'flags', { get: () => 'evil' }) } catch (e) "
        "{}"
        "try { Object.getPrototypeOf([][Symbol.iterator]()).next = () => ({ done: true }) } catch "
        "(e) {}"
        "try { JSON.parse = null } catch (e) {}"
        "try { globalThis.Math = null } catch (e) {} try { Date.now = () => 5 } catch (e) {}"
        "/secret (.*)/.exec('secret customer'); return [{json: {}}]";
    const char* const kLook =
        "return [{json: {leak: typeof leak, evil: typeof ({}).evil, map: [1].map((n) => n + 1),"
        "last: typeof [].last, in: typeof [].evil, call: typeof Math.max.call, filter: [1, "
        "2].filter((n) => n > 1),"
        "flags: /a/g.flags, spread: [...[3]],"
        "parse: typeof JSON.parse, math: typeof Math, now: Date.now() > 5, text: RegExp.$1 + "
        "RegExp.input}}]";
    const json text = workflow({node("Start", "manualTrigger", 1, json::object()),
                                node("If", "code", 2,
                                     {{"jsCode", std::string("if ($json.pollute) {") + kPollute +
                                                     "} else {" + kLook + "}"}})},
                               {{"Start", json::array({json::array({link("If")})})}});
    say({{"op", "load"}, {"workflow", "p"}}, text.dump());
    const json begin{
        {"op", "start"}, {"run", "r"}, {"workflow", "p"}, {"node", "Start"}, {"answer", "all"}};
    CHECK(say(begin, R"([{"json":{"pollute":true}}])").header["status"] == "success");
    const json seen = say(begin, R"([{"json":{}}])").header["output"][0]["json"];
    CHECK(seen == json{{"leak", "undefined"},
                       {"evil", "undefined"},
                       {"map", {2}},
                       {"last", "undefined"},
                       {"in", "undefined"},
                       {"call", "function"},
                       {"filter", {2}},
                       {"flags", "g"},
                       {"spread", {3}},
                       {"parse", "function"},
                       {"math", "object"},
                       {"now", true},
                       {"text", ""}});
    say({{"op", "drop"}, {"workflow", "p"}});
}

TEST_CASE("whatever code does to the realm, and however it ends, no other run sees it") {
    const char* const kLook =
        "const o = {}; o.toString = () => 'own'; let kept = null;"
        "try { kept = arguments.callee.caller.kept } catch (e) {}"
        "free = 1; return [{json: {x: typeof x + typeof y + typeof total + typeof [].x,"
        "symbol: Symbol.for('x') in globalThis, list: Array.isArray([]), slice: [1, 2].slice(1),"
        "own: String(o), kept: kept ?? null, free, json: JSON.stringify({ a: [1] })}}]";
    const json clean{{"x", "undefinedundefinedundefinedundefined"},
                     {"symbol", false},
                     {"list", true},
                     {"slice", {2}},
                     {"own", "own"},
                     {"kept", nullptr},
                     {"free", 1},
                     {"json", R"({"a":[1]})"}};
    for (const std::string spoil : {
             "Object.defineProperty(Array.prototype, 'x', { value: 1 }); throw new Error('late')",
             "Array.prototype.slice = null; throw new Error('late')",
             "Array.isArray = () => false; throw new Error('late')",
             "Object.prototype.toJSON = () => undefined; throw new Error('late')",
             "setTimeout(() => { Array.prototype.slice = null; throw new Error('late') });"
             "await new Promise((done) => setTimeout(done, 1)); return []",
             "await null; Array.prototype.slice = null; return []",
             "Promise.resolve().then(() => { Array.prototype.slice = null }); return []",
             "(async () => { await null; total = 'a customer' })(); return []",
             "return [{json: {get a() { total = 1; Array.prototype.x = 1; return 1 }}}]",
             "Object.defineProperty(globalThis, 'x', { value: 1, enumerable: true }); return []",
             "Object.defineProperty(globalThis, 'y', { value: 1, configurable: true }); return []",
             "globalThis[Symbol.for('x')] = 1; return []",
             "Object.freeze(Object.prototype); return []",
             "Object.preventExtensions(globalThis); return []",
             "try { arguments.callee.caller.kept = 1 } catch (e) {} return []",
             "Object.defineProperty(Array.prototype, 'x', { value: 1 }); for (;;);",
         }) {
        CAPTURE(spoil);
        const std::string code =
            std::string("if ($json.spoil) {") + spoil + "\n} else {" + kLook + "}";
        const json text = workflow({node("Start", "manualTrigger", 1, json::object()),
                                    node("If", "code", 2, {{"jsCode", code}})},
                                   {{"Start", json::array({json::array({link("If")})})}});
        const json load{{"op", "load"}, {"workflow", "p"}, {"limits", {{"codeMs", 200}}}};
        say(load, text.dump());
        const json begin{
            {"op", "start"}, {"run", "r"}, {"workflow", "p"}, {"node", "Start"}, {"answer", "all"}};
        const json end = say(begin, R"([{"json":{"spoil":true}}])").header;
        CHECK(end.at("op") == "end");
        json seen = say(begin, R"([{"json":{}}])").header;
        if (seen.value("need", "") == "workflow") {
            say(load, text.dump());
            seen = say(begin, R"([{"json":{}}])").header;
        }
        CHECK(seen.value("error", json()) == json());
        CHECK(seen.value("/output/0/json"_json_pointer, json()) == clean);
        say({{"op", "drop"}, {"workflow", "p"}});
    }
}

TEST_CASE("a run that changes the global object for good keeps what it did before") {
    FlowStart start =
        codeFlow("Object.defineProperty(globalThis, 'x', { value: 1 }); return [{json: {n: 1}}]");
    CHECK(run(start).items("Code") == json::array({{{"n", 1}}}));
}

TEST_CASE("a Code node cannot change what an earlier node gave") {
    FlowStart start = codeFlow("return [{json: {list: [1, 2], in: {a: 1}}}]");
    start.workflow["nodes"].push_back(
        node("Change", "code", 2,
             {{"jsCode",
               "const item = $input.first(); item.json.list.push(3); item.json.in.a = 2;"
               "$('Code').first().json.in.b = 5; delete item.json.in.a; return [item]"}}));
    start.workflow["connections"]["Code"]["main"] = json::array({json::array({link("Change")})});
    start.workflow["nodes"].push_back(
        node("Look", "code", 2, {{"jsCode", "return [{json: $('Code').first().json}]"}}));
    start.workflow["connections"]["Change"]["main"] = json::array({json::array({link("Look")})});
    const FlowResult result = run(start);
    CHECK(result.items("Look") == json::array({{{"list", {1, 2}}, {"in", {{"a", 1}}}}}));
    CHECK(result.items("Change")[0]["list"] == json({1, 2, 3}));
}

TEST_CASE("own error names and messages still work beside the frozen built-ins") {
    CHECK(resultOf(
              "class Mine extends Error { constructor(m) { super(m); this.name = 'Mine'; } }"
              "const o = {}; o.toString = () => 'own'; const e = new Error('x'); e.message = 'y';"
              "return [{json: {n: new Mine('a').name, s: String(o), m: e.message}}]") ==
          json::array({{{"n", "Mine"}, {"s", "own"}, {"m", "y"}}}));
}

TEST_CASE("expressions keep or lose their type as templates do") {
    struct Row {
        const char* expression;
        json value;
    };
    const json item{{"n", 1}, {"o", {{"a", nullptr}}}, {"list", {1, 2}}, {"s", "hola"}};
    const json undefined{{"$undefined", true}};
    for (const Row& row : std::vector<Row>{
             {"plain", "plain"},
             {"=plain", "plain"},
             {"={{ $json.n }}", 1},
             {"= {{ $json.n }}", " 1"},
             {"={{ $json.n }}{{ $json.n }}", "11"},
             {"={{ $json.o }} ", "[object Object] "},
             {"={{ $json.list }} ", "1,2 "},
             {"=a{{ $json.nope }}b{{ null }}", "ab"},
             {"={{ $json.nope.deep }}", undefined},
             {"={{ nope }}", undefined},
             {"={{ $json.n.foo() }}", undefined},
             {"={{ 1; 2 }}", 1},
             {"={{ {a: 1} }}", {{"a", 1}}},
             {"=\\{{ 1 }}", "{{ 1 }}"},
             {"={{ $json.nope.isEmpty() }}", true},
             {"={{ $json.nope.first() }}", undefined},
             {"={{ $json.list.map((n) => n * 2).sum() }}", 6},
             {"={{ $json.list?.first() }}", 1},
             {"={{ $json['list'][1] }}", 2},
             {"={{ (({s, n: m}) => s + m)($json) }}", "hola1"},
             {"={{ `${$json.s.toTitleCase()}!` }}", "Hola!"},
             {"={{ [1, 5].max() + $max(1, 2) }}", 7},
             {"={{ typeof fetch + typeof eval + typeof setTimeout }}", "objectobjectobject"},
             {"={{ typeof Buffer }}", "undefined"},
             {"={{ DateTime.fromISO('2026-01-02T00:00:00').zoneName }}", "America/Lima"},
             {"={{ $jmespath($json, 'list[0]') }}", 1},
         }) {
        INFO(row.expression);
        CHECK(valueOf(row.expression, item)["value"] == row.value);
    }
}

TEST_CASE("expressions that do not parse or reach too far are errors") {
    for (const char* expression :
         {"={{ if (1) 2 }}", "={{ throw 1 }}", "={{ '}}' }}", "={{ a b }}", "={{ import('x') }}"}) {
        INFO(expression);
        CHECK(valueOf(expression)["error"]["message"] == "invalid syntax");
    }
    for (const char* expression :
         {"={{ ({}).constructor }}", "={{ $json['const' + 'ructor'] }}", "={{ [].__proto__ }}",
          "={{ (() => 1)['constructor']('return 1')() }}", "={{ $json.toString.constructor }}"}) {
        INFO(expression);
        const std::string message = valueOf(expression)["error"]["message"];
        CHECK(message.find("due to security concerns") != std::string::npos);
    }
    CHECK(valueOf("={{ (({constructor: c}) => c)(1) }}")["error"]["message"] == "invalid syntax");
    CHECK(valueOf("={{ Object.keys(this).length }}")["value"] == 0);
    CHECK(valueOf("={{ $env.PATH }}")["error"]["message"] == "access to env vars denied");
    CHECK(valueOf("={{ (function () { return this })() }}")["value"] == json::object());
}

TEST_CASE("strange workflows are reported, not run") {
    const auto load = [](const std::string& text) {
        const json header = say({{"op", "load"}, {"workflow", "odd"}}, text).header;
        say({{"op", "drop"}, {"workflow", "odd"}});
        return header;
    };
    CHECK(load("not json")["message"] == "load: not a workflow: it is not JSON");
    CHECK(load("[]")["op"] == "refused");
    CHECK(load("{}")["op"] == "refused");
    CHECK(load(R"({"nodes":[1,null,{"name":5}],"connections":[]})")["runnable"] == false);

    json header =
        load(workflow({node("A", "acme.unknown", 1, json::object())}, json::object()).dump());
    CHECK(header["runnable"] == false);
    CHECK(header["problems"][0]["missing"] == "node type acme.unknown is not available");
    header = load(workflow({node("A", "code", 77, json::object())}, json::object()).dump());
    CHECK(header["problems"][0]["parameter"] == "typeVersion");
    header =
        load(workflow({node("A", "noOp", 1, json::object()), node("A", "noOp", 1, json::object())},
                      {{"A", json::array({json::array(
                                 {link("Ghost"), {{"node", "A"}, {"index", 99999999}}, 7})})}})
                 .dump());
    CHECK(header["runnable"] == true);
    CHECK(header["problems"].size() == 4);
    header = load(
        workflow({node("A", "set", 3.4, {{"jsonOutput", "={{ if }}"}})}, json::object()).dump());
    CHECK(header["problems"][0]["parameter"] == "jsonOutput");
}

TEST_CASE("ten thousand nodes in a row run, a node named __proto__ too") {
    json nodes{node("Start", "manualTrigger", 1, json::object())};
    json connections = json::object();
    std::string before = "Start";
    for (int i = 0; i < 9998; ++i) {
        const std::string name = i == 5 ? "__proto__" : "n" + std::to_string(i);
        nodes.push_back(node(name, "noOp", 1, json::object()));
        connections[before] = json::array({json::array({link(name)})});
        before = name;
    }
    FlowStart start;
    start.workflow = workflow(nodes, connections);
    start.limits["memoryBytes"] = 4ll << 30;  // sanitizers are hungry
    const FlowResult result = run(start);
    CHECK(result.end["status"] == "success");
    CHECK(result.records.size() == 9999);
}

}  // namespace totem::flows::testing
