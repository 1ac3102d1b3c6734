// Questions about plain values that several files ask: totem.shared.values.

const { DateTime } = luxon;

const isObject = (value) => value !== null && typeof value === 'object';
const isDate = (value) => value instanceof Date || DateTime.isDateTime(value);
const isPlainObject = (value) => isObject(value) && !Array.isArray(value) && !isDate(value);
const isMissing = (value) => value === undefined || value === null;

/// Empty in the sense of `.isEmpty()`: missing, '', [], {} and nothing else.
function isEmpty(value) {
    if (isMissing(value) || value === '') return true;
    if (Array.isArray(value)) return value.length === 0;
    return isPlainObject(value) && Object.keys(value).length === 0;
}

/// How a message names a type: 'string', 'array', 'object', 'null' ...
function typeName(value) {
    if (value === null) return 'null';
    if (Array.isArray(value)) return 'array';
    return isDate(value) ? 'dateTime' : typeof value;
}

const withArticle = (type) => (/^[aeo]/.test(type) ? 'an ' : 'a ') + type;

/// A value as text inside a message or a string field.
function asText(value) {
    if (typeof value === 'string') return value;
    if (DateTime.isDateTime(value)) return value.toISO();
    if (value instanceof Date) return value.toISOString();
    return isObject(value) ? JSON.stringify(value) : String(value);
}

/// 'a, b' or ['a', ' b'] as ['a', 'b'].
function fieldList(value) {
    const list = Array.isArray(value) ? value : String(value ?? '').split(',');
    return list.map((entry) => String(entry).trim()).filter((entry) => entry !== '');
}

totem.share('values', {
    asText, fieldList, isDate, isEmpty, isMissing, isObject, isPlainObject, typeName, withArticle,
});
