// Merge, from version 2: joins the items of two or more inputs.

const { items, matching, values } = totem.shared;
const { paired } = items;

/// combine, append or chooseBranch; combine as fields, position, all or sql.
function modeOf(params, version) {
    if (params.mode === 'combineBySql') return 'sql';
    if (params.mode !== 'combine') return params.mode;
    const how = version >= 3 ? params.combineBy : params.combinationMode;
    return {
        mergeByFields: 'fields', combineByFields: 'fields',
        mergeByPosition: 'position', combineByPosition: 'position',
        multiplex: 'all', combineAll: 'all',
    }[how];
}

const inputCount = (params, version) =>
    (version >= 3 ? Number(params.numberInputs) || 2 : 2);

/// How two objects become one: {merge(json1, json2), preferred: 1 or 2}.
function clashRules(ctx, preferredByDefault) {
    const clash = ctx.get('options.clashHandling.values', 0, {});
    const suffix = clash.resolveClash === 'addSuffix';
    const preferred = { preferInput1: 1, preferInput2: 2 }[clash.resolveClash] ??
        (clash.resolveClash === 'preferLast' ? Infinity : preferredByDefault);
    const how = { isDeep: clash.mergeMode !== 'shallowMerge' && clash.mergeMode !== 'shallowSelect',
        keepsIfEmpty: clash.overrideEmpty === true };
    return { suffix, preferred, how };
}

/// One item out of entries [{item, index, input}].
function joined(entries, { suffix, preferred, how }) {
    const ordered = [...entries];
    if (!suffix && preferred <= entries.length) {
        ordered.push(...ordered.splice(ordered.findIndex((entry) =>
            entry.input === preferred - 1), 1));
    }
    const jsons = ordered.map(({ item, input }) =>
        (suffix ? matching.withSuffix(item.json, input + 1) : item.json));
    const json = jsons.reduce((under, over) => matching.overlay(under, over, how), {});
    const result = { json, pairedItem: ordered.map((entry) => paired(entry.index, entry.input)) };
    const binary = Object.assign({}, ...ordered.map((entry) => entry.item.binary));
    if (Object.keys(binary).length > 0) result.binary = binary;
    return result;
}

const entry = (ctx, input, index) => ({ item: ctx.inputs[input][index], index, input });

function append(ctx) {
    return ctx.inputs.flat();
}

function byPosition(ctx) {
    const rules = clashRules(ctx, 2);
    const lengths = ctx.inputs.map((list) => list.length);
    const isFull = ctx.get('options.includeUnpaired', 0, false) !== true;
    const length = isFull ? Math.min(...lengths) : Math.max(...lengths);
    return Array.from({ length }, (_, i) => {
        const present = ctx.inputs.flatMap((list, input) =>
            (i < list.length ? [entry(ctx, input, i)] : []));
        if (present.length > 1) return joined(present, rules);
        const { item, input } = present[0];
        return rules.suffix ? { ...item, json: matching.withSuffix(item.json, input + 1) } : item;
    });
}

function everyPair(ctx) {
    const rules = clashRules(ctx, 2);
    return ctx.inputs[0].flatMap((item1, first) => ctx.inputs[1].map((item2, second) =>
        joined([entry(ctx, 0, first), entry(ctx, 1, second)], rules)));
}

function fieldPairs(ctx) {
    if (ctx.version < 3 || ctx.params.advanced === true) {
        return matching.fieldPairs(ctx, ctx.get('mergeByFields.values', 0, []));
    }
    const names = values.fieldList(ctx.get('fieldsToMatchString', 0, ''));
    return matching.fieldPairs(ctx, names.map((name) => ({ field1: name, field2: name })));
}

const unique = (list) => [...new Set(list)];

/// What goes out if one input is empty, from version 2.1 on.
function oneSided(ctx, joinMode, from) {
    const [list1, list2] = ctx.inputs;
    switch (joinMode) {
        case 'keepMatches': return [];
        case 'enrichInput1': return list1;
        case 'enrichInput2': return list2;
        case 'keepNonMatches':
            if (from === 'input1') return list1;
            return from === 'input2' ? list2 : [...list1, ...list2];
        default: return [...list1, ...list2];
    }
}

function byFields(ctx) {
    const pairs = fieldPairs(ctx);
    const joinMode = ctx.get('joinMode', 0);
    const from = ctx.get('outputDataFrom', 0);
    const [list1, list2] = ctx.inputs;
    if (ctx.version >= 2.1 && (list1.length === 0 || list2.length === 0)) {
        return oneSided(ctx, joinMode, from);
    }
    const found = matching.match(list1, list2, pairs, {
        dotNotation: ctx.get('options.disableDotNotation', 0, false) !== true,
        isFuzzy: ctx.get('options.fuzzyCompare', 0, false) === true,
        firstOnly: ctx.get('options.multipleMatches', 0, 'all') === 'first',
    });
    const rules = clashRules(ctx, joinMode === 'enrichInput2' ? 1 : 2);
    const one = (i) => list1[i];
    const two = (i) => list2[i];
    const both = () => found.matched.map(({ first, second }) =>
        joined([entry(ctx, 0, first), entry(ctx, 1, second)], rules));
    const marked = (item, source) => ({ ...item, json: { ...item.json, _source: source } });
    switch (joinMode) {
        case 'keepMatches':
            if (from === 'input1') return unique(found.matched.map(({ first }) => first)).map(one);
            if (from === 'input2') return unique(found.matched.map(({ second }) => second)).map(two);
            return both();
        case 'keepNonMatches':
            if (from === 'input1') return found.unmatched1.map(one);
            if (from === 'input2') return found.unmatched2.map(two);
            return [...found.unmatched1.map((i) => marked(one(i), 'input1')),
                ...found.unmatched2.map((i) => marked(two(i), 'input2'))];
        case 'enrichInput1': return [...both(), ...found.unmatched1.map(one)];
        case 'enrichInput2': return [...both(), ...found.unmatched2.map(two)];
        default: return [...both(), ...found.unmatched1.map(one), ...found.unmatched2.map(two)];
    }
}

function chooseBranch(ctx) {
    const output = ctx.get('output', 0);
    if (output === 'empty') return [{ json: {}, pairedItem: paired(0) }];
    const number = ctx.version >= 3 ? Number(String(ctx.get('useDataOfInput', 0)).match(/\d+/)?.[0])
        : { input1: 1, input2: 2 }[output];
    const input = ctx.inputs[number - 1];
    if (input === undefined) throw ctx.error(`The input ${number} does not exist`);
    return input;
}

const kNoSql = 'Merging with SQL is not supported. Use another way of combining, or a Code node.';

const kModes = {
    append, chooseBranch, fields: byFields, position: byPosition, all: everyPair,
};

totem.node({
    type: 'n8n-nodes-base.merge',
    versions: [1, 2, 2.1, 3, 3.1, 3.2],
    inputs: inputCount,
    outputs: 1,
    requiredInputs: (params, version) =>
        (version >= 2 && params.mode === 'chooseBranch' ? inputCount(params, version) : 1),
    jsonOnly: true,
    defaults(version) {
        if (version < 2) {
            return { mode: 'append', join: 'left', propertyName1: '', propertyName2: '',
                overwrite: 'always', output: 'input1' };
        }
        const common = { mode: 'append', mergeByFields: {}, joinMode: 'keepMatches',
            outputDataFrom: 'both', options: {} };
        if (version < 3) {
            return { ...common, combinationMode: 'mergeByFields',
                chooseBranchMode: 'waitForBoth', output: 'input1' };
        }
        return { ...common, numberInputs: 2, combineBy: 'combineByFields', advanced: false,
            fieldsToMatchString: '', chooseBranchMode: 'waitForAll', output: 'specifiedInput',
            useDataOfInput: 1, query: '' };
    },
    check(node, report) {
        if (node.params.mode === 'combineBySql') report('mode', kNoSql);
    },
    execute(ctx) {
        if (ctx.version < 2) return [totem.shared.oldMerge(ctx)];
        const run = kModes[modeOf(ctx.params, ctx.version)];
        if (run === undefined) throw ctx.error(kNoSql);
        return [run(ctx)];
    },
});
