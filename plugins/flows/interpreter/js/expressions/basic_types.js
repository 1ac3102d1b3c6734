// Converts a value to the type that a field or a condition asks for: totem.shared.types.

const { shared } = totem;

/// What a converter gives for a value that it cannot read.
const kNone = Symbol('not convertible');

function toNumber(value) {
    const number = typeof value === 'boolean' || typeof value === 'string' ? Number(value) : value;
    return typeof number === 'number' && !Number.isNaN(number) ? number : kNone;
}

function toBoolean(value) {
    if (typeof value === 'boolean') return value;
    const known = typeof value === 'string' ? value.toLowerCase() : value;
    if (known === 'true' || known === '1' || known === 1) return true;
    return known === 'false' || known === '0' || known === 0 ? false : kNone;
}

/// JSON, also with single quotes as people type it.
function parseJson(value) {
    if (typeof value !== 'string') return kNone;
    for (const text of [value, value.replaceAll("'", '"')]) {
        try {
            return JSON.parse(text);
        } catch {
            // The next spelling, or none.
        }
    }
    return kNone;
}

function toArray(value) {
    const array = Array.isArray(value) ? value : parseJson(value);
    return Array.isArray(array) ? array : kNone;
}

function toObject(value) {
    const object = shared.values.isObject(value) ? value : parseJson(value);
    return shared.values.isPlainObject(object) ? object : kNone;
}

const kConverters = {
    string: (value) => shared.values.asText(value),
    number: toNumber,
    boolean: toBoolean,
    array: toArray,
    object: toObject,
    dateTime: (value) => shared.dates.parse(value) ?? kNone,
};

/// {valid, value}: the value as `type`.
function convert(value, type) {
    const converter = kConverters[type];
    const result = converter === undefined ? value : converter(value);
    return result === kNone ? { valid: false } : { valid: true, value: result };
}

/// True if the value has the type as it is; a dateTime may be text.
function matches(value, type) {
    switch (type) {
        case 'string': case 'number': case 'boolean': return typeof value === type;
        case 'array': return Array.isArray(value);
        case 'object': return shared.values.isPlainObject(value);
        case 'dateTime':
            return shared.values.isDate(value) ||
                (typeof value === 'string' && shared.dates.parse(value) !== undefined);
        default: return true;
    }
}

totem.share('types', { convert, matches });
