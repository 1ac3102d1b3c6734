// Operations on whole lists of items, each used by a node of its own and by Item Lists:
// totem.shared.lists. `settings` is plain data, read from the parameters by the node.

const { fields, values } = totem.shared;

const paired = (item) => ({ item });

const everyItem = (items) => items.map((item, i) => paired(i));

function missingField(name) {
    return totem.error(`Couldn't find the field '${name}' in the input data`,
        { description: 'Check the spelling of the field and what comes in.' });
}

// ---- split out

/// The entries of a field: of a list, the values of an object, or the value alone.
function entriesOf(value) {
    if (Array.isArray(value)) return value;
    if (values.isPlainObject(value)) return Object.values(value);
    return value === undefined ? [] : [value];
}

/// {names, targets, include: none|all|selected, selected, dotNotation, keepsBinary}
function splitOut(item, itemIndex, settings) {
    const { names, targets, include, selected, dotNotation } = settings;
    const columns = names.map((name) => entriesOf(fields.get(item.json, name, dotNotation)));
    const length = Math.max(...columns.map((column) => column.length));
    const rest = include === 'all' ? fields.omit(item.json, names, dotNotation)
        : include === 'selected' ? fields.pick(item.json, selected, dotNotation) : {};
    return Array.from({ length }, (_, row) => {
        const made = { json: oneRow(row), pairedItem: paired(itemIndex) };
        if (settings.keepsBinary && item.binary) made.binary = item.binary;
        return made;
    });

    function oneRow(row) {
        const isWhole = include === 'none' && names.length === 1 && !targets[0] &&
            values.isPlainObject(columns[0][row]);
        if (isWhole) return columns[0][row];
        const json = totem.copy(rest);
        columns.forEach((column, i) => {
            if (row < column.length) {
                fields.set(json, targets[i] || names[i], column[row], dotNotation);
            }
        });
        return json;
    }
}

// ---- aggregate

const lastPart = (name, dotNotation) => (dotNotation ? name.split('.').pop() : name);

/// [{field, target}], {dotNotation, mergesLists, keepsMissing}: one list per field.
function aggregateFields(items, list, settings) {
    const json = {};
    for (const { field, target } of list) {
        const found = [];
        for (const item of items) {
            const value = fields.get(item.json, field, settings.dotNotation);
            if (values.isMissing(value)) {
                if (settings.keepsMissing) found.push(null);
            } else if (Array.isArray(value) && settings.mergesLists) {
                found.push(...value);
            } else {
                found.push(value);
            }
        }
        fields.set(json, target || lastPart(field, settings.dotNotation), found,
            settings.dotNotation);
    }
    return { json, pairedItem: everyItem(items) };
}

/// All items as a list in one field, with all, only or without some of their fields.
function aggregateItems(items, { target, include, names, dotNotation }) {
    const list = items.map(({ json }) => {
        if (include === 'only') return fields.pick(json, names, dotNotation);
        return include === 'except' ? fields.omit(json, names, dotNotation) : json;
    }).filter((json) => include !== 'only' || Object.keys(json).length > 0);
    return { json: fields.set({}, target, list), pairedItem: everyItem(items) };
}

function mergedBinary(items) {
    const binary = {};
    for (const item of items) {
        for (const [name, data] of Object.entries(item.binary ?? {})) {
            let free = name;
            for (let i = 1; Object.hasOwn(binary, free); i++) free = `${name}_${i}`;
            binary[free] = data;
        }
    }
    return Object.keys(binary).length > 0 ? binary : undefined;
}

// ---- remove duplicates

/// {compare: all|except|only, names, dotNotation, removesOthers}
function removeDuplicates(items, { compare, names, dotNotation, removesOthers }) {
    const partOf = (json) => {
        if (compare === 'only') return names.map((name) => fields.get(json, name, dotNotation));
        return compare === 'except' ? fields.omit(json, names, dotNotation) : json;
    };
    const seen = new Map();
    const kept = items.filter((item) => {
        const part = partOf(item.json);
        const key = stableText(part);
        if (seen.has(key)) return false;
        seen.set(key, part);
        return true;
    });
    if (!removesOthers) return kept;
    return kept.map((item, i) => ({
        json: compare === 'only' ? fields.pick(item.json, names, dotNotation)
            : compare === 'except' ? fields.omit(item.json, names, dotNotation) : item.json,
        pairedItem: paired(i),
    }));
}

/// JSON whose keys are sorted, so that equal content gives equal text.
function stableText(value) {
    return JSON.stringify(value, (key, inner) => (values.isPlainObject(inner)
        ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
        : inner)) ?? 'undefined';
}

// ---- sort

const comparable = (value) => (typeof value === 'string' ? value.toLowerCase() : value);

/// [{name, isDescending}]
function sort(items, order, dotNotation) {
    for (const { name } of order) {
        const isThere = items.some((item) =>
            fields.get(item.json, name, dotNotation) !== undefined);
        if (!isThere && items.length > 0) throw missingField(name);
    }
    return items.toSorted((first, second) => {
        for (const { name, isDescending } of order) {
            const a = comparable(fields.get(first.json, name, dotNotation));
            const b = comparable(fields.get(second.json, name, dotNotation));
            if (values.isMissing(a) !== values.isMissing(b)) return values.isMissing(a) ? 1 : -1;
            if (a < b) return isDescending ? 1 : -1;
            if (a > b) return isDescending ? -1 : 1;
        }
        return 0;
    });
}

function shuffle(items) {
    const list = [...items];
    for (let i = list.length - 1; i > 0; i--) {
        const other = Math.floor(Math.random() * (i + 1));
        [list[i], list[other]] = [list[other], list[i]];
    }
    return list;
}

totem.share('lists', {
    aggregateFields, aggregateItems, mergedBinary, missingField, removeDuplicates, shuffle, sort,
    splitOut, stableText,
});
