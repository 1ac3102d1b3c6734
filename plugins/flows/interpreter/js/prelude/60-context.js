// ctx: what a node's code is handed.

const { FlowError, Scope } = totem;
const { DateTime } = luxon;
const kAbsent = Symbol('absent');

totem.staticData = (run, node, scope) => {
    run.usedStatic = true;
    run.staticText ??= JSON.stringify(run.static);
    const key = scope === 'node' ? `node:${node.name}` : 'global';
    run.static[key] ??= {};
    return run.static[key];
};

class NodeContext {
    constructor(run, node, runIndex, inputs, source) {
        this.run = run;
        this.node = node.raw;
        this.prepared = node;
        this.version = node.version;
        this.params = node.params;
        this.inputs = inputs;
        this.items = inputs[0] ?? [];
        this.runIndex = runIndex;
        this.onError = node.onError;
        this.continueOnFail = node.continueOnFail;
        this.scope = new Scope(run, node, runIndex, this.items, source);
        this.codeScope = null;   // of a node that holds code
    }
    get mode() { return this.run.frame.mode ?? 'manual'; }
    get zone() { return this.run.zone; }
    get workflow() { return totem.graph.workflow; }
    get context() {
        return this.run.contexts[this.prepared.index] ??= {};
    }
    get(path, itemIndex = 0, fallback = undefined) {
        const reader = readerOf(this.prepared, path);
        if (reader === kAbsent) return fallback;
        let value = reader;
        if (typeof reader === 'function') {
            this.scope.i = itemIndex;
            value = reader(this.scope);
        }
        return value === undefined ? fallback : value;
    }
    has(path) { return rawParameter(this.params, path) !== kAbsent; }
    evaluate(value, itemIndex = 0, more = undefined) {
        this.scope.i = itemIndex;
        this.scope.more = more;
        return totem.evaluate(value, this.scope);
    }
    // Like evaluate() for a value that is the same in every run of the node: `make` is called once per
    // workflow and what it gives is compiled once. Never change the result.
    evaluateOnce(key, make, itemIndex = 0) {
        const { readers } = this.prepared;
        const name = `\0${key}`;
        let reader = readers.get(name);
        if (reader === undefined) {
            reader = totem.compileOnce(make());
            readers.set(name, reader);
        }
        if (typeof reader !== 'function') return reader;
        this.scope.i = itemIndex;
        return reader(this.scope);
    }
    // What `make` gives, kept for all runs of the node: only for what hangs on constant parameters.
    keep(key, make) {
        const { kept } = this.prepared;
        let value = kept.get(key);
        if (value === undefined) {
            value = make();
            if (kept.size > 100) kept.clear();
            kept.set(key, value);
        }
        return value;
    }
    // Whether the parameter holds no expression.
    isConstant(path) { return typeof readerOf(this.prepared, path) !== 'function'; }
    resolve(text, itemIndex = 0) { return this.evaluate(`=${text}`, itemIndex); }
    code(source) { return totem.code(this, source); }
    checkCode(source) { return totem.compileBody(source).failure; }
    staticData(scope = 'node') { return totem.staticData(this.run, this.prepared, scope); }
    error(message, options) { return new FlowError(message, options); }
    now() { return DateTime.now().setZone(this.run.zone); }
    previous(input = 0) {
        const source = this.scope.source[input];
        if (!source) return undefined;
        return { node: totem.graph.nodes[source[0]].name, output: source[1], run: source[2] };
    }
    // The items that fed a node, again: loops keep the reference, not the items.
    fetch({ node, output, run }) {
        const items = totem.outputItems(this.run, totem.nodeNamed(node).index, output, run) ?? [];
        return totem.freshItems(items, 0);
    }
    lookup(name) { return this.scope.$(name); }
    fill(items) { return items; }
    pairs(make) {
        const result = [];
        for (let i = 0; i < this.items.length; i += 1) {
            try {
                const made = make(this.items[i], i);
                if (Array.isArray(made)) result.push(...made);
                else if (made !== undefined && made !== null) result.push(made);
            } catch (error) {
                if (!this.continueOnFail) {
                    if (error !== null && typeof error === 'object' && error.itemIndex === undefined) {
                        try { error.itemIndex = i; } catch { /* a frozen error says less */ }
                    }
                    throw error;
                }
                result.push(totem.errorItem(error, i));
            }
        }
        return result;
    }
}

totem.errorItem = (error, itemIndex) => ({
    json: { error: String(error?.message ?? error) }, error: totem.describeError(error), pairedItem: { item: itemIndex },
});

function readerOf(node, path) {
    let reader = node.readers.get(path);
    if (reader === undefined) {
        const raw = rawParameter(node.params, path);
        reader = raw === kAbsent ? kAbsent : totem.compileOnce(raw);
        node.readers.set(path, reader);
    }
    return reader;
}

function rawParameter(params, path) {
    let value = params;
    for (const part of totem.pathParts(path)) {
        if (value === null || typeof value !== 'object' || !Object.prototype.hasOwnProperty.call(value, part)) return kAbsent;
        value = value[part];
    }
    return value;
}

// Items as a node gets them: own wrappers, linked to where they stand in the input.
totem.freshItems = (items, input) => {
    const result = new Array(items.length);
    for (let i = 0; i < items.length; i += 1) {
        const item = items[i];
        const fresh = { json: item.json };
        if (item.binary !== undefined) fresh.binary = item.binary;
        if (item.error !== undefined) fresh.error = item.error;
        fresh.pairedItem = input === 0 ? { item: i } : { item: i, input };
        result[i] = fresh;
    }
    return result;
};

totem.describeError = (error, node) => {
    const thrown = error !== null && typeof error === 'object' ? error : { message: String(error) };
    const result = { message: String(thrown.message ?? thrown), name: String(thrown.name ?? 'Error') };
    for (const name of ['description', 'itemIndex', 'httpCode', 'code', 'limit']) {
        const value = thrown[name];
        if (typeof value === 'string' || typeof value === 'number') result[name] = value;
    }
    if (thrown.cause && typeof thrown.cause === 'object' && thrown.cause !== thrown) {
        result.cause = { message: String(thrown.cause.message ?? '') };
    }
    if (node) result.node = node.name;
    return result;
};

totem.NodeContext = NodeContext;
