// Remove Duplicates: within the items, or against what earlier runs have seen (from version 2).

const { dates, listNodes, values } = totem.shared;

const kHistory = 10000;

/// Values seen by earlier runs: {seen: [text], highest}.
function history(ctx) {
    const scope = ctx.get('options.scope', 0, 'node') === 'workflow' ? 'global' : 'node';
    const data = ctx.staticData(scope);
    data.deduplication ??= { seen: [] };
    return data.deduplication;
}

function unseen(ctx) {
    const state = history(ctx);
    const limit = Math.max(1, Number(ctx.get('options.historySize', 0, kHistory)) || kHistory);
    const seen = new Set(state.seen);
    const outputs = [[], []];
    ctx.items.forEach((item, i) => {
        const key = values.asText(ctx.get('dedupeValue', i, ''));
        outputs[seen.has(key) ? 1 : 0].push(item);
        seen.add(key);
    });
    state.seen = [...seen].slice(-limit);
    return outputs;
}

/// Items whose value is above the highest so far.
function above(ctx, path, read) {
    const state = history(ctx);
    const before = state.highest;
    const outputs = [[], []];
    ctx.items.forEach((item, i) => {
        const value = read(ctx.get(path, i), i);
        outputs[before !== undefined && value <= before ? 1 : 0].push(item);
        if (state.highest === undefined || value > state.highest) state.highest = value;
    });
    return outputs;
}

function numberAt(ctx, value, itemIndex) {
    const number = Number(value);
    if (!Number.isNaN(number) && value !== '') return number;
    throw ctx.error(`'${value}' is not a number [item ${itemIndex}]`, { itemIndex });
}

function momentAt(ctx, value, itemIndex) {
    const date = dates.parse(value, ctx.zone);
    if (date !== undefined) return date.toMillis();
    throw ctx.error(`'${value}' is not a valid date [item ${itemIndex}]`, { itemIndex });
}

const kLogics = {
    removeItemsWithAlreadySeenKeyValues: unseen,
    removeItemsUpToStoredIncrementalKey: (ctx) =>
        above(ctx, 'incrementalDedupeValue', (value, i) => numberAt(ctx, value, i)),
    removeItemsUpToStoredDate: (ctx) =>
        above(ctx, 'dateDedupeValue', (value, i) => momentAt(ctx, value, i)),
};

function clear(ctx) {
    const state = history(ctx);
    state.seen = [];
    delete state.highest;
    return [ctx.items, []];
}

totem.node({
    type: 'n8n-nodes-base.removeDuplicates',
    versions: [1, 1.1, 2],
    inputs: 1,
    outputs: (params, version) => (version < 2 ? 1 : 2),
    jsonOnly: true,
    defaults: (version) => ({
        compare: 'allFields', fieldsToCompare: '', fieldsToExclude: '', options: {},
        ...(version < 2 ? {} : {
            operation: 'removeDuplicateInputItems',
            logic: 'removeItemsWithAlreadySeenKeyValues',
            dedupeValue: '', incrementalDedupeValue: '', dateDedupeValue: '',
        }),
    }),
    execute(ctx) {
        const operation = ctx.version < 2 ? 'removeDuplicateInputItems' : ctx.params.operation;
        if (operation === 'removeDuplicateInputItems') return listNodes.removeDuplicates(ctx);
        return operation === 'clearDeduplicationHistory' ? clear(ctx) : kLogics[ctx.params.logic](ctx);
    },
});
