// Called when every file has been loaded: from here on nothing shared can be changed by a flow for
// longer than its own code runs.

// The engine is two to five times slower at for…of, spreading, destructuring, map, JSON.stringify and
// regular expressions once these objects are frozen, so they stay as they are and are mended after
// code has run.
const kMended = [Object.prototype, Function.prototype, Array, Array.prototype, RegExp.prototype,
    Object.getPrototypeOf([][Symbol.iterator]())];

// A plain freeze would make `error.name = …` or `object.toString = …` fail, because an inherited
// read-only property forbids the own one. An accessor that defines the own property does not.
function shield(object, name, descriptor) {
    const { value } = descriptor;
    Object.defineProperty(object, name, {
        get() { return value; },
        set(next) {
            if (this === object) throw new TypeError(`Cannot change the built-in ${String(name)}`);
            Object.defineProperty(this, name, { value: next, writable: true, enumerable: true, configurable: true });
        },
        enumerable: descriptor.enumerable, configurable: false,
    });
}

function freezeAll(root) {
    const seen = new Set();
    const waiting = [root];
    while (waiting.length > 0) {
        const object = waiting.pop();
        if (object === null || (typeof object !== 'object' && typeof object !== 'function') || seen.has(object)) continue;
        seen.add(object);
        const isPrototype = typeof object.constructor === 'function' && object.constructor.prototype === object;
        const isMended = kMended.includes(object);
        for (const name of Reflect.ownKeys(object)) {
            const descriptor = Object.getOwnPropertyDescriptor(object, name);
            if (!descriptor) continue;
            waiting.push(descriptor.value, descriptor.get, descriptor.set);
            if (isMended) continue;
            const shields = isPrototype && descriptor.configurable && 'value' in descriptor
                && (typeof descriptor.value !== 'function'
                    || name === 'constructor' || name === 'toString' || name === 'toJSON' || name === 'valueOf');
            if (shields && typeof name === 'string') shield(object, name, descriptor);
        }
        waiting.push(Object.getPrototypeOf(object));
        if (!isMended && object !== globalThis && !ArrayBuffer.isView(object)) Object.freeze(object);
    }
}

// What the objects of kMended were: their properties with a value, and those with functions to read it.
const originals = [];

function remember(object) {
    const names = Reflect.ownKeys(object);
    const original = { object, parent: Object.getPrototypeOf(object), count: names.length, names, descriptors: [],
        plain: [], values: [], read: [] };
    for (const name of names) {
        const descriptor = Object.getOwnPropertyDescriptor(object, name);
        original.descriptors.push(descriptor);
        if ('value' in descriptor) {
            original.plain.push(name);
            original.values.push(descriptor.value);
        } else {
            original.read.push({ name, get: descriptor.get, set: descriptor.set });
        }
    }
    originals.push(original);
}

// No method of an array here, and no loop but by number: they may be what was changed.
function isChanged({ object, parent, count, plain, values, read }) {
    if (ownKeys(object).length !== count || getPrototypeOf(object) !== parent) return true;
    for (let i = 0; i < plain.length; i += 1) if (object[plain[i]] !== values[i]) return true;
    for (let i = 0; i < read.length; i += 1) {
        const now = getOwnPropertyDescriptor(object, read[i].name);
        if (now === undefined || now.get !== read[i].get || now.set !== read[i].set) return true;
    }
    return false;
}

// False if code made a change that lasts.
function mend({ object, parent, names, descriptors }) {
    const now = ownKeys(object);
    for (let i = 0; i < now.length; i += 1) {
        let isOwn = false;
        for (let k = 0; k < names.length; k += 1) if (names[k] === now[i]) isOwn = true;
        if (!isOwn && !deleteProperty(object, now[i])) return false;
    }
    for (let i = 0; i < names.length; i += 1) if (!defineProperty(object, names[i], descriptors[i])) return false;
    return setPrototypeOf(object, parent);
}
const { ownKeys, getPrototypeOf, setPrototypeOf, getOwnPropertyDescriptor, defineProperty, deleteProperty } = Reflect;

// After code has run. False if something was changed for good: the realm is of no use any more.
totem.mendBuiltins = () => {
    for (let i = 0; i < originals.length; i += 1) {
        if (isChanged(originals[i]) && !mend(originals[i])) return false;
    }
    return true;
};

totem.seal = () => {
    const methods = Object.values(totem.extensions).flatMap((table) => Array.from(table.keys()));
    totem.compiler.configure(methods.concat(Array.from(totem.onMissing.keys())), totem.scopeNames, Object.keys(totem.functions));
    for (const name of Reflect.ownKeys(globalThis)) {
        const descriptor = Object.getOwnPropertyDescriptor(globalThis, name);
        if (!descriptor?.configurable) continue;
        if ('value' in descriptor) Object.defineProperty(globalThis, name, { writable: false, configurable: false, enumerable: false });
        else Object.defineProperty(globalThis, name, { configurable: false, enumerable: false });
    }
    kMended.forEach(remember);
    freezeAll(globalThis);
    const generator = Object.getPrototypeOf(function* g() {});
    const asyncGenerator = Object.getPrototypeOf(async function* g() {});
    const asyncFunction = Object.getPrototypeOf(async () => {});
    for (const root of [generator, asyncGenerator, asyncFunction, Object.getPrototypeOf(Uint8Array), Object.getPrototypeOf([][Symbol.iterator]()),
        Object.getPrototypeOf(''[Symbol.iterator]()), Object.getPrototypeOf(new Map().entries()), Object.getPrototypeOf(new Set().values()),
        Object.getPrototypeOf(''.matchAll(/a/g)), luxon.DateTime, luxon.Duration, luxon.Interval]) freezeAll(root);
    for (const name of Object.keys(totem.codeGlobals)) freezeAll(totem.codeGlobals[name]);
    Object.freeze(totem);   // C++ holds on to its functions by holding on to it
};
