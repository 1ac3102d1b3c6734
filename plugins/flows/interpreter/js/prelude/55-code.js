// Bodies of Code nodes: compiled once per workflow, a fresh closure for each run.

const { FlowError } = totem;
const evaluateSource = eval;

const kNames = totem.scopeNames.concat(['items', 'item', '$getWorkflowStaticData', '$getNodeParameter', 'console',
    'require', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate'], Object.keys(totem.codeGlobals));
const quiet = () => {};
const kConsole = Object.freeze({ log: quiet, info: quiet, warn: quiet, error: quiet, debug: quiet, trace: quiet, table: quiet });

// Timers do not wait: their callbacks run in order of time as soon as the body yields.
class Timers {
    #waiting = [];
    #last = 0;
    #now = 0;
    set(callback, ms, args) {
        this.#last += 1;
        this.#waiting.push({ id: this.#last, at: this.#now + Math.max(0, Number(ms) || 0), callback, args });
        return this.#last;
    }
    clear(id) { this.#waiting = this.#waiting.filter((timer) => timer.id !== id); }
    next() {
        if (this.#waiting.length === 0) return false;
        this.#waiting.sort((a, b) => a.at - b.at || a.id - b.id);
        const timer = this.#waiting.shift();
        this.#now = timer.at;
        timer.callback(...timer.args);
        return true;
    }
}

// A Code node has no way out of its worker; what a flow asks of the outside is a node.
const kHelpers = new Proxy(Object.freeze({}), {
    get: (_, name) => (typeof name !== 'string' ? undefined : () => {
        throw Object.assign(new Error(`this.helpers.${name} is not available in a Code node; ` +
            'use a node instead, such as HTTP Request'), { line: undefined });
    }),
});

class CodeScope extends totem.Scope {
    waiting = null;
    get timers() { return this.waiting ??= new Timers(); }
    get console() { return kConsole; }
    get require() {
        return (name) => { throw new Error(`Module '${name}' is disallowed`); };
    }
    get setTimeout() { return (callback, ms, ...args) => this.timers.set(callback, ms, args); }
    get setImmediate() { return (callback, ...args) => this.timers.set(callback, 0, args); }
    get setInterval() { return () => { throw new Error('setInterval is not available in a Code node'); }; }
    get clearTimeout() { return (id) => this.timers.clear(id); }
    get clearInterval() { return quiet; }
    get $getWorkflowStaticData() { return (scope) => totem.staticData(this.run, this.node, scope); }
    get $getNodeParameter() { return (path, index) => totem.evaluate(totem.path(this.node.params, path), this); }
}
for (const name of Object.keys(totem.codeGlobals)) {
    Object.defineProperty(CodeScope.prototype, name, { get: () => totem.codeGlobals[name] });
}

// Set before a body runs, never after, so a termination cannot lose it: the next entry cleans up.
totem.ranCode = { sinceEntry: false, inStep: false };

const bodies = new Map();
function compileBody(source) {
    let body = bodies.get(source);
    if (body !== undefined) return body;
    const answer = totem.compiler.body(source, kNames);
    if (answer[0] === 'E') {
        body = { failure: answer.slice(1) };
    } else {
        const [flags, names] = answer.slice(1).split('|');
        const prologue = names === '' ? '' : `const ${names.split(',').map((name) => `${name} = s.${name}`).join(', ')};`;
        const keyword = flags.includes('a') ? 'async function' : 'function';
        body = { changes: flags.includes('m'), usesThis: source.includes('this') };
        try {
            // The body begins on the second line: located() counts on it. Its closure is new for each
            // call, and called from strict code it has no `caller`, so nothing can be kept on either.
            body.make = evaluateSource(`(function (s) { ${prologue} return ${keyword} () {\n${source}\n}; })`);
        } catch (error) {
            body = { failure: error.message };
        }
    }
    if (bodies.size > 1000) bodies.clear();
    bodies.set(source, body);
    return body;
}
totem.compileBody = compileBody;

// n8n writes where it happened behind the message.
function located(error, itemIndex) {
    const thrown = error !== null && typeof error === 'object' ? error : { message: String(error) };
    const message = String(thrown.message ?? thrown.description ?? 'Unknown error');
    const line = Number.isInteger(thrown.line) ? thrown.line - 1 : undefined;
    const item = itemIndex === undefined ? undefined : `for item ${itemIndex}`;
    const place = [line > 0 ? `line ${line}` : undefined, item].filter((part) => part !== undefined).join(', ');
    return new FlowError(place === '' ? message : `${message} [${place}]`, {
        description: thrown.name && thrown.name !== 'Error' ? String(thrown.name) : undefined, itemIndex, cause: undefined,
    });
}

totem.code = (context, source) => {
    const body = compileBody(source);
    if (body.failure !== undefined) throw new FlowError(body.failure, { name: 'SyntaxError' });
    const { scope } = context;
    const code = new CodeScope(scope.run, scope.node, scope.runIndex, scope.items, scope.source);
    if (body.changes) {
        code.copies = new Map();
        code.items = scope.items.map((item) => code.give(item));
    }
    context.codeScope = code;
    return (itemIndex) => {
        code.i = itemIndex ?? 0;
        totem.ranCode.sinceEntry = true;
        totem.ranCode.inStep = true;
        let result;
        try {
            const self = body.usesThis
                ? { helpers: kHelpers, getWorkflowStaticData: code.$getWorkflowStaticData } : undefined;
            result = body.make(code).call(self);
        } catch (error) {
            throw located(error, itemIndex);
        }
        if (result === null || typeof result !== 'object' || typeof result.then !== 'function') return result;
        return Promise.resolve(result).catch((error) => { throw located(error, itemIndex); });
    };
};
