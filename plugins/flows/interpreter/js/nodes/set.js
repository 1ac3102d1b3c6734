// Edit Fields (Set): writes fields into a copy of each item.

const { fields, items, types, values } = totem.shared;

/// 'stringValue' of the versions before 3.3 as 'string'.
const typeOf = (entry) => String(entry.type ?? 'string').replace(/Value$/, '');

const kEmptyValues = { string: '', number: 0, boolean: false, array: '[]', object: '{}' };

/// [{name, type, value}], evaluated, however this version writes them.
function assignments(ctx, itemIndex) {
    if (ctx.version >= 3.3) return ctx.get('assignments.assignments', itemIndex, []);
    return ctx.get('fields.values', itemIndex, []).map((entry) => {
        const type = typeOf(entry);
        const value = Object.hasOwn(entry, `${type}Value`) ? entry[`${type}Value`]
            : { ...kEmptyValues, boolean: 'true' }[type];
        return { name: entry.name, type, value };
    });
}

function described(value) {
    if (Array.isArray(value)) return 'array';
    return values.isObject(value) ? 'object' : `'${value}'`;
}

function converted(ctx, { name, type, value }, ignoreErrors, itemIndex) {
    if (values.isMissing(value)) return null;
    const result = types.convert(value, type);
    if (result.valid) return result.value;
    if (ignoreErrors) return value;
    throw ctx.error(
        `'${name}' expects a ${type} but we got ${described(value)} [item ${itemIndex}]`, {
            itemIndex,
            description: `Change the type of the field '${name}' or turn on the option ` +
                `'Ignore Type Conversion Errors'.`,
        });
}

function includeMode(ctx, itemIndex) {
    if (ctx.version < 3.3) return ctx.get('include', itemIndex);
    return ctx.get('includeOtherFields', itemIndex) ? ctx.get('include', itemIndex) : 'none';
}

/// The fields of the input that stay. `isDeep` asks for a copy whose inside may be changed.
function base(ctx, item, itemIndex, dotNotation, isDeep) {
    const copied = () => (isDeep ? totem.copy(item.json) : { ...item.json });
    switch (includeMode(ctx, itemIndex)) {
        case 'selected': {
            const names = values.fieldList(ctx.get('includeFields', itemIndex, ''));
            const picked = fields.pick(item.json, names, dotNotation);
            return isDeep ? totem.copy(picked) : picked;
        }
        case 'except': {
            const names = values.fieldList(ctx.get('excludeFields', itemIndex, ''));
            return fields.omit(copied(), names, dotNotation);
        }
        case 'none': return {};
        default: return copied();
    }
}

function rawObject(ctx, itemIndex) {
    const value = ctx.get('jsonOutput', itemIndex);
    if (values.isPlainObject(value)) return value;
    let parsed;
    try {
        parsed = JSON.parse(value);
    } catch {
        throw ctx.error(`The 'JSON Output' in item ${itemIndex} contains invalid JSON`,
            { itemIndex, description: values.asText(value) });
    }
    if (values.isPlainObject(parsed)) return parsed;
    throw ctx.error(`The 'JSON Output' in item ${itemIndex} does not contain a valid JSON object`,
        { itemIndex });
}

const isNested = (name) => /[.[]/.test(name);

function edited(ctx, item, itemIndex) {
    const options = ctx.get('options', itemIndex, {});
    const dotNotation = options.dotNotation !== false;
    if (ctx.params.mode === 'raw') {
        const json = base(ctx, item, itemIndex, dotNotation, false);
        for (const [name, value] of Object.entries(rawObject(ctx, itemIndex))) {
            totem.shared.fields.set(json, name, value, false);
        }
        return withBinary(ctx, item, json, itemIndex, options);
    }
    const entries = assignments(ctx, itemIndex);
    const isDeep = dotNotation && entries.some((entry) => isNested(entry.name));
    const json = base(ctx, item, itemIndex, dotNotation, isDeep);
    for (const entry of entries) {
        const value = converted(ctx, { ...entry, type: entry.type ?? 'string' },
            options.ignoreConversionErrors === true, itemIndex);
        fields.set(json, entry.name, value, dotNotation);
    }
    return withBinary(ctx, item, json, itemIndex, options);
}

function withBinary(ctx, item, json, itemIndex, options) {
    const keeps = ctx.version < 3.4 ? options.includeBinary !== false
        : includeMode(ctx, itemIndex) !== 'none' && options.stripBinary !== true;
    return keeps ? items.derived(item, json, itemIndex)
        : { json, pairedItem: items.paired(itemIndex) };
}

/// Versions 1 and 2: booleans, then numbers, then strings, each {name, value}.
function editedOld(ctx, item, itemIndex) {
    const dotNotation = ctx.get('options.dotNotation', itemIndex, true);
    const groups = ctx.get('values', itemIndex, {});
    const json = ctx.get('keepOnlySet', itemIndex) ? {} : totem.copy(item.json);
    for (const type of ['boolean', 'number', 'string']) {
        for (const entry of groups[type] ?? []) {
            const value = Object.hasOwn(entry, 'value') ? entry.value : kEmptyValues[type];
            const kept = type === 'number' && ctx.version >= 2 ? asOldNumber(value) : value;
            fields.set(json, entry.name ?? 'propertyName', kept, dotNotation);
        }
    }
    return items.derived(item, json, itemIndex);
}

/// Text in a number field becomes a number where it is one.
function asOldNumber(value) {
    if (typeof value !== 'string' || value.trim() === '') return value;
    const number = Number(value);
    return Number.isNaN(number) ? value : number;
}

/// A manual test may ask for every item several times.
function repeated(ctx, made) {
    if (ctx.params.duplicateItem !== true || ctx.mode !== 'manual') return [made];
    return Array.from({ length: 1 + Number(ctx.params.duplicateCount ?? 0) },
        () => ({ ...made, json: totem.copy(made.json) }));
}

totem.node({
    type: 'n8n-nodes-base.set',
    versions: [1, 2, 3, 3.1, 3.2, 3.3, 3.4],
    inputs: 1,
    outputs: 1,
    defaults(version) {
        if (version < 3) return { keepOnlySet: false, values: {}, options: {} };
        const defaults = { mode: 'manual', duplicateItem: false, duplicateCount: 0, include: 'all',
            includeFields: '', excludeFields: '', options: {},
            jsonOutput: '{\n  "my_field_1": "value",\n  "my_field_2": 1\n}\n' };
        return version < 3.3 ? { ...defaults, fields: {} }
            : { ...defaults, assignments: {}, includeOtherFields: false };
    },
    execute(ctx) {
        if (ctx.version < 3) return [ctx.pairs((item, i) => editedOld(ctx, item, i))];
        return [ctx.pairs((item, i) => repeated(ctx, edited(ctx, item, i)))];
    },
});
