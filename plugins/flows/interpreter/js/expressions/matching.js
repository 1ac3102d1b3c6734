// Finding the items of two lists that belong together, and laying their fields over each other:
// totem.shared.matching. Used by Merge and Compare Datasets.

const { fields, values } = totem.shared;

const isBlank = (value) => values.isMissing(value) || value === '' ||
    (Array.isArray(value) && value.length === 0);

/// JSON written as text, as the value it stands for.
function unpacked(value) {
    if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value;
    try {
        return JSON.parse(value);
    } catch {
        return value;
    }
}

function asBoolean(value) {
    const known = typeof value === 'string' ? value.toLowerCase() : value;
    if ([true, 'true', 1, '1'].includes(known)) return true;
    return [false, 'false', 0, '0'].includes(known) ? false : undefined;
}

function asNumber(value) {
    if (typeof value === 'number') return value;
    return typeof value === 'string' && value.trim() !== '' ? Number(value) : NaN;
}

/// Equal for a person: 1 and '1', true and 'TRUE', '' and null, an object and its JSON.
function fuzzyEqual(a, b) {
    const [plainA, plainB] = [unpacked(a), unpacked(b)];
    if (totem.equal(plainA, plainB) || (isBlank(plainA) && isBlank(plainB))) return true;
    if (isBlank(plainA) || isBlank(plainB)) return false;
    if (typeof a === 'boolean' || typeof b === 'boolean') {
        return asBoolean(a) !== undefined && asBoolean(a) === asBoolean(b);
    }
    if (typeof a === 'number' || typeof b === 'number') return asNumber(a) === asNumber(b);
    return false;
}

const comparer = (isFuzzy) => (isFuzzy ? fuzzyEqual : totem.equal);

/// The values of the given fields, or undefined if one is missing.
function keyOf(json, names, dotNotation) {
    const key = names.map((name) => fields.get(json, name, dotNotation));
    return key.includes(undefined) ? undefined : key;
}

const isSimple = (key) => key.every((value) => value === null || typeof value !== 'object');
const mapKey = (key) => JSON.stringify(key);

/// Function that gives the places in `keys` equal to a key. Plain values are looked up in a map.
function finder(keys, isFuzzy) {
    const equal = comparer(isFuzzy);
    const scan = (key) => keys.flatMap((other, i) =>
        (other !== undefined && key.every((value, k) => equal(value, other[k])) ? [i] : []));
    if (isFuzzy || !keys.every((key) => key === undefined || isSimple(key))) return scan;
    const places = new Map();
    keys.forEach((key, i) => {
        if (key === undefined) return;
        const text = mapKey(key);
        if (places.has(text)) places.get(text).push(i);
        else places.set(text, [i]);
    });
    return (key) => (isSimple(key) ? places.get(mapKey(key)) ?? [] : []);
}

/// `pairs` is [{field1, field2}]. Gives {matched: [{first, second}], unmatched1, unmatched2} as
/// places in the two lists. With `firstOnly` a place of the second list is used once for each.
function match(list1, list2, pairs, { dotNotation = true, isFuzzy = false, firstOnly = false }) {
    const names1 = pairs.map((pair) => pair.field1);
    const names2 = pairs.map((pair) => pair.field2);
    const find = finder(list2.map((item) => keyOf(item.json, names2, dotNotation)), isFuzzy);
    const result = { matched: [], unmatched1: [], unmatched2: [] };
    const used = new Set();
    list1.forEach((item, first) => {
        const key = keyOf(item.json, names1, dotNotation);
        const places = key === undefined ? [] : find(key);
        if (places.length === 0) result.unmatched1.push(first);
        for (const second of places) {
            used.add(second);
            if (!firstOnly || second === places[0]) result.matched.push({ first, second });
        }
    });
    list2.forEach((item, second) => {
        if (!used.has(second)) result.unmatched2.push(second);
    });
    return result;
}

/// `over` laid on `under`, into a new object.
function overlay(under, over, { isDeep = true, keepsIfEmpty = false } = {}) {
    const result = { ...under };
    for (const [name, value] of Object.entries(over)) {
        const before = under[name];
        if (keepsIfEmpty && isBlank(value) && Object.hasOwn(under, name)) continue;
        const isNested = isDeep && values.isPlainObject(before) && values.isPlainObject(value);
        const merged = isNested ? overlay(before, value, { isDeep, keepsIfEmpty }) : value;
        fields.set(result, name, merged, false);
    }
    return result;
}

const withSuffix = (json, suffix) => Object.fromEntries(
    Object.entries(json).map(([name, value]) => [`${name}_${suffix}`, value]));

/// The field pairs to match on, from `a, b` or from [{field1, field2}]; throws without any.
function fieldPairs(ctx, list) {
    const pairs = (list ?? []).map((pair) => ({
        field1: String(pair.field1 ?? '').trim(), field2: String(pair.field2 ?? '').trim(),
    }));
    if (pairs.length === 0 || pairs.some((pair) => pair.field1 === '' || pair.field2 === '')) {
        throw ctx.error('You need to define at least one pair of fields in "Fields to Match" ' +
            'to match on');
    }
    return pairs;
}

totem.share('matching', { comparer, fieldPairs, fuzzyEqual, match, overlay, withSuffix });
