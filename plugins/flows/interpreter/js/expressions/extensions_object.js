// Extension methods of objects.

const { isDate, isMissing, isPlainObject } = totem.shared.values;

const fail = (message) => { throw totem.extensionError(message); };

function needText(method, text) {
    if (typeof text !== 'string' || text === '') {
        fail(`${method}(): expected non-empty string arg`);
    }
    return text;
}

function filtered(object, keep) {
    return Object.fromEntries(Object.entries(object).filter(([, value]) => keep(value)));
}

/// Without empty fields, also in nested objects.
function compact(object) {
    const result = {};
    for (const [key, value] of Object.entries(object)) {
        if (isMissing(value) || value === '' || value === 'nil') continue;
        const kept = isPlainObject(value) ? compact(value) : value;
        totem.shared.fields.set(result, key, kept, false);
    }
    return result;
}

function keepFieldsContaining(object, part) {
    needText('keepFieldsContaining', part);
    return filtered(object, (value) => typeof value === 'string' && value.includes(part));
}

function removeFieldsContaining(object, part) {
    needText('removeFieldsContaining', part);
    return filtered(object, (value) => !(typeof value === 'string' && value.includes(part)));
}

function urlEncode(object) {
    return Object.entries(object).map(([key, value]) => {
        const text = isDate(value) ? totem.shared.values.asText(value) : String(value);
        return `${encodeURIComponent(key)}=${encodeURIComponent(text)}`.replaceAll('%20', '+');
    }).join('&');
}

totem.extension('object', {
    compact,
    hasField: (object, name) => Object.hasOwn(object, name),
    isEmpty: (object) => Object.keys(object).length === 0,
    isNotEmpty: (object) => Object.keys(object).length > 0,
    keepFieldsContaining,
    keys: (object) => Object.keys(object),
    removeField: (object, name) => totem.shared.fields.omit(object, [name], false),
    removeFieldsContaining,
    toBoolean: (object) => Object.keys(object).length > 0,
    toDateTime: () => undefined,
    toFloat: () => undefined,
    toInt: () => undefined,
    toJsonString: (object) => JSON.stringify(object),
    urlEncode,
    values: (object) => Object.values(object),
});
