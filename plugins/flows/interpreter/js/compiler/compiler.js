// Runs in a context of its own, beside acorn: rewrites expressions and looks at Code bodies. It never runs
// any of them. Answers are strings: 'S' and the result, or 'E' and a message.

const kMethods = new Set();      // names of extension methods
const kScopeNames = new Set();   // $json and the like
const kFunctions = new Set();    // $if, min …

const kForbidden = new Set(['eval', 'Function', 'AsyncFunction', 'GeneratorFunction', 'Promise', 'Proxy', 'Reflect',
    'fetch', 'setTimeout', 'setInterval', 'clearTimeout', 'clearInterval', 'setImmediate', 'queueMicrotask', 'window',
    'self', 'top', 'parent', 'document', 'global', 'globalThis', 'WebAssembly', 'XMLHttpRequest', 'importScripts',
    'require', 'module', 'process', 'SharedArrayBuffer', 'Atomics', 'uneval', 'alert', 'prompt', 'confirm',
    'arguments', 'console', '$loader', 'Iterator', 'AsyncIterator', 'ShadowRealm', 'FinalizationRegistry', 'WeakRef']);
const kUndefined = new Set(['Buffer', 'crypto', 'URL', 'URLSearchParams']);
const kRefused = new Set(['__proto__', 'constructor', 'prototype', 'getPrototypeOf', 'setPrototypeOf',
    '__defineGetter__', '__defineSetter__', '__lookupGetter__', '__lookupSetter__', 'caller', 'callee',
    'mainModule', 'binding', '_load']);

const kOptions = { ecmaVersion: 'latest', sourceType: 'script' };

function children(node, visit) {
    for (const name of Object.keys(node)) {
        const value = node[name];
        if (Array.isArray(value)) {
            for (const item of value) if (item && typeof item.type === 'string') visit(item, name);
        } else if (value && typeof value.type === 'string') {
            visit(value, name);
        }
    }
}

// Names that are bound anywhere inside (parameters, variables, functions, classes, catch), and how often.
function boundNames(root) {
    const bound = new Map();
    const pattern = (node) => {
        if (!node) return;
        if (node.type === 'Identifier') bound.set(node.name, (bound.get(node.name) ?? 0) + 1);
        else if (node.type === 'ObjectPattern') node.properties.forEach((p) => pattern(p.value ?? p.argument));
        else if (node.type === 'ArrayPattern') node.elements.forEach(pattern);
        else if (node.type === 'AssignmentPattern') pattern(node.left);
        else if (node.type === 'RestElement') pattern(node.argument);
    };
    const walk = (node) => {
        if (/Function/.test(node.type)) { node.params.forEach(pattern); pattern(node.id); }
        else if (node.type === 'VariableDeclarator') pattern(node.id);
        else if (/^Class/.test(node.type)) pattern(node.id);
        else if (node.type === 'CatchClause') pattern(node.param);
        children(node, walk);
    };
    walk(root);
    return bound;
}

// An identifier that is a name of something, not a value: `a.NAME`, `{NAME: 1}`, a label.
function isName(node, parent, role) {
    if (!parent) return false;
    if (parent.type === 'MemberExpression') return role === 'property' && !parent.computed;
    if (parent.type === 'Property' || parent.type === 'MethodDefinition' || parent.type === 'PropertyDefinition') {
        return role === 'key' && !parent.computed && !parent.shorthand;
    }
    return role === 'label' || parent.type === 'MetaProperty';
}

function parseExpression(text) {
    try {
        const program = acorn.parse(`(${text}\n)`, kOptions);
        if (program.body.length === 1 && program.body[0].type === 'ExpressionStatement') {
            return { node: program.body[0].expression, source: `(${text}\n)` };
        }
    } catch (error) { /* not one expression; perhaps several statements */ }
    const program = acorn.parse(text, kOptions);
    const first = program.body.find((statement) => statement.type !== 'EmptyStatement');
    if (!first || first.type !== 'ExpressionStatement') throw new SyntaxError('not an expression');
    return { node: first.expression, source: text };
}

class Rewriter {
    constructor(source, root) {
        this.source = source;
        this.edits = [];
        this.order = 0;
        this.bound = boundNames(root);
        for (const name of this.bound.keys()) {
            if (kForbidden.has(name)) throw new SyntaxError(`${name} cannot be a name here`);
        }
    }
    replace(start, end, text) {
        this.edits.push({ start, end, text, order: this.order });
        this.order += 1;
    }
    result(start, end) {
        this.edits.sort((a, b) => a.start - b.start || a.order - b.order);
        let text = '';
        let at = start;
        for (const edit of this.edits) {
            text += this.source.slice(at, edit.start) + edit.text;
            at = edit.end;
        }
        return text + this.source.slice(at, end);
    }
    visit(node, parent, role) {
        switch (node.type) {
        case 'Identifier': return this.identifier(node, parent, role);
        case 'ThisExpression': return this.replace(node.start, node.end, 't.none');
        case 'ImportExpression': throw new SyntaxError('import is not available');
        case 'MetaProperty': throw new SyntaxError('new.target is not available');
        case 'MemberExpression': this.member(node); break;
        case 'CallExpression': this.call(node); break;
        case 'Property':
            this.key(node);
            if (this.shorthand(node)) return undefined;
            break;
        default:
        }
        return children(node, (child, name) => this.visit(child, node, name));
    }
    nameFor(name) {
        if (this.bound.has(name)) return undefined;
        if (kScopeNames.has(name)) return `s.${name}`;
        if (kFunctions.has(name)) return `t.functions.${name}`;
        if (kForbidden.has(name)) return 't.none';
        if (kUndefined.has(name)) return 'undefined';
        return undefined;
    }
    identifier(node, parent, role) {
        if (isName(node, parent, role)) return;
        const name = this.nameFor(node.name);
        if (name !== undefined) this.replace(node.start, node.end, name);
    }
    shorthand(node) {
        if (!node.shorthand || node.value.type !== 'Identifier') return false;
        const name = this.nameFor(node.value.name);
        if (name !== undefined) this.replace(node.start, node.end, `${node.value.name}: ${name}`);
        return true;
    }
    // A key may also read: ({constructor: c}) => c
    key(node) {
        if (node.computed) {
            this.replace(node.key.start, node.key.start, 't.key(');
            this.replaceAfter(node.key.end, ')');
        } else if (kRefused.has(node.key.name ?? node.key.value)) {
            throw new SyntaxError(`Cannot access "${node.key.name ?? node.key.value}" due to security concerns`);
        }
    }
    member(node) {
        const { property } = node;
        if (!node.computed) {
            if (kRefused.has(property.name)) this.replace(property.start, property.end, `x[t.refuse(${JSON.stringify(property.name)})]`);
        } else if (property.type !== 'Literal' || typeof property.value !== 'number') {
            this.replace(property.start, property.start, 't.key(');
            this.replaceAfter(property.end, ')');
        }
    }
    // An insertion that has to come after those of everything inside.
    replaceAfter(at, text) { this.edits.push({ start: at, end: at, text, order: -1e9 + this.order }); this.order += 1; }
    call(node) {
        const { callee } = node;
        if (callee.type !== 'MemberExpression' || callee.computed || !kMethods.has(callee.property.name)) return;
        const { source } = this;
        const name = callee.property.name;
        const open = source.indexOf('(', callee.property.end);
        if (source.slice(callee.property.end, open).includes(')')) return;
        let dot = source.lastIndexOf('.', callee.property.start - 1);
        const optional = node.optional || callee.optional;
        if (source[dot - 1] === '?') dot -= 1;
        this.replace(node.start, node.start, 't.call(');
        this.replace(dot, open + 1, `, ${JSON.stringify(name)}, [`);
        callee.property.type = 'Literal';   // nothing more to do about the name
        this.replaceAfter(node.end - 1, ']');
        this.replaceAfter(node.end - 1, optional ? ', true' : '');
    }
}

function expression(text) {
    try {
        const { node, source } = parseExpression(text);
        const rewriter = new Rewriter(source, node);
        rewriter.visit(node, null, '');
        return 'S' + rewriter.result(node.start, node.end);
    } catch (error) {
        return 'E' + String(error.message);
    }
}

// Methods and functions that change what they are given.
const kChangers = new Set(['push', 'pop', 'shift', 'unshift', 'splice', 'sort', 'reverse', 'fill', 'copyWithin', 'set',
    'add', 'delete', 'clear', 'assign', 'defineProperty', 'defineProperties', 'setPrototypeOf', 'call', 'apply', 'bind',
    'freeze', 'seal', 'preventExtensions', '__proto__', '__defineGetter__', '__defineSetter__']);

// Constants that begin as a new array, object or collection: changing them changes nobody's data.
function freshConstants(root) {
    const fresh = new Set();
    const bound = boundNames(root);
    const walk = (node) => {
        if (node.type === 'VariableDeclaration' && node.kind === 'const') {
            for (const { id, init } of node.declarations) {
                if (id.type !== 'Identifier' || !init) continue;
                const made = init.type === 'ArrayExpression' || init.type === 'ObjectExpression'
                    || (init.type === 'NewExpression' && init.callee.type === 'Identifier');
                if (made && bound.get(id.name) === 1) fresh.add(id.name);
            }
        }
        children(node, walk);
    };
    walk(root);
    return fresh;
}

// Whether a body could change what it is given; errs on the side of yes.
function changes(root) {
    const fresh = freshConstants(root);
    let found = false;
    const isFresh = (node) => node.type === 'Identifier' && fresh.has(node.name);
    const target = (node) => {
        if (node.type === 'MemberExpression') found ||= !isFresh(node.object);
        else children(node, target);
    };
    const walk = (node, parent) => {
        if (found) return;
        if (node.type === 'AssignmentExpression' || node.type === 'ForInStatement' || node.type === 'ForOfStatement') target(node.left);
        else if (node.type === 'UpdateExpression') target(node.argument);
        else if (node.type === 'UnaryExpression' && node.operator === 'delete') target(node.argument);
        else if (node.type === 'Identifier' && /^(eval|Function|Reflect|Proxy)$/.test(node.name)) found = true;
        else if (node.type === 'WithStatement') found = true;
        else if (node.type === 'MemberExpression') {
            const name = node.computed ? node.property.value : node.property.name;
            if (node.computed && typeof name !== 'string' && typeof name !== 'number') {
                if (parent?.type === 'CallExpression' && parent.callee === node) found = true;
            } else if (kChangers.has(name) || /^set[A-Z]/.test(String(name))) {
                found ||= !isFresh(node.object);
            }
        }
        children(node, (child) => walk(child, node));
    };
    walk(root, null);
    return found;
}

function usesAwait(root) {
    let found = false;
    const walk = (node) => {
        if (found || /Function/.test(node.type)) return;
        if (node.type === 'AwaitExpression' || (node.type === 'ForOfStatement' && node.await)) found = true;
        else children(node, walk);
    };
    children(root, walk);
    return found;
}

// 'S' flags '|' names: a = needs await, m = may change what it is given; the names it uses of those offered.
function body(text, offered) {
    let root;
    try {
        root = acorn.parse(text, { ...kOptions, allowReturnOutsideFunction: true, allowAwaitOutsideFunction: true });
    } catch (error) {
        return 'E' + String(error.message).replace(/ \((\d+):\d+\)$/, ' [line $1]');
    }
    const used = new Set();
    const walk = (node) => {
        if (node.type === 'Identifier') used.add(node.name);
        children(node, walk);
    };
    walk(root);
    const names = offered.filter((name) => used.has(name));
    return `S${usesAwait(root) ? 'a' : ''}${changes(root) ? 'm' : ''}|${names.join(',')}`;
}

const configure = (methods, scopeNames, functions) => {
    methods.forEach((name) => kMethods.add(name));
    scopeNames.forEach((name) => kScopeNames.add(name));
    functions.forEach((name) => kFunctions.add(name));
};
return { expression, body, configure };
