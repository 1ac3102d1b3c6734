// What the files of expressions/ and nodes/ register.

class FlowError extends Error {
    constructor(message, options = {}) {
        super(message);
        this.name = options.name ?? 'NodeOperationError';
        if (options.description !== undefined) this.description = options.description;
        if (options.itemIndex !== undefined) this.itemIndex = options.itemIndex;
        if (options.httpCode !== undefined) this.httpCode = options.httpCode;
        if (options.code !== undefined) this.code = options.code;
        if (options.cause !== undefined) this.cause = options.cause;
    }
}
// An error of an expression that is never swallowed.
class ExpressionError extends FlowError {
    constructor(message, options = {}) { super(message, { name: 'ExpressionError', ...options }); }
}
totem.FlowError = FlowError;
totem.ExpressionError = ExpressionError;
totem.error = (message, options) => new FlowError(message, options);
totem.extensionError = (message, options) => new ExpressionError(message, { name: 'ExpressionExtensionError', ...options });

totem.types = new Map();
totem.extensions = { string: new Map(), number: new Map(), boolean: new Map(), array: new Map(), object: new Map(), date: new Map() };
totem.onMissing = new Map();
totem.functions = Object.create(null);
totem.shared = Object.create(null);

totem.node = (definition) => {
    for (const type of [definition.type].flat()) totem.types.set(type, definition);
};
// Every action of a plugin is a node type; one definition, `totem.*`, serves those without their own.
totem.typeNamed = (type) =>
    totem.types.get(type) ?? (String(type).startsWith('totem.') ? totem.types.get('totem.*') : undefined);
totem.extension = (kind, methods) => {
    const table = totem.extensions[kind];
    for (const name of Object.keys(methods)) table.set(name, methods[name]);
};
totem.missing = (methods) => {
    for (const name of Object.keys(methods)) totem.onMissing.set(name, methods[name]);
};
totem.globals = (functions) => { Object.assign(totem.functions, functions); };
totem.share = (name, value) => { totem.shared[name] = value; };
