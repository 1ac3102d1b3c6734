// Loop Over Items (Split In Batches): gives the items out in batches, and all that came back from
// the loop when none is left. The loop's state names the runs it came from instead of holding
// their items, so that it stays small and items keep what JSON would lose.

/// {node, output, run} that fed the node this time.
const sourceOf = (ctx) => ctx.previous(0) ?? null;

/// In a pairedItem: the link goes to another run than the one that fed the node.
const overwrite = (source) => (source === null ? {} : { sourceOverwrite: {
    previousNode: source.node,
    previousNodeOutput: source.output,
    previousNodeRun: source.run,
} });

function begin(ctx) {
    Object.assign(ctx.context, {
        currentRunIndex: 0,
        maxRunIndex: Math.ceil(ctx.items.length / batchSize(ctx)),
        noItemsLeft: false,
        next: 0,
        source: sourceOf(ctx),
        returned: [],
    });
}

const batchSize = (ctx) => Math.max(1, Math.floor(Number(ctx.get('batchSize', 0))) || 1);

/// The items of the next batch, linked to the run that brought them in.
function nextBatch(ctx, isFirst) {
    const state = ctx.context;
    const all = isFirst ? ctx.items : ctx.fetch(state.source);
    const start = state.next;
    const batch = all.slice(start, start + batchSize(ctx));
    state.next = start + batch.length;
    state.noItemsLeft = state.next >= all.length;
    if (isFirst) return batch;
    return batch.map((item, i) =>
        ({ ...item, pairedItem: { item: start + i, ...overwrite(state.source) } }));
}

/// Everything that came back from the loop, in order.
function allReturned(ctx) {
    return ctx.context.returned.flatMap((source) => ctx.fetch(source).map((item, i) =>
        ({ ...item, pairedItem: { ...overwrite(source), item: i } })));
}

totem.node({
    type: 'n8n-nodes-base.splitInBatches',
    versions: [1, 2, 3],
    inputs: 1,
    outputs: (params, version) => (version < 2 ? 1 : 2),
    jsonOnly: true,
    usesContext: true,
    defaults: (version) => ({ batchSize: version < 3 ? 10 : 1, options: {} }),
    execute(ctx) {
        const isFirst = ctx.context.source === undefined ||
            ctx.get('options.reset', 0, false) === true;
        if (isFirst) {
            begin(ctx);
        } else {
            ctx.context.currentRunIndex += 1;
            ctx.context.returned = [...ctx.context.returned, sourceOf(ctx)];
        }
        const batch = nextBatch(ctx, isFirst);
        if (ctx.version < 2) return [batch];
        const done = batch.length === 0 && !isFirst ? allReturned(ctx) : [];
        return ctx.version < 3 ? [batch, done] : [done, batch];
    },
});
