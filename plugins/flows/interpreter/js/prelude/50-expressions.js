// Expressions: templates are split, each {{ }} part is rewritten by the compiler (another context) and
// compiled once per workflow.

const { ExpressionError } = totem;
const evaluateSource = eval;
const { DateTime } = luxon;

// The call that `a.foo(b)` becomes when foo is an extension method.
function callMethod(value, name, args, optional) {
    if (value === null || value === undefined) {
        const missing = totem.onMissing.get(name);
        if (missing) return missing(...args);
        if (optional) return undefined;
        throw new TypeError(`Cannot read properties of ${value} (reading '${name}')`);
    }
    const kind = kindOf(value);
    if (kind !== 'date' && typeof value[name] === 'function') return value[name](...args);
    const method = totem.extensions[kind]?.get(name);
    if (method) return method(value, ...args);
    if (typeof value[name] === 'function') return value[name](...args);
    if (kind === 'string' && totem.extensions.date.has(name)) {
        const date = DateTime.fromISO(value);
        if (date.isValid) return totem.extensions.date.get(name)(date, ...args);
    }
    if (optional && value[name] === undefined) return undefined;
    throw new TypeError(`${name} is not a function`);
}

function kindOf(value) {
    if (typeof value !== 'object') return typeof value;
    if (Array.isArray(value)) return 'array';
    return value instanceof Date || totem.isDateTime(value) ? 'date' : 'object';
}
totem.callMethod = callMethod;

const kRefused = new Set(['__proto__', 'constructor', 'prototype', 'getPrototypeOf', 'setPrototypeOf',
    '__defineGetter__', '__defineSetter__', '__lookupGetter__', '__lookupSetter__', 'caller', 'callee',
    'mainModule', 'binding', '_load']);
const refuse = (name) => {
    throw new ExpressionError(`Cannot access "${name}" due to security concerns`);
};
// A computed key.
function key(value) {
    const name = typeof value === 'symbol' || typeof value === 'number' ? value : String(value);
    return kRefused.has(name) ? refuse(name) : name;
}

const swallowed = (error) => error instanceof TypeError || error instanceof ReferenceError;
const tools = Object.freeze({ call: callMethod, key, refuse, none: Object.freeze({}), functions: totem.functions });

const compiledParts = new Map();
function compilePart(text) {
    let part = compiledParts.get(text);
    if (part === undefined) {
        const answer = totem.compiler.expression(text);
        const source = answer.slice(1);
        part = answer[0] === 'E'
            ? () => { throw new ExpressionError('invalid syntax', { description: source }); }
            : evaluateSource(`(function (s, t) { 'use strict'; return (${source}\n); })`);
        compiledParts.set(text, part);
    }
    return part;
}

function run(part, scope) {
    try {
        return part(scope, tools);
    } catch (error) {
        if (swallowed(error)) return undefined;
        throw error;
    }
}

function asText(value) {
    if (value === null || value === undefined) return '';
    return typeof value === 'string' ? value : String(value);
}

// The pieces of a template: texts and {text: code}.
function split(template) {
    const pieces = [];
    let text = '';
    for (let at = 0; at < template.length;) {
        const open = template.indexOf('{{', at);
        if (open < 0) { text += template.slice(at); break; }
        if (template[open - 1] === '\\') {
            text += template.slice(at, open - 1) + '{{';
            at = open + 2;
            continue;
        }
        text += template.slice(at, open);
        let close = template.indexOf('}}', open + 2);
        while (close > 0 && template[close - 1] === '\\') close = template.indexOf('}}', close + 2);
        if (close < 0) { text += template.slice(open); break; }
        if (text !== '') pieces.push(text);
        text = '';
        pieces.push({ code: template.slice(open + 2, close).replaceAll('\\}}', '}}') });
        at = close + 2;
    }
    if (text !== '') pieces.push(text);
    return pieces;
}

// A function of the scope, or the constant itself when nothing has to be evaluated.
const compiled = new Map();
function compileTemplate(text) {
    let result = compiled.get(text);
    if (result !== undefined) return result;
    const pieces = split(text.slice(1));
    if (pieces.length === 1 && typeof pieces[0] === 'object') {
        const part = compilePart(pieces[0].code);
        result = (scope) => run(part, scope);
    } else if (pieces.every((piece) => typeof piece === 'string')) {
        result = pieces.join('');
    } else {
        const parts = pieces.map((piece) => (typeof piece === 'string' ? piece : compilePart(piece.code)));
        result = (scope) => {
            let joined = '';
            for (const part of parts) joined += typeof part === 'string' ? part : asText(run(part, scope));
            return joined;
        };
    }
    compiled.set(text, result);
    return result;
}

function compileValue(value) {
    if (typeof value === 'string') return value.charCodeAt(0) === 61 ? compileTemplate(value) : value;
    if (value === null || typeof value !== 'object') return value;
    if (Array.isArray(value)) {
        const items = value.map(compileValue);
        if (items.every((item, i) => item === value[i])) return value;
        return (scope) => items.map((item) => (typeof item === 'function' ? item(scope) : item));
    }
    const keys = Object.keys(value);
    const parts = keys.map((name) => compileValue(value[name]));
    if (parts.every((part, i) => part === value[keys[i]])) return value;
    return (scope) => {
        const result = {};
        for (let i = 0; i < keys.length; i += 1) {
            const part = parts[i];
            totem.define(result, keys[i], typeof part === 'function' ? part(scope) : part);
        }
        return result;
    };
}
// The same as one function, for values that are evaluated in each run: the expressions stand in a
// literal of the whole value. Gives the value itself when nothing has to be evaluated.
totem.compileOnce = (value) => {
    const parts = [];
    const part = (made) => `p[${parts.push(made) - 1}]`;
    const sourceOf = (each) => {
        const made = typeof each === 'string' ? compileValue(each) : each;
        if (typeof made === 'function') return `${part(made)}(s)`;
        if (made === null || typeof made !== 'object' || typeof compileValue(made) !== 'function') return part(made);
        if (Array.isArray(made)) return `[${made.map(sourceOf).join()}]`;
        const key = (name) => (name === '__proto__' ? '["__proto__"]' : JSON.stringify(name));
        return `{${Object.keys(made).map((name) => `${key(name)}: ${sourceOf(made[name])}`).join()}}`;
    };
    const made = compileValue(value);
    if (typeof made !== 'function' || typeof value === 'string') return made;
    return evaluateSource(`(function (p) { 'use strict'; return (s) => (${sourceOf(value)}); })`)(parts);
};
totem.compileValue = compileValue;

totem.evaluate = (value, scope) => {
    const made = compileValue(value);
    return typeof made === 'function' ? made(scope) : made;
};

// Compiles every expression of a value ahead of time and names those that do not parse.
totem.checkExpressions = (value, report, path = '') => {
    if (typeof value === 'string') {
        if (value.charCodeAt(0) !== 61) return;
        for (const piece of split(value.slice(1))) {
            if (typeof piece !== 'object') continue;
            const answer = totem.compiler.expression(piece.code);
            if (answer[0] === 'E') report(path, `invalid syntax in {{${piece.code}}}: ${answer.slice(1)}`);
        }
    } else if (value !== null && typeof value === 'object') {
        for (const name of Object.keys(value)) {
            totem.checkExpressions(value[name], report, path === '' ? name : `${path}.${name}`);
        }
    }
};
totem.forgetExpressions = () => {
    if (compiled.size < 5000 && compiledParts.size < 5000) return;
    compiled.clear();
    compiledParts.clear();
};
