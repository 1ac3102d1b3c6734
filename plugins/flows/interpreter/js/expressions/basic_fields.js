// Reading, choosing and leaving out fields of an object: totem.shared.fields.
// `dotNotation` off means that a dot is part of the field's name.

const plain = (object) => (object !== null && typeof object === 'object' ? object : {});

function get(object, name, dotNotation = true) {
    if (object === null || object === undefined) return undefined;
    if (Object.hasOwn(plain(object), name)) return object[name];
    return dotNotation ? totem.path(object, name) : undefined;
}

function set(object, name, value, dotNotation = true) {
    if (dotNotation) {
        totem.setPath(object, name, value);
    } else if (name === '__proto__') {
        throw totem.error(`The field name '${name}' is not allowed`);
    } else {
        object[name] = value;
    }
    return object;
}

/// A new object with only the given fields.
function pick(object, names, dotNotation = true) {
    const result = {};
    for (const name of names) {
        const value = get(object, name, dotNotation);
        if (value !== undefined) set(result, name, value, dotNotation);
    }
    return result;
}

/// A copy without the given fields.
function omit(object, names, dotNotation = true) {
    const isNested = dotNotation && names.some((name) => /[.[]/.test(name));
    const result = isNested ? totem.copy(object) : { ...object };
    for (const name of names) {
        if (!isNested || Object.hasOwn(result, name)) delete result[name];
        else totem.unsetPath(result, name);
    }
    return result;
}

/// Every path to a leaf, in dot notation; arrays count as leaves.
function leaves(object, prefix = '') {
    return Object.keys(object).flatMap((key) => {
        const path = prefix === '' ? key : `${prefix}.${key}`;
        const value = object[key];
        const isBranch = totem.shared.values.isPlainObject(value) && Object.keys(value).length > 0;
        return isBranch ? leaves(value, path) : [path];
    });
}

totem.share('fields', { get, leaves, omit, pick, set });
