// The prepared workflow and the data of runs: who fed whom, and which item came from which.

const { ExpressionError } = totem;

// One per context: set by prepare().
totem.graph = {
    nodes: [], byName: new Map(), workflow: {}, zone: 'UTC',
    feeders: [],            // per node: list of [feeder, output] over all its inputs
    outputsTowards: new Map(),
};

// Through which output of `from` data flows to `to`, as n8n guesses it: breadth-first upwards.
totem.outputTowards = (from, to) => {
    const { feeders, outputsTowards } = totem.graph;
    const key = from * 1e6 + to;
    const known = outputsTowards.get(key);
    if (known !== undefined) return known;
    const seen = new Set([to]);
    let found = -1;
    for (let level = [to]; level.length > 0 && found < 0;) {
        const next = [];
        for (const node of level) {
            for (const [feeder, output] of feeders[node] ?? []) {
                if (feeder === from) { found = output; break; }
                if (!seen.has(feeder)) { seen.add(feeder); next.push(feeder); }
            }
            if (found >= 0) break;
        }
        level = next;
    }
    outputsTowards.set(key, found);
    return found;
};

const kSteps = 100000;

// Walks the links of an item back to node `target`; undefined if they do not lead there.
// A source is [node, output, run]; the same item may have several origins, which must agree: all
// different ones are in the list.
totem.originOf = (run, source, itemIndex, target) => {
    const straight = straightOrigin(run, source, itemIndex, target);
    if (straight !== undefined) return [straight];
    let steps = 0;
    const seen = new Set();
    const found = new Set();
    const walk = (from, index) => {
        if (!from || (steps += 1) > kSteps) return;
        const key = from[0] + ':' + from[1] + ':' + from[2] + ':' + index;
        if (seen.has(key)) return;
        seen.add(key);
        const entry = run.data[from[0]]?.[from[2]];
        const item = entry?.out[from[1]]?.[index];
        if (item === undefined) return;
        if (from[0] === target) {
            found.add(item);
            return;
        }
        for (const link of linksOf(item.pairedItem)) {
            const over = link.sourceOverwrite;
            const origin = over
                ? [totem.graph.byName.get(over.previousNode)?.index ?? -1, over.previousNodeOutput ?? 0, over.previousNodeRun ?? 0]
                : entry.source[link.input ?? 0];
            walk(origin, link.item);
        }
    };
    walk(source, itemIndex);
    return Array.from(found);
};

// The usual case: each item has one link, within the run's own sources.
function straightOrigin(run, source, itemIndex, target) {
    let from = source;
    let index = itemIndex;
    for (let steps = 0; from && steps < kSteps; steps += 1) {
        const entry = run.data[from[0]]?.[from[2]];
        const item = entry?.out[from[1]]?.[index];
        if (item === undefined) return undefined;
        if (from[0] === target) return item;
        const link = item.pairedItem;
        if (link === undefined || link === null || typeof link.item !== 'number' || link.sourceOverwrite) return undefined;
        from = entry.source[link.input ?? 0];
        index = link.item;
    }
    return undefined;
}

function linksOf(pairedItem) {
    if (pairedItem === undefined || pairedItem === null) return [];
    if (typeof pairedItem === 'number') return [{ item: pairedItem }];
    if (Array.isArray(pairedItem)) return pairedItem.flatMap(linksOf);
    return typeof pairedItem === 'object' ? [pairedItem] : [];
}
totem.linksOf = linksOf;

// The items that a node run gave on one output, with the data of the newest run by default.
totem.outputItems = (run, node, output, runIndex) => {
    const runs = run.data[node];
    if (!runs || runs.length === 0) return undefined;
    const entry = runs[runIndex ?? runs.length - 1];
    return entry ? entry.out[output] ?? [] : undefined;
};

totem.nodeNamed = (name) => {
    const node = totem.graph.byName.get(String(name));
    if (!node) throw new ExpressionError(`Referenced node doesn't exist: "${name}"`);
    return node;
};
