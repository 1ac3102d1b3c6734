// Extension methods of arrays.

const { isMissing, isObject, isPlainObject } = totem.shared.values;

const fail = (message) => { throw totem.extensionError(message); };

const contains = (list, value) => list.some((entry) => totem.equal(entry, value));

function needList(method, value) {
    if (!Array.isArray(value)) fail(`${method}(): expected array arg, e.g. .${method}([1, 2])`);
    return value;
}

/// The first of every group of equal entries; with names, entries equal in those fields.
function unique(list, ...names) {
    const key = (entry) => (names.length === 0 || !isPlainObject(entry) ? entry
        : names.map((name) => entry[name]));
    const kept = [];
    const seen = [];
    for (const entry of list) {
        const own = key(entry);
        if (contains(seen, own)) continue;
        seen.push(own);
        kept.push(entry);
    }
    return kept;
}

function numbers(method, list) {
    return list.map((entry) => {
        const number = Number(entry);
        if (isMissing(entry) || Number.isNaN(number)) {
            fail(`${method}(): can't be applied to non-number elements: ` +
                `${totem.shared.values.asText(entry)}`);
        }
        return number;
    });
}

const sum = (list, method = 'sum') => numbers(method, list).reduce((a, b) => a + b, 0);

function pluck(list, ...names) {
    if (names.length === 0) return list;
    const picked = [];
    for (const entry of list) {
        if (!isPlainObject(entry)) continue;
        const found = names.filter((name) => entry[name] !== undefined);
        if (found.length === 0) continue;
        picked.push(names.length === 1 ? entry[names[0]] : found.map((name) => entry[name]));
    }
    return picked;
}

function chunk(list, size) {
    if (typeof size !== 'number' || !(size >= 1)) {
        fail('chunk(): expected non-zero numeric arg, e.g. .chunk(5)');
    }
    const chunks = [];
    for (let i = 0; i < list.length; i += size) chunks.push(list.slice(i, i + size));
    return chunks;
}

/// One object out of many; the first value of a field stays.
function merge(list, others = []) {
    const result = {};
    for (const entry of [...list, ...needList('merge', others)]) {
        if (!isPlainObject(entry)) continue;
        for (const key of Object.keys(entry)) {
            if (!Object.hasOwn(result, key)) totem.shared.fields.set(result, key, entry[key], false);
        }
    }
    return result;
}

function renameKeys(list, ...names) {
    if (names.length === 0 || names.length % 2 !== 0) {
        fail('renameKeys(): expected an even amount of args: from1, to1 [, from2, to2, ...]');
    }
    const target = new Map();
    for (let i = 0; i < names.length; i += 2) target.set(names[i], names[i + 1]);
    return list.map((entry) => (isPlainObject(entry)
        ? Object.fromEntries(
            Object.entries(entry).map(([key, value]) => [target.get(key) ?? key, value]))
        : entry));
}

function smartJoin(list, keyField, valueField) {
    if (!keyField || !valueField || typeof keyField !== 'string' ||
        typeof valueField !== 'string') {
        fail('smartJoin(): expected two string args, e.g. .smartJoin("name", "value")');
    }
    const result = {};
    for (const entry of list) {
        if (isObject(entry)) {
            totem.shared.fields.set(result, String(entry[keyField]), entry[valueField], false);
        }
    }
    return result;
}

function randomItem(list) {
    return list[Math.floor(Math.random() * list.length)];
}

const isKept = (entry) => !isMissing(entry) && entry !== '' && entry !== 'nil' &&
    !(isPlainObject(entry) && Object.keys(entry).length === 0);

totem.extension('array', {
    append: (list, ...entries) => [...list, ...entries],
    average: (list) => sum(list, 'average') / list.length,
    chunk,
    compact: (list) => list.filter(isKept),
    difference: (list, others) => unique(
        list.filter((entry) => !contains(needList('difference', others), entry))),
    first: (list) => list[0],
    intersection: (list, others) => unique(
        list.filter((entry) => contains(needList('intersection', others), entry))),
    isEmpty: (list) => list.length === 0,
    isNotEmpty: (list) => list.length > 0,
    last: (list) => list.at(-1),
    max: (list) => Math.max(...numbers('max', list)),
    merge,
    min: (list) => Math.min(...numbers('min', list)),
    pluck,
    randomItem,
    removeDuplicates: unique,
    renameKeys,
    smartJoin,
    sum: (list) => sum(list),
    toBoolean: (list) => list.length > 0,
    toDateTime: () => undefined,
    toFloat: () => undefined,
    toInt: () => undefined,
    toJsonString: (list) => JSON.stringify(list),
    union: (list, others) => unique([...list, ...needList('union', others)]),
    unique,
});
