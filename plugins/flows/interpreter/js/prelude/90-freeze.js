// Called when every file has been loaded: from here on what is shared is frozen, or mended at the end
// of each step, so that no run sees what another one did to it.

// The engine is two to five times slower at for…of, spreading, destructuring, map and JSON.stringify
// once these objects are frozen, so they stay as they are and are mended after code has run.
const kMended = [Object.prototype, Array.prototype, Array, Object.getPrototypeOf([][Symbol.iterator]())];
// Accessors in their place are slow to call.
const kCalled = ['call', 'apply', 'bind'];

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
                && !(object === Function.prototype && kCalled.includes(name))
                && (object === Function.prototype || typeof descriptor.value !== 'function'
                    || name === 'constructor' || name === 'toString' || name === 'toJSON' || name === 'valueOf');
            if (shields && typeof name === 'string') shield(object, name, descriptor);
        }
        waiting.push(Object.getPrototypeOf(object));
        if (!isMended && object !== globalThis && !ArrayBuffer.isView(object)) Object.freeze(object);
    }
}

const evaluateSource = eval;
const { ownKeys, getPrototypeOf, setPrototypeOf, getOwnPropertyDescriptor, defineProperty, deleteProperty, isExtensible } = Reflect;
const originals = [];   // what the objects of kMended were

function remember(object) {
    const names = ownKeys(object);
    const descriptors = names.map((name) => getOwnPropertyDescriptor(object, name));
    const plain = [];
    const read = [];   // with functions to read it
    for (let i = 0; i < names.length; i += 1) {
        if ('value' in descriptors[i]) plain.push({ name: names[i], value: descriptors[i].value });
        else read.push({ name: names[i], get: descriptors[i].get, set: descriptors[i].set });
    }
    originals.push({ object, parent: getPrototypeOf(object), names, descriptors, read, isSame: comparison(object, plain) });
}

// One expression: a loop over the names would take ten times as long.
function comparison(object, plain) {
    const kept = plain.map((_, i) => `n${i} = plain[${i}].name, v${i} = plain[${i}].value`).join(', ');
    const terms = plain.map(({ name }, i) => `object${typeof name === 'string' ? `.${name}` : `[n${i}]`} === v${i}`);
    return evaluateSource(`(function (object, plain) { const ${kept}; return () => ${terms.join(' && ')}; })`)(object, plain);
}

// No method of an array here, and no loop but by number: they may be what was changed.
function isChanged({ object, parent, names, read, isSame }) {
    if (!isExtensible(object) || ownKeys(object).length !== names.length || getPrototypeOf(object) !== parent || !isSame()) return true;
    for (let i = 0; i < read.length; i += 1) {
        const now = getOwnPropertyDescriptor(object, read[i].name);
        if (now === undefined || now.get !== read[i].get || now.set !== read[i].set) return true;
    }
    return false;
}

// False if code made a change that lasts.
function mend({ object, parent, names, descriptors }) {
    if (!isExtensible(object)) return false;
    const now = ownKeys(object);
    for (let i = 0; i < now.length; i += 1) {
        let isOwn = false;
        for (let k = 0; k < names.length; k += 1) if (names[k] === now[i]) isOwn = true;
        if (!isOwn && !deleteProperty(object, now[i])) return false;
    }
    for (let i = 0; i < names.length; i += 1) if (!defineProperty(object, names[i], descriptors[i])) return false;
    return setPrototypeOf(object, parent);
}

// False if something was changed for good: the realm is of no use any more.
totem.mendBuiltins = () => {
    for (let i = 0; i < originals.length; i += 1) {
        if (isChanged(originals[i]) && !mend(originals[i])) return false;
    }
    return true;
};

// Nor any method of a set here, for the same reason.
const globalNames = Object.create(null);
let globalCount = 0;

// The same for what was added to the global object.
totem.cleanGlobals = () => {
    if (!isExtensible(globalThis)) return false;
    const now = ownKeys(globalThis);
    if (now.length === globalCount) return true;
    for (let i = 0; i < now.length; i += 1) {
        if (globalNames[now[i]] !== true && !deleteProperty(globalThis, now[i])) return false;
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
    for (const name of ownKeys(globalThis)) {
        globalNames[name] = true;
        globalCount += 1;
    }
    Object.freeze(totem);   // C++ holds on to its functions by holding on to it
};
