// What an expression or Code body sees. One Scope serves a node run; `i` is the item it looks at.

const { ExpressionError, graph } = totem;
const { DateTime, Duration, Interval } = luxon;

function itemsOf(scope, node, output, runIndex) {
    const towards = output ?? Math.max(0, totem.outputTowards(node.index, scope.node.index));
    const items = totem.outputItems(scope.run, node.index, towards, runIndex);
    if (items === undefined) {
        throw new ExpressionError(`Node '${node.name}' hasn't been executed`, {
            description: `An expression references the node '${node.name}', but it hasn't been executed yet.`,
        });
    }
    return items;
}

function pairedOf(scope, node, itemIndex) {
    const link = scope.items[itemIndex]?.pairedItem;
    const input = link?.input ?? 0;
    const found = totem.originOf(scope.run, scope.source[input], itemIndex, node.index);
    if (found.length === 1) return scope.give(found[0]);
    itemsOf(scope, node);
    throw new ExpressionError(found.length > 1
        ? `Multiple matches found for item [item ${itemIndex}]`
        : `Paired item data for item from node '${node.name}' is unavailable [item ${itemIndex}]`, {
        description: 'The links between items do not lead from this item to one item of that node.',
    });
}

// $('name')
class NodeView {
    #scope;
    #node;
    constructor(scope, node) {
        this.#scope = scope;
        this.#node = node;
    }
    get item() { return pairedOf(this.#scope, this.#node, this.#scope.i); }
    itemMatching(index) { return pairedOf(this.#scope, this.#node, index ?? this.#scope.i); }
    pairedItem(index) { return pairedOf(this.#scope, this.#node, index ?? this.#scope.i); }
    first(output, runIndex) { return this.#scope.give(itemsOf(this.#scope, this.#node, output, runIndex)[0]); }
    last(output, runIndex) { return this.#scope.give(itemsOf(this.#scope, this.#node, output, runIndex).at(-1)); }
    all(output, runIndex) {
        return itemsOf(this.#scope, this.#node, output, runIndex).map((item) => this.#scope.give(item));
    }
    get json() { return this.item.json; }
    get binary() { return this.item.binary; }
    get isExecuted() { return (this.#scope.run.data[this.#node.index]?.length ?? 0) > 0; }
    get params() { return totem.evaluate(this.#node.params, this.#scope); }
    get context() { return this.#scope.run.contexts[this.#node.index] ?? {}; }
    get runIndex() { return (this.#scope.run.data[this.#node.index]?.length ?? 0) - 1; }
}

// $node["name"]: the newest run, the item with the same index.
class OldNodeView {
    #scope;
    #node;
    constructor(scope, node) {
        this.#scope = scope;
        this.#node = node;
    }
    #item() {
        const scope = this.#scope;
        const output = Math.max(0, totem.outputTowards(this.#node.index, scope.node.index));
        const items = totem.outputItems(scope.run, this.#node.index, output);
        if (items === undefined) throw new ExpressionError(`Node '${this.#node.name}' hasn't been executed`);
        return scope.give(items[scope.i] ?? items[0]);
    }
    get json() { return this.#item()?.json; }
    get data() { return this.#item()?.json; }
    get binary() { return this.#item()?.binary; }
    get parameter() { return totem.evaluate(this.#node.params, this.#scope); }
    get context() { return this.#scope.run.contexts[this.#node.index] ?? {}; }
    get runIndex() { return (this.#scope.run.data[this.#node.index]?.length ?? 0) - 1; }
}

class InputView {
    #scope;
    constructor(scope) { this.#scope = scope; }
    get item() { return this.#scope.items[this.#scope.i]; }
    first() { return this.#scope.items[0]; }
    last() { return this.#scope.items.at(-1); }
    all() { return Array.from(this.#scope.items); }
    get params() {
        const source = this.#scope.source[0];
        return source ? totem.evaluate(graph.nodes[source[0]].params, this.#scope) : {};
    }
    get context() {
        const source = this.#scope.source[0];
        return source ? this.#scope.run.contexts[source[0]] ?? {} : {};
    }
}

const reader = (read, names) => new Proxy(Object.create(null), {
    get: (_, name) => (typeof name === 'string' ? read(name) : undefined),
    has: (_, name) => names().includes(name),
    ownKeys: () => names(),
    getOwnPropertyDescriptor: (_, name) => ({ value: read(name), enumerable: true, configurable: true }),
    set: () => false,
    defineProperty: () => false,
    deleteProperty: () => false,
});

class Scope {
    constructor(run, node, runIndex, items, source) {
        this.run = run;
        this.node = node;
        this.runIndex = runIndex;
        this.items = items;
        this.source = source;
        this.i = 0;
        this.copies = null;   // Code bodies that may change what they see get copies
        this.view = null;     // the function $, once it is used
    }
    give(item) {
        if (this.copies === null || item === undefined) return item;
        let copy = this.copies.get(item);
        if (copy === undefined) {
            copy = totem.copy(item);
            this.copies.set(item, copy);
        }
        return copy;
    }

    get $json() { return this.items[this.i]?.json; }
    get $data() { return this.items[this.i]?.json; }
    get $binary() { return this.items[this.i]?.binary ?? {}; }
    get $input() { return new InputView(this); }
    get item() { return this.items[this.i]; }
    get $() { return this.view ??= (name) => new NodeView(this, totem.nodeNamed(name)); }
    get $node() {
        return reader((name) => new OldNodeView(this, totem.nodeNamed(name)), () => Array.from(graph.byName.keys()));
    }
    get $items() {
        return (name, output, runIndex) => {
            if (name === undefined) return Array.from(this.items);
            return new NodeView(this, totem.nodeNamed(name)).all(output ?? 0, runIndex);
        };
    }
    get $prevNode() {
        const source = this.source[this.items[this.i]?.pairedItem?.input ?? 0] ?? this.source[0];
        if (!source) return {};
        return { name: graph.nodes[source[0]].name, outputIndex: source[1], runIndex: source[2] };
    }
    get $parameter() {
        return reader((name) => totem.evaluate(this.node.params[name], this), () => Object.keys(this.node.params));
    }
    get $rawParameter() { return this.node.params; }
    get $self() { return {}; }
    get $workflow() {
        const { id, name, active } = graph.workflow;
        return { id, name, active };
    }
    get $execution() {
        const { frame } = this.run;
        const resume = String(frame.resumeUrl ?? '');
        return {
            id: frame.execution, mode: frame.mode === 'production' || frame.mode === 'webhook' ? 'production' : 'test',
            resumeUrl: resume, resumeFormUrl: String(frame.resumeFormUrl ?? resume), customData: this.run.customData ??= totem.makeCustomData(),
        };
    }
    get $vars() { return reader((name) => this.run.frame.vars?.[name], () => Object.keys(this.run.frame.vars ?? {})); }
    get $secrets() { return Object.freeze({}); }
    get $env() {
        const env = this.run.frame.env ?? {};
        return reader((name) => {
            if (Object.prototype.hasOwnProperty.call(env, name)) return env[name];
            throw new ExpressionError('access to env vars denied', {
                description: `The environment variable ${name} is not listed for flows; an administrator can list it.`,
            });
        }, () => Object.keys(env));
    }
    get $now() { return DateTime.now().setZone(this.run.zone); }
    get $today() { return this.$now.startOf('day'); }
    get $runIndex() { return this.runIndex; }
    get $itemIndex() { return this.i; }
    get $position() { return this.i; }
    get $mode() { return this.run.frame.mode ?? 'manual'; }
    get $nodeId() { return this.node.id; }
    get $nodeVersion() { return this.node.version; }
    get $webhookId() { return this.node.raw.webhookId; }
    get $jmespath() { return search; }
    get $jmesPath() { return search; }
    get $evaluateExpression() {
        return (text, itemIndex) => {
            const before = this.i;
            this.i = itemIndex ?? before;
            try {
                return totem.evaluate(String(text).startsWith('=') ? text : `={{${text}}}`, this);
            } finally {
                this.i = before;
            }
        };
    }
    get $getPairedItem() {
        return (name, incoming, paired) => {
            const source = [totem.nodeNamed(incoming.previousNode).index, incoming.previousNodeOutput ?? 0, incoming.previousNodeRun ?? 0];
            const found = totem.originOf(this.run, source, paired.item ?? 0, totem.nodeNamed(name).index);
            return found.length === 0 ? null : this.give(found[0]);
        };
    }
    get $fromAI() {
        return (key, description, type, fallback) => {
            const given = this.run.frame.ai ?? {};
            return Object.prototype.hasOwnProperty.call(given, key) ? given[key] : fallback;
        };
    }
    get $fromAi() { return this.$fromAI; }
    get $fromai() { return this.$fromAI; }
    get $agentInfo() { return undefined; }
    get $tool() { return this.run.frame.ai ? { name: this.run.frame.aiTool, parameters: this.run.frame.ai } : undefined; }
    // Only inside the expressions of a pagination; `more` comes from ctx.evaluate().
    get $response() { return this.more?.$response; }
    get $request() { return this.more?.$request; }
    get $pageCount() { return this.more?.$pageCount; }
    get DateTime() { return DateTime; }
    get Duration() { return Duration; }
    get Interval() { return Interval; }
}

function search(data, expression) {
    if (typeof data !== 'object' || typeof expression !== 'string') {
        throw new ExpressionError('expected two arguments (Object, string) for this function');
    }
    return jmespath.search(data, expression);
}

totem.Scope = Scope;
totem.scopeNames = Object.getOwnPropertyNames(Scope.prototype).filter((name) => name.startsWith('$') || name[0] === name[0].toUpperCase());
