// Function: the Code node's predecessor. Runs once for all items.

const { items, values } = totem.shared;

function itemsOf(ctx, result) {
    if (!values.isObject(result)) {
        throw ctx.error('No data got returned. Always return an Array of items!');
    }
    const list = Array.isArray(result) ? result : [result];
    return list.map((entry) => {
        if (!values.isPlainObject(entry)) throw ctx.error('All returned items have to be objects');
        if (!Object.hasOwn(entry, 'json')) return { json: entry };
        if (values.isPlainObject(entry.json)) return entry;
        throw ctx.error('The json-property has to be an object!');
    });
}

totem.node({
    type: 'n8n-nodes-base.function',
    versions: [1],
    inputs: 1,
    outputs: 1,
    defaults: () => ({ functionCode: 'return items;' }),
    execute(ctx) {
        const run = ctx.code(ctx.params.functionCode);
        return items.after(run(undefined), (result) => [itemsOf(ctx, result)]);
    },
});
