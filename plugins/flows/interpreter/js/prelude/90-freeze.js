// Called when every file has been loaded: from here on nothing shared can be changed by a flow. What
// code adds to the global object is taken away at the end of each step.

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
        for (const name of Reflect.ownKeys(object)) {
            const descriptor = Object.getOwnPropertyDescriptor(object, name);
            if (!descriptor) continue;
            waiting.push(descriptor.value, descriptor.get, descriptor.set);
            const shields = isPrototype && descriptor.configurable && 'value' in descriptor
                && (object === Object.prototype || object === Function.prototype || typeof descriptor.value !== 'function'
                    || name === 'constructor' || name === 'toString' || name === 'toJSON' || name === 'valueOf');
            if (shields && typeof name === 'string') shield(object, name, descriptor);
        }
        waiting.push(Object.getPrototypeOf(object));
        if (object !== globalThis && !ArrayBuffer.isView(object)) Object.freeze(object);
    }
}

const { ownKeys, deleteProperty, isExtensible } = Reflect;
const globalNames = new Set();

// False if something stays: then the realm is of no use any more.
totem.cleanGlobals = () => {
    if (!isExtensible(globalThis)) return false;
    const names = ownKeys(globalThis);
    if (names.length === globalNames.size) return true;
    return names.every((name) => globalNames.has(name) || deleteProperty(globalThis, name));
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
    freezeAll(globalThis);
    const generator = Object.getPrototypeOf(function* g() {});
    const asyncGenerator = Object.getPrototypeOf(async function* g() {});
    const asyncFunction = Object.getPrototypeOf(async () => {});
    for (const root of [generator, asyncGenerator, asyncFunction, Object.getPrototypeOf(Uint8Array), Object.getPrototypeOf([][Symbol.iterator]()),
        Object.getPrototypeOf(''[Symbol.iterator]()), Object.getPrototypeOf(new Map().entries()), Object.getPrototypeOf(new Set().values()),
        Object.getPrototypeOf(''.matchAll(/a/g)), luxon.DateTime, luxon.Duration, luxon.Interval]) freezeAll(root);
    for (const name of Object.keys(totem.codeGlobals)) freezeAll(totem.codeGlobals[name]);
    for (const name of ownKeys(globalThis)) globalNames.add(name);
    Object.freeze(totem);   // C++ holds on to its functions by holding on to it
};
