// Function Item: runs once for each item; `item` is the item's json.

const { items, values } = totem.shared;

function made(ctx, item, result, itemIndex) {
    if (!values.isPlainObject(result)) {
        throw ctx.error('Not an object got returned. Always return an object!', { itemIndex });
    }
    return items.derived(item, result, itemIndex);
}

totem.node({
    type: 'n8n-nodes-base.functionItem',
    versions: [1],
    inputs: 1,
    outputs: 1,
    defaults: () => ({ functionCode: 'return item;' }),
    execute(ctx) {
        // Opened on the first line, so that line numbers in messages stay those of the user's text.
        const keyword = /\bawait\b/.test(ctx.params.functionCode) ? 'async function' : 'function';
        const run = ctx.code(
            `return (${keyword} (item) { ${ctx.params.functionCode}\n}).call(this, item.json);`);
        const results = ctx.pairs((item, i) =>
            items.after(run(i), (result) => made(ctx, item, result, i)));
        if (!results.some((result) => result instanceof Promise)) return [results];
        const settled = results.map((result, i) => Promise.resolve(result).catch((error) => {
            if (!ctx.continueOnFail) throw error;
            return totem.errorItem(error, i);
        }));
        return Promise.all(settled).then((list) => [list]);
    },
});
