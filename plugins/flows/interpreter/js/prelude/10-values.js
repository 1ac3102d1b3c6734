// Values: copying, comparing, paths, bytes, and the marks that let a Date or DateTime survive as JSON.

const nativeDateToJson = Date.prototype.toJSON;
const { DateTime } = luxon;
const nativeDateTimeToJson = DateTime.prototype.toJSON;
const hasOwn = Object.prototype.hasOwnProperty;

// Set only while records are written. A termination may leave it set, so every entry clears it.
let marking = false;
totem.setMarking = (on) => { marking = on; };

Date.prototype.toJSON = function toJSON(key) {
    return marking ? { $date: nativeDateToJson.call(this, key) } : nativeDateToJson.call(this, key);
};
DateTime.prototype.toJSON = function toJSON() {
    return marking ? { $dateTime: this.toISO(), zone: this.zoneName } : nativeDateTimeToJson.call(this);
};

const isDateTime = (value) => value instanceof DateTime;
totem.isDateTime = isDateTime;

totem.copy = function copy(value) {
    if (value === null || typeof value !== 'object') return value;
    if (Array.isArray(value)) return value.map(copy);
    if (value instanceof Date) return new Date(value.getTime());
    if (isDateTime(value)) return value;
    const result = {};
    for (const key of Object.keys(value)) define(result, key, copy(value[key]));
    return result;
};

// An own property even for the key __proto__, which JSON may hold.
function define(object, key, value) {
    if (key === '__proto__') {
        Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
    } else {
        object[key] = value;
    }
}
totem.define = define;

totem.equal = function equal(a, b) {
    if (Object.is(a, b)) return true;
    if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false;
    if (a instanceof Date || b instanceof Date || isDateTime(a) || isDateTime(b)) {
        return a.constructor === b.constructor && a.valueOf() === b.valueOf();
    }
    if (Array.isArray(a) !== Array.isArray(b)) return false;
    const keys = Object.keys(a);
    if (keys.length !== Object.keys(b).length) return false;
    return keys.every((key) => hasOwn.call(b, key) && equal(a[key], b[key]));
};

// What JSON would make of a value, sharing all parts that are JSON already.
totem.normalise = function normalise(value, depth = 0) {
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
    if (typeof value === 'number') return Number.isFinite(value) ? value : null;
    if (typeof value === 'bigint') throw new TypeError('Do not know how to serialize a BigInt');
    if (typeof value !== 'object') return undefined;
    if (depth > 2000) throw new TypeError('The data is nested too deeply or holds itself');
    if (Array.isArray(value)) {
        let result = value;
        for (let i = 0; i < value.length; i += 1) {
            const made = normalise(value[i], depth + 1);
            const item = made === undefined ? null : made;
            if (item !== value[i]) {
                if (result === value) result = Array.from(value);
                result[i] = item;
            }
        }
        return result;
    }
    if (typeof value.toJSON === 'function') return normalise(value.toJSON(), depth + 1);
    let result = value;
    for (const key of Object.keys(value)) {
        const before = value[key];
        if (typeof before === 'string') continue;
        const made = normalise(before, depth + 1);
        if (made === before && made !== undefined) continue;
        if (result === value) result = { ...value };
        if (made === undefined) delete result[key];
        else define(result, key, made);
    }
    if (result === value && Object.getPrototypeOf(value) !== Object.prototype) return { ...value };
    return result;
};

const kMarks = ['$date', '$dateTime', '$undefined', '$object'];
const isMark = (value) => kMarks.some((mark) => hasOwn.call(value, mark));

// Whether a value holds something that plain JSON would lose or mistake for a mark.
totem.special = function special(value) {
    if (value === undefined) return true;
    if (value === null || typeof value !== 'object') return false;
    if (Array.isArray(value)) {
        for (let i = 0; i < value.length; i += 1) if (special(value[i])) return true;
        return false;
    }
    if (value instanceof Date || value instanceof DateTime) return true;
    for (const key in value) {
        const part = value[key];
        if (part === undefined || (key.charCodeAt(0) === 36 && kMarks.includes(key))) return true;
        if (typeof part === 'object' && part !== null && special(part)) return true;
    }
    return false;
};

totem.mark = function mark(value) {
    if (value === undefined) return { $undefined: true };
    if (value === null || typeof value !== 'object') return value;
    if (Array.isArray(value)) return value.map(mark);
    if (value instanceof Date || isDateTime(value)) return value;
    const result = {};
    for (const key of Object.keys(value)) define(result, key, mark(value[key]));
    return isMark(value) ? { $object: result } : result;
};

totem.unmark = function unmark(value) {
    if (value === null || typeof value !== 'object') return value;
    if (Array.isArray(value)) return value.map(unmark);
    if (hasOwn.call(value, '$undefined')) return undefined;
    if (hasOwn.call(value, '$date')) return new Date(value.$date ?? NaN);
    if (hasOwn.call(value, '$dateTime')) {
        return DateTime.fromISO(value.$dateTime, { zone: value.zone });
    }
    const source = hasOwn.call(value, '$object') ? value.$object : value;
    const result = {};
    for (const key of Object.keys(source)) define(result, key, unmark(source[key]));
    return result;
};

const kRefused = new Set(['__proto__', 'constructor', 'prototype']);
const knownPaths = new Map();   // regular expressions are slow without a compiler
const pathParts = (path) => {
    if (Array.isArray(path)) return path.map(String);
    const known = knownPaths.get(path);
    if (known !== undefined) return known;
    const parts = [];
    for (const match of String(path).matchAll(/[^.[\]]+|\[(?:(-?\d+)|(["'])(.*?)\2)\]/g)) {
        parts.push(match[1] ?? match[3] ?? match[0]);
    }
    if (knownPaths.size > 2000) knownPaths.clear();
    knownPaths.set(path, parts);
    return parts;
};
totem.pathParts = pathParts;

totem.path = (object, path) => {
    if (object !== null && typeof object === 'object' && hasOwn.call(object, path)) return object[path];
    let value = object;
    for (const part of pathParts(path)) {
        if (value === null || value === undefined || kRefused.has(part)) return undefined;
        value = value[part];
    }
    return value;
};

totem.setPath = (object, path, value) => {
    const parts = pathParts(path);
    if (parts.length === 0 || parts.some((part) => kRefused.has(part))) return object;
    let target = object;
    for (let i = 0; i < parts.length - 1; i += 1) {
        const next = hasOwn.call(target, parts[i]) ? target[parts[i]] : undefined;
        if (next === null || typeof next !== 'object') {
            target[parts[i]] = /^\d+$/.test(parts[i + 1]) ? [] : {};
        }
        target = target[parts[i]];
    }
    target[parts[parts.length - 1]] = value;
    return object;
};

totem.unsetPath = (object, path) => {
    if (hasOwn.call(object, path)) return delete object[path];
    const parts = pathParts(path);
    if (parts.some((part) => kRefused.has(part))) return false;
    let target = object;
    for (const part of parts.slice(0, -1)) {
        if (target === null || typeof target !== 'object' || !hasOwn.call(target, part)) return false;
        target = target[part];
    }
    if (target === null || typeof target !== 'object') return false;
    return delete target[parts[parts.length - 1]];
};
