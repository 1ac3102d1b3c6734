// Running: C++ walks the graph and calls in here once per node.
//
// What exec() and its like answer: a number says which outputs have items (its low 26 bits) and which
// exist (the next 26), kFailed, kPending or kNothing; a string that begins with 'M' says the same for
// nodes with more outputs, and one that begins with '[' is a list of requests.

const kFailed = -1;
const kPending = -2;
const kNothing = -3;
const kOutputBits = 26;
const kHigh = 2 ** kOutputBits;

const { graph, NodeContext } = totem;
const settings = luxon.Settings;
const emptyMatch = /(?:)/;
let limits = { items: 100000, outputBytes: 64 * 1024 * 1024 };
let zone = '';

// Each step begins here: nothing of the run before may be seen, whatever way that one ended.
function enterStep(run) {
    emptyMatch.test('');    // RegExp.$1, RegExp.input
    totem.forgetExpressions();
    enter(run);
}

// Each entry begins here.
function enter(run) {
    totem.setMarking(false);
    if (totem.ranCode.sinceEntry) {
        for (const name in globalThis) Reflect.deleteProperty(globalThis, name);
        totem.ranCode.sinceEntry = false;
    }
    if (run.zone !== zone) {
        settings.defaultZone = run.zone;
        zone = run.zone;
    }
}

function makeRun(frame) {
    const data = graph.noData.slice();
    // Nobody: the empty item that order v0 invents for a branch that was not fed.
    if (graph.oldOrder) data[graph.nobody] = [{ out: [[{ json: {} }]], source: [] }];
    return {
        frame, zone: zoneOf(frame), contexts: [],
        data,   // by node, then by its runs; undefined as long as a node has not run
        records: '', replay: null, current: null, detached: [], customData: undefined,
        static: frame.staticData ?? {}, staticText: undefined, usedStatic: false, staticChanged: false,
        startItems: [], mixed: false, failure: null, thrown: null, last: null, replayed: 0,
    };
}

function zoneOf(frame) {
    const own = graph.workflow.settings.timezone;
    return String(frame.timezone ?? (own && own !== 'DEFAULT' ? own : undefined) ?? frame.defaultTimezone ?? 'UTC');
}

totem.makeCustomData = () => {
    const data = {};
    return {
        set(key, value) { if (typeof key === 'object') Object.assign(data, key); else data[key] = String(value); },
        get: (key) => data[key], getAll: () => ({ ...data }), setAll(values) { Object.assign(data, values); },
    };
};

totem.setLimits = (text) => { limits = { ...limits, ...JSON.parse(text) }; };

totem.open = (frameText, itemsText) => {
    const run = makeRun(JSON.parse(frameText));
    const items = itemsText === '' ? [{ json: {} }] : JSON.parse(itemsText);
    if (!Array.isArray(items)) throw new TypeError('the items must be an array');
    for (let i = 0; i < items.length; i += 1) items[i] = asItem(items[i]);
    run.startItems = items;
    enterStep(run);
    return run;
};

function asItem(item) {
    if (item === null || typeof item !== 'object') throw new TypeError('an item must be an object');
    return item.json !== null && typeof item.json === 'object' ? item : { json: item };
}

// Records of an earlier life of the run, in order.
totem.reopen = (frameText, recordsText) => {
    const run = makeRun(JSON.parse(frameText));
    run.replay = recordsText.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line));
    run.replayed = 0;
    enterStep(run);
    return run;
};

const upcoming = (run) => (run.replay === null ? undefined : run.replay[run.replayed]);
const isFor = (record, node, runIndex) => record?.node === node.name && record.run === runIndex;

// ---- entering a node

function itemsFrom(run, node, from) {
    if (!from) return [];
    const items = run.data[from[0]][from[2]].out[from[1]] ?? [];
    return node.raw.executeOnce === true ? items.slice(0, 1) : items;
}

function inputsOf(run, node, source) {
    const inputs = new Array(source.length);
    for (let i = 0; i < source.length; i += 1) inputs[i] = totem.freshItems(itemsFrom(run, node, source[i]), i);
    return inputs;
}

// The node's first input comes from [from, output, fromRun]; further ones as three more numbers each.
totem.exec = (run, n, runIndex, tryNumber, from, output, fromRun) =>
    execute(run, n, runIndex, tryNumber, from === undefined ? [] : [from < 0 ? null : [from, output, fromRun]]);
totem.execMany = (run, n, runIndex, tryNumber, ...numbers) => {
    const source = [];
    for (let k = 0; k < numbers.length; k += 3) {
        source.push(numbers[k] < 0 ? null : [numbers[k], numbers[k + 1], numbers[k + 2]]);
    }
    return execute(run, n, runIndex, tryNumber, source);
};

function execute(run, n, runIndex, tryNumber, source) {
    enter(run);
    run.current = {
        node: graph.nodes[n], runIndex, tryNumber, source, round: 0, context: null, requests: null, results: undefined,
        known: false, settled: false, failed: false, result: undefined, failure: undefined, afterSettle: undefined,
        at: Date.now(),
    };
    try {
        return begin(run);
    } catch (error) {
        return fail(run, error);
    }
}

function begin(run) {
    const { current } = run;
    const { node, runIndex, tryNumber, source } = current;
    if (run.replay !== null) {
        const answer = replay(run);
        if (answer !== undefined) return answer;
    }
    if (source.length === 0) return done(run, [totem.freshItems(run.startItems, 0)]);
    const inputs = inputsOf(run, node, source);
    if (node.disabled) return inputs[0].length === 0 ? kNothing : done(run, [inputs[0]]);
    if (run.frame.pins && Object.prototype.hasOwnProperty.call(graph.pins, node.name)) {
        return done(run, [graph.pins[node.name].map(asItem)]);
    }
    const { definition } = node;
    if (inputs[0].length === 0 && (graph.oldOrder || isEmpty(inputs)) && !definition.passAlways) {
        return node.raw.alwaysOutputData === true ? done(run, []) : kNothing;
    }
    if (definition.trigger) return done(run, [inputs[0]]);
    const context = new NodeContext(run, node, runIndex, inputs, source);
    current.context = context;
    if (definition.requests) return ask(run, definition.requests(context));
    return take(run, definition.execute(context));
}

function isEmpty(inputs) {
    for (let i = 0; i < inputs.length; i += 1) if (inputs[i].length > 0) return false;
    return true;
}

function take(run, made) {
    if (made === null || typeof made !== 'object' || typeof made.then !== 'function') return done(run, made);
    const { current } = run;
    current.settled = current.failed = false;
    current.result = current.failure = undefined;
    made.then((value) => { current.settled = true; current.result = value; },
        (error) => { current.settled = true; current.failed = true; current.failure = error; });
    return kPending;
}

// After the promise jobs have run: what a node that awaits came to.
totem.settle = (run) => {
    const { current } = run;
    try {
        if (!current.settled) {
            if (current.context.codeScope?.waiting?.next()) return kPending;
            throw totem.error('The code waits for a promise that never settles');
        }
        if (current.failed) return fail(run, current.failure);
        if (current.afterSettle) {
            const { afterSettle } = current;
            current.afterSettle = undefined;
            return afterSettle(current.result);
        }
        return done(run, current.result);
    } catch (error) {
        return fail(run, error);
    }
};

// ---- effects

function ask(run, list) {
    const { current } = run;
    if (list !== null && typeof list === 'object' && typeof list.then === 'function') {
        current.afterSettle = (made) => ask(run, made);
        return take(run, list);
    }
    const { node, runIndex, tryNumber, round } = current;
    const requests = Array.isArray(list) ? list : [];
    let waits = false;
    for (let n = 0; n < requests.length; n += 1) {
        const request = requests[n];
        request.node = node.name;
        request.run = runIndex;
        request.try = tryNumber;
        request.round = round;
        request.n = n;
        if (request.kind !== 'respond') waits = true;
    }
    current.requests = requests;
    if (!waits) {
        if (requests.length > 0 && run.replay === null) run.detached.push(...requests);
        return answerWith(run, requests.map(() => ({ ok: {} })));
    }
    const record = upcoming(run);
    if (record !== undefined && isFor(record, node, runIndex) && record.results) {
        run.replayed += 1;
        checkReplayEnd(run);
        return answerWith(run, record.results);
    }
    return JSON.stringify(requests);
}

totem.resume = (run, text) => {
    enterStep(run);
    const { current } = run;
    try {
        const results = JSON.parse(text);
        if (!Array.isArray(results) || results.length !== current.requests.length) {
            return fail(run, totem.error(`The effect gave ${results?.length} results for ${current.requests.length} requests`));
        }
        current.results = results;
        return answerWith(run, results);
    } catch (error) {
        return fail(run, error);
    }
};

function answerWith(run, results) {
    const { node, context } = run.current;
    return conclude(run, node.definition.finish ? node.definition.finish(context, results) : [context.items]);
}

function conclude(run, made) {
    const { current } = run;
    if (made !== null && typeof made === 'object' && typeof made.then === 'function') {
        current.afterSettle = (value) => conclude(run, value);
        return take(run, made);
    }
    if (made !== null && typeof made === 'object' && Array.isArray(made.more)) {
        if (current.results) note(run, { node: current.node.name, run: current.runIndex, results: current.results });
        current.results = undefined;
        current.round += 1;
        return ask(run, made.more);
    }
    return done(run, made);
}

// ---- leaving a node

function done(run, made) {
    const { node } = run.current;
    const out = outputs(run, made);
    if (node.tries > 1 && run.current.tryNumber < node.tries - 1
        && out.some((items) => items?.some((item) => item.error !== undefined))) {
        const failed = out.flatMap((items) => items ?? []).find((item) => item.error !== undefined);
        return fail(run, failed.error);
    }
    return commit(run, out, undefined);
}

function outputs(run, made) {
    const { node, source } = run.current;
    if (made === undefined || made === null) made = [];
    if (!Array.isArray(made)) throw totem.error('The node gave no list of outputs');
    const out = new Array(made.length);
    let total = 0;
    for (let o = 0; o < made.length; o += 1) {
        const items = Array.isArray(made[o]) ? made[o] : null;
        out[o] = items;
        if (items === null) continue;
        total += items.length;
        for (let i = 0; i < items.length; i += 1) {
            const item = items[i];
            if (item === null || typeof item !== 'object' || item.json === null || typeof item.json !== 'object') {
                throw totem.error('The node gave an item without a json object');
            }
            if (item.error !== undefined) normaliseError(item);
        }
    }
    if (total > limits.items) {
        const error = totem.error(`The node gave ${total} items; the limit is ${limits.items}`);
        error.limit = 'items';
        throw error;
    }
    pair(run, out, source);
    if (node.errorOutput !== undefined && !node.disabled && source.length > 0) splitErrors(run, out);
    if (node.raw.alwaysOutputData === true && (out[0] ?? []).length === 0) out[0] = [{ json: {}, pairedItem: allPairs(run) }];
    return out;
}

function normaliseError(item) {
    if (item.error instanceof Error) item.error = totem.describeError(item.error);
}

function inputLengths(run) {
    const { node } = run.current;
    return run.current.source.map((from) => itemsFrom(run, node, from).length);
}

function allPairs(run) {
    return inputLengths(run).flatMap((length, input) => Array.from({ length }, (_, item) => ({ item, input })));
}

// Links that the node did not set: one item in or out means it comes from the first, as many out as in means one to one.
function pair(run, out, source) {
    let lengths = null;
    for (let o = 0; o < out.length; o += 1) {
        const items = out[o];
        if (items === null) continue;
        for (let i = 0; i < items.length; i += 1) {
            if (items[i].pairedItem !== undefined) continue;
            lengths ??= inputLengths(run);
            const single = lengths.length === 1 && (lengths[0] === 1 || (out.length === 1 && items.length === 1));
            if (source.length === 0 || single) items[i].pairedItem = { item: 0 };
            else if (out.length === 1 && lengths.length === 1 && lengths[0] === items.length) items[i].pairedItem = { item: i };
            else return;
        }
    }
}

// Items that carry an error go to the added last output, over what the input item held.
function splitErrors(run, out) {
    const { node, source } = run.current;
    const failed = [];
    for (let o = 0; o < node.errorOutput; o += 1) {
        if (!out[o]) continue;
        out[o] = out[o].filter((item) => {
            if (!isErrorItem(item)) return true;
            failed.push(withInput(run, source, item));
            return false;
        });
    }
    for (let o = 0; o < node.errorOutput; o += 1) out[o] ??= [];
    out[node.errorOutput] = (out[node.errorOutput] ?? []).concat(failed);
}

function isErrorItem(item) {
    if (item.error !== undefined) return true;
    const keys = Object.keys(item.json);
    return Boolean(item.json.error) && (keys.length === 1 || (keys.length === 2 && Boolean(item.json.message)));
}

function withInput(run, source, item) {
    const link = totem.linksOf(item.pairedItem)[0];
    const from = link ? source[link.input ?? 0] : undefined;
    const origin = from ? run.data[from[0]][from[2]].out[from[1]]?.[link.item] : undefined;
    const { error, ...rest } = item;
    return origin ? { ...rest, json: { ...origin.json, ...item.json } } : rest;
}

function commit(run, out, error) {
    const { node, runIndex, source, at } = run.current;
    const entry = { out, source };
    (run.data[node.index] ??= [])[runIndex] = entry;
    run.last = { node, entry };
    run.failure = null;
    if (run.replay === null) {
        let shown = out;
        if (mayHoldSpecials(run, node, source) && totem.special(out)) {
            run.mixed = true;
            shown = totem.mark(out);
        }
        const more = (error === undefined ? '' : `,"error":${JSON.stringify(error)}`) + (run.usedStatic ? changedStatic(run) : '');
        addRecord(run, `,"out":${markedText(shown)}${more}`);
    }
    return outcome(out);
}

// ---- records: lines of JSON text

/// One line about the run of the present node.
function addRecord(run, rest) {
    const { node, runIndex, source, at } = run.current;
    if (run.records.length > limits.outputBytes) return;   // leave() says so
    run.records += `{"node":${node.quoted},"run":${runIndex},"at":${at},"ms":${Date.now() - at},"source":${sourceText(source)}${rest}}\n`;
}

const note = (run, record) => { run.records += `${markedText(record)}\n`; };

/// JSON in which moments keep what they are. A termination leaves the marking on: each entry ends it.
function markedText(value) {
    totem.setMarking(true);
    const text = JSON.stringify(value);
    totem.setMarking(false);
    return text;
}

function sourceText(source) {
    let text = '[';
    for (let i = 0; i < source.length; i += 1) {
        const from = source[i];
        if (i > 0) text += ',';
        text += from === null || from[0] === graph.nobody ? 'null' : `[${graph.nodes[from[0]].quoted},${from[1]},${from[2]}]`;
    }
    return text + ']';
}

// Types that only hand JSON on need no look, unless something else came in before.
const mayHoldSpecials = (run, node, source) => run.mixed
    || !(source.length === 0 || node.disabled || node.definition?.jsonOnly === true);

function changedStatic(run) {
    run.usedStatic = false;
    const text = JSON.stringify(run.static);
    if (text === run.staticText) return '';
    run.staticText = text;
    run.staticChanged = true;
    return `,"static":${text}`;
}

function outcome(out) {
    if (out.length > kOutputBits) {
        return 'M' + out.map((items) => (items === null ? '0' : items.length === 0 ? '1' : '2')).join('');
    }
    let filled = 0;
    let there = 0;
    for (let i = 0, bit = 1; i < out.length; i += 1, bit *= 2) {
        if (!out[i]) continue;
        there += bit;
        if (out[i].length > 0) filled += bit;
    }
    return filled + there * kHigh;
}

// ---- failing

function fail(run, error) {
    run.failure = totem.describeError(error, run.current.node);
    run.thrown = error;
    return kFailed;
}

totem.stopAtLimit = (run, message, limit) => {
    enter(run);
    if (run.current === null) return;
    run.failure = { message, name: 'NodeOperationError', limit, node: run.current.node.name };
};

// A failed try that will be repeated: the record keeps it for a restored run. True if the pause
// after it is over already, which only a restored run can know.
totem.noteFailedTry = (run) => {
    const { node, runIndex, tryNumber, known } = run.current;
    if (!known) note(run, { node: node.name, run: runIndex, failed: tryNumber, error: run.failure });
    const record = upcoming(run);
    if (record === undefined || !isFor(record, node, runIndex) || record.paused === undefined) return false;
    run.replayed += 1;
    checkReplayEnd(run);
    return true;
};

totem.notePause = (run) => {
    enterStep(run);
    const { node, runIndex, tryNumber } = run.current;
    note(run, { node: node.name, run: runIndex, paused: tryNumber });
};

// The node failed for good and the workflow goes on: its input goes through, or to the error output.
totem.recover = (run) => {
    enter(run);
    const { node, source } = run.current;
    const from = source[0];
    const items = itemsFrom(run, node, from);
    const input = totem.freshItems(items, 0);
    let out = [input];
    if (node.errorOutput !== undefined) {
        out = Array.from({ length: node.errorOutput }, () => []);
        out.push(input.map((item) => ({ ...item, json: { ...item.json, error: run.failure.message } })));
    }
    return commit(run, out, run.failure);
};

totem.failureText = (run) => {
    const text = JSON.stringify(run.failure);
    addRecord(run, `,"error":${text}`);
    return text;
};

// ---- replaying a checkpoint

function replay(run) {
    const { node, runIndex, tryNumber } = run.current;
    let at = run.replayed;
    while (isFor(run.replay[at], node, runIndex) && run.replay[at].results) at += 1;
    const record = run.replay[at];
    if (!isFor(record, node, runIndex)) {
        if (run.replayed >= run.replay.length) { checkReplayEnd(run); return undefined; }
        if (at > run.replayed) return undefined;   // results of a node that is not done: execute, then feed them
        throw totem.error(`The checkpoint holds "${record?.node}" where the workflow runs "${node.name}"`);
    }
    if (record.failed !== undefined) {
        if (record.failed !== tryNumber) throw totem.error('The checkpoint holds another try of the node');
        run.replayed = at + 1;
        checkReplayEnd(run);
        run.failure = record.error;
        run.current.known = true;   // it is in the records already
        return kFailed;
    }
    run.replayed = at + 1;
    if (node.definition?.usesContext && !record.error && run.current.source.length > 0) rebuildContext(run, node);
    const entry = { out: record.out.map((items) => (items === null ? null : totem.unmark(items))), source: run.current.source };
    (run.data[node.index] ??= [])[runIndex] = entry;
    run.last = { node, entry };
    if (record.static) {
        run.static = record.static;
        run.staticText = JSON.stringify(record.static);
        run.staticChanged = true;
    }
    checkReplayEnd(run);
    return outcome(entry.out);
}

function checkReplayEnd(run) {
    if (run.replay !== null && run.replayed >= run.replay.length) run.replay = null;
}

// Nodes with a loop state are pure: executing them again gives them that state back.
function rebuildContext(run, node) {
    const { source, runIndex } = run.current;
    node.definition.execute(new NodeContext(run, node, runIndex, inputsOf(run, node, source), source));
}

// ---- what goes out

// What a step leaves: a line with the requests whose results nobody awaits, a line that says how the
// run ended (empty as long as it waits), the records; or 'L' when they are longer than allowed. Before
// it stands '!' when the realm is not to be used again.
totem.leave = (run, ended, answer) => {
    const { records } = run;
    let text = 'L';
    if (records.length <= limits.outputBytes) {
        const detached = run.detached.length === 0 ? '' : JSON.stringify(run.detached);
        text = `${detached}\n${ended ? endText(run, answer) : ''}\n${records}`;
        run.records = '';
        run.detached = [];
    }
    // Nothing of the step runs after this: promises that nobody awaited have had their turn, and so
    // have the getters of its output. Only code can reach the global object.
    const isClean = !totem.ranCode.inStep || totem.cleanGlobals();
    totem.ranCode.inStep = false;
    return isClean ? text : `!${text}`;
};

// The last node, its items if asked, static data if it changed.
function endText(run, answer) {
    const parts = {};
    if (run.last) parts.lastNode = run.last.node.name;
    if (run.failure) parts.lastNode = run.failure.node;
    if (answer !== '' && run.last) {
        const items = run.last.entry.out[0] ?? [];
        parts.output = answer === 'first' ? items.slice(0, 1) : items;
    }
    if (run.staticChanged) parts.staticData = run.static;
    return JSON.stringify(parts);
}

totem.evaluateAlone = (frameText, itemsText, expression) => {
    const run = totem.open(frameText, itemsText);
    enter(run);
    const scope = new totem.Scope(run, graph.nodes[0] ?? { params: {}, raw: {}, index: 0 }, 0, run.startItems, []);
    try {
        const value = totem.evaluate(expression, scope);
        totem.setMarking(true);
        return JSON.stringify({ value: totem.mark(value) });
    } catch (error) {
        return JSON.stringify({ error: totem.describeError(error) });
    }
};
