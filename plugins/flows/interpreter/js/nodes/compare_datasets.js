// Compare Datasets: what stands only in A, in both alike, in both but different, only in B.

const { fields, matching, values } = totem.shared;

function settingsOf(ctx) {
    const options = ctx.get('options', 0, {});
    return {
        dotNotation: options.disableDotNotation !== true,
        isFuzzy: ctx.version < 2 ? options.fuzzyCompare === true
            : (ctx.get('fuzzyCompare', 0, false) === true || options.fuzzyCompare === true),
        firstOnly: (options.multipleMatches ?? 'first') !== 'all',
        skipped: values.fieldList(options.skipFields ?? ''),
        resolve: ctx.get('resolve', 0),
        names: ctx.version < 2 ? ['input1', 'input2'] : ['inputA', 'inputB'],
    };
}

const without = (json, { skipped, dotNotation }) =>
    (skipped.length === 0 ? json : fields.omit(json, skipped, dotNotation));

/// Names of the fields in which two items differ.
function differences(json1, json2, settings) {
    const equal = matching.comparer(settings.isFuzzy);
    const names = new Set([...Object.keys(json1), ...Object.keys(json2)]);
    return [...names].filter((name) => !equal(json1[name], json2[name]));
}

/// The values of one field side by side.
function sides(settings, json1, json2, name) {
    const [name1, name2] = settings.names;
    return { [name1]: json1[name] ?? null, [name2]: json2[name] ?? null };
}

/// {keys, same, different, skipped?}: every field of both items, sorted by what it is. A field of
/// which a part is skipped counts as different if the skipped part is.
function comparison(json1, json2, pairs, settings) {
    const { dotNotation, skipped } = settings;
    const keys = {};
    for (const { field1 } of pairs) {
        fields.set(keys, field1, fields.get(json1, field1, dotNotation), dotNotation);
    }
    const result = { keys, same: {}, different: {} };
    const [rest1, rest2] = [without(json1, settings), without(json2, settings)];
    const differing = differences(json1, json2, settings);
    for (const name of new Set([...Object.keys(rest1), ...Object.keys(rest2)])) {
        if (differing.includes(name)) result.different[name] = sides(settings, rest1, rest2, name);
        else fields.set(result.same, name, json1[name], false);
    }
    if (skipped.length > 0) {
        const [out1, out2] = [json1, json2].map((json) => fields.pick(json, skipped, dotNotation));
        result.skipped = {};
        for (const name of new Set([...Object.keys(out1), ...Object.keys(out2)])) {
            result.skipped[name] = sides(settings, out1, out2, name);
        }
    }
    return result;
}

function mixed(ctx, json1, json2, differing) {
    const preferred = ctx.get('preferWhenMix', 0, 'input1');
    const except = values.fieldList(ctx.get('exceptWhenMix', 0, ''));
    const other = preferred === 'input1' ? json2 : json1;
    const result = preferred === 'input1' ? { ...json1 } : { ...json2 };
    for (const name of differing) {
        if (except.includes(name)) fields.set(result, name, other[name], false);
    }
    return result;
}

function resolved(ctx, json1, json2, differing, settings) {
    switch (settings.resolve) {
        case 'preferInput1': return json1;
        case 'preferInput2': return json2;
        case 'mix': return mixed(ctx, json1, json2, differing);
        default: return null;
    }
}

totem.node({
    type: 'n8n-nodes-base.compareDatasets',
    versions: [1, 2, 2.1, 2.2, 2.3],
    inputs: 2,
    outputs: 4,
    jsonOnly: true,
    defaults: (version) => ({
        mergeByFields: {}, resolve: version < 2 ? 'preferInput2' : 'includeBoth',
        fuzzyCompare: false, preferWhenMix: 'input1', exceptWhenMix: '', options: {},
    }),
    execute(ctx) {
        const settings = settingsOf(ctx);
        const pairs = matching.fieldPairs(ctx, ctx.get('mergeByFields.values', 0, []));
        const [list1, list2] = [ctx.inputs[0] ?? [], ctx.inputs[1] ?? []];
        const found = matching.match(list1, list2, pairs, settings);
        const outputs = [found.unmatched1.map((i) => list1[i]), [], [],
            found.unmatched2.map((i) => list2[i])];
        for (const { first, second } of found.matched) {
            const [json1, json2] = [list1[first].json, list2[second].json];
            const [part1, part2] = [without(json1, settings), without(json2, settings)];
            const differing = differences(part1, part2, settings);
            const both = [{ item: first }, { item: second, input: 1 }];
            if (differing.length === 0) {
                outputs[1].push(ctx.version < 2 && settings.resolve === 'preferInput2'
                    ? list2[second] : list1[first]);
                continue;
            }
            const json = resolved(ctx, json1, json2, differing, settings) ??
                comparison(json1, json2, pairs, settings);
            outputs[2].push({ json, pairedItem: both });
        }
        return outputs;
    },
});
