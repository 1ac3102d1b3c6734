// Merge version 1: totem.shared.oldMerge(ctx) gives the items of its output.

const { items, matching } = totem.shared;
const { paired } = items;

function both(item1, index1, item2, index2) {
    const result = {
        json: { ...item1.json, ...item2.json },
        pairedItem: [paired(index1), paired(index2, 1)],
    };
    if (item1.binary || item2.binary) result.binary = { ...item1.binary, ...item2.binary };
    return result;
}

function byIndex(ctx, [list1, list2]) {
    const join = ctx.get('join', 0);
    const length = {
        inner: Math.min(list1.length, list2.length),
        left: list1.length,
        outer: Math.max(list1.length, list2.length),
    }[join] ?? 0;
    return Array.from({ length }, (_, i) => {
        if (i >= list2.length) return list1[i];
        if (i >= list1.length) return list2[i];
        return both(list1[i], i, list2[i], i);
    });
}

function matches(ctx, list1, list2) {
    const pair = { field1: ctx.get('propertyName1', 0), field2: ctx.get('propertyName2', 0) };
    return matching.match(list1, list2, [pair], {});
}

function byKey(ctx, [list1, list2]) {
    const overwrite = ctx.get('overwrite', 0);
    const result = [...list1];
    for (const { first, second } of matches(ctx, list1, list2).matched) {
        const merged = both(result[first], first, list2[second], second);
        if (overwrite !== 'always') {
            const stays = (value) => (overwrite === 'undefined' ? value !== undefined
                : value !== undefined && value !== null && value !== '');
            for (const [name, value] of Object.entries(list1[first].json)) {
                if (stays(value)) totem.shared.fields.set(merged.json, name, value, false);
            }
        }
        result[first] = merged;
    }
    return result;
}

const kModes = {
    append: (ctx, lists) => lists.flat(),
    passThrough: (ctx, lists) => lists[ctx.get('output', 0) === 'input2' ? 1 : 0],
    wait: () => [{ json: {}, pairedItem: paired(0) }],
    mergeByIndex: byIndex,
    mergeByKey: byKey,
    keepKeyMatches(ctx, [list1, list2]) {
        const kept = new Set(matches(ctx, list1, list2).matched.map(({ first }) => first));
        return [...kept].map((i) => list1[i]);
    },
    removeKeyMatches: (ctx, [list1, list2]) =>
        matches(ctx, list1, list2).unmatched1.map((i) => list1[i]),
    multiplex: (ctx, [list1, list2]) => list1.flatMap((item1, i) =>
        list2.map((item2, k) => both(item1, i, item2, k))),
};

totem.share('oldMerge', (ctx) => {
    const lists = [ctx.inputs[0] ?? [], ctx.inputs[1] ?? []];
    const run = kModes[ctx.params.mode];
    if (run === undefined) throw ctx.error(`The mode '${ctx.params.mode}' is not known`);
    return run(ctx, lists);
});
