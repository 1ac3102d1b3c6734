// Summarize, used by the node of that name and by Item Lists: totem.shared.summarize(ctx).

const { fields, lists, values } = totem.shared;

const kPrefixes = {
    append: 'appended_', average: 'average_', concatenate: 'concatenated_', count: 'count_',
    countUnique: 'unique_count_', max: 'max_', min: 'min_', sum: 'sum_',
};

const isEmpty = (value) => values.isMissing(value) || value === '';

const numbers = (list) => list.filter((value) => typeof value === 'number');

const best = (list, isBetter) => list.reduce((found, value) =>
    (found === undefined || isBetter(value, found) ? value : found), undefined) ?? null;

function joined(list, { separateBy = ',\n', customSeparator = '' }) {
    const separator = separateBy === 'other' ? customSeparator : separateBy;
    return list.map((value) => (values.isObject(value) ? JSON.stringify(value)
        : values.isMissing(value) ? 'undefined' : String(value))).join(separator);
}

const kAggregations = {
    append: (list) => list,
    average: (list) => numbers(list).reduce((a, b) => a + b, 0) / numbers(list).length,
    concatenate: joined,
    count: (list) => list.length,
    countUnique: (list) => new Set(list.map(lists.stableText)).size,
    max: (list) => best(list, (a, b) => a > b),
    min: (list) => best(list, (a, b) => a < b),
    sum: (list) => numbers(list).reduce((a, b) => a + b, 0),
};

function summaryOf(group, plan, dotNotation) {
    const json = {};
    for (const entry of plan) {
        const all = group.map(({ item }) => fields.get(item.json, entry.field, dotNotation));
        const keepsEmpty = entry.includeEmpty === true &&
            ['append', 'concatenate', 'count', 'countUnique'].includes(entry.aggregation);
        const list = keepsEmpty ? all.map((value) => value ?? null)
            : all.filter((value) => !isEmpty(value));
        json[entry.name] = kAggregations[entry.aggregation](list, entry);
    }
    return json;
}

/// The value of a split field: text in version 1, the value itself later.
function groupKey(ctx, value) {
    if (ctx.version >= 1.1 || ctx.node.type.endsWith('.itemLists')) return value;
    return value === undefined ? 'undefined' : typeof value === 'object' && value !== null
        ? JSON.stringify(value) : String(value);
}

/// Groups by the first field, then inside each by the next: [{keys, group}].
function split(ctx, entries, names, settings, keys = []) {
    if (keys.length === names.length) return [{ keys, group: entries }];
    const groups = new Map();
    for (const entry of entries) {
        const value = fields.get(entry.item.json, names[keys.length], settings.dotNotation);
        if (settings.skipsEmpty && isEmpty(value)) continue;
        const key = groupKey(ctx, value);
        const text = lists.stableText(key);
        if (!groups.has(text)) groups.set(text, { key, entries: [] });
        groups.get(text).entries.push(entry);
    }
    return [...groups.values()].flatMap(({ key, entries: inner }) =>
        split(ctx, inner, names, settings, [...keys, key]));
}

const safeName = (name) => name.replace(/[\]["]/g, '').replace(/[ .]/g, '_');

function planOf(ctx, settings) {
    const plan = ctx.get('fieldsToSummarize.values', 0, []).map((entry) => {
        const aggregation = entry.aggregation ?? 'count';
        const field = String(entry.field ?? '').trim();
        if (field === '') throw ctx.error('The field to summarize is missing');
        if (!Object.hasOwn(kAggregations, aggregation)) {
            throw ctx.error(`The aggregation '${aggregation}' is not known`);
        }
        return { ...entry, aggregation, field,
            name: kPrefixes[aggregation] + safeName(field) };
    });
    if (plan.length === 0) {
        throw ctx.error("You need to add at least one aggregation to 'Fields to Summarize'");
    }
    if (!settings.allowsMissing) {
        for (const { field } of plan) {
            const isThere = ctx.items.some((item) =>
                fields.get(item.json, field, settings.dotNotation) !== undefined);
            if (!isThere) {
                throw ctx.error(`The field '${field}' does not exist in any items`);
            }
        }
    }
    return plan;
}

function settingsOf(ctx) {
    const options = ctx.get('options', 0, {});
    return {
        dotNotation: options.disableDotNotation !== true,
        skipsEmpty: options.skipEmptySplitFields === true,
        allowsMissing: options.continueIfFieldNotFound ?? ctx.version >= 1.1,
        isSingle: options.outputFormat === 'singleItem',
    };
}

totem.share('summarize', (ctx) => {
    const settings = settingsOf(ctx);
    const plan = planOf(ctx, settings);
    const names = totem.shared.listNodes.names(ctx, 'fieldsToSplitBy');
    const entries = ctx.items.map((item, index) => ({ item, index }));
    const groups = split(ctx, entries, names, settings);
    const links = (group) => group.map(({ index }) => ({ item: index }));
    if (settings.isSingle) {
        const json = {};
        for (const { keys, group } of groups) {
            const summary = summaryOf(group, plan, settings.dotNotation);
            if (keys.length === 0) Object.assign(json, summary);
            else placeAt(json, keys, summary);
        }
        return [[{ json, pairedItem: links(entries) }]];
    }
    return [groups.map(({ keys, group }) => ({
        json: {
            ...Object.fromEntries(names.map((name, i) => [safeName(name), keys[i]])),
            ...summaryOf(group, plan, settings.dotNotation),
        },
        pairedItem: links(group),
    }))];
});

function placeAt(json, keys, summary) {
    const path = keys.map(String);
    let target = json;
    for (const key of path.slice(0, -1)) {
        if (!Object.hasOwn(target, key)) fields.set(target, key, {}, false);
        target = target[key];
    }
    fields.set(target, path.at(-1), summary, false);
}
