// Loading a workflow: node types and versions, defaults, and what the import report says.

const hasOwn = Object.prototype.hasOwnProperty;

// Own parameters over defaults; objects are merged, arrays and values are taken whole.
function merge(defaults, own) {
    if (own === undefined) return totem.copy(defaults);
    const both = [defaults, own].every((v) => v !== null && typeof v === 'object' && !Array.isArray(v));
    if (!both) return own;
    const result = {};
    for (const name of Object.keys(defaults)) {
        totem.define(result, name, merge(defaults[name], hasOwn.call(own, name) ? own[name] : undefined));
    }
    for (const name of Object.keys(own)) {
        if (!hasOwn.call(defaults, name)) totem.define(result, name, own[name]);
    }
    return result;
}

const count = (value, params, version, otherwise) => {
    const made = typeof value === 'function' ? value(params, version) : value;
    return Number.isInteger(made) && made >= 0 ? Math.min(made, 1000) : otherwise;
};

function prepareNode(raw, index, problem) {
    const own = raw.parameters !== null && typeof raw.parameters === 'object' ? raw.parameters : {};
    const node = {
        index, name: raw.name, quoted: JSON.stringify(raw.name), id: raw.id, raw, type: String(raw.type), version: Number(raw.typeVersion ?? 1),
        params: own, readers: new Map(), kept: new Map(), definition: totem.typeNamed(raw.type),
        onError: raw.onError ?? (raw.continueOnFail === true ? 'continueRegularOutput' : 'stopWorkflow'),
        disabled: raw.disabled === true,
    };
    node.continueOnFail = raw.continueOnFail === true || node.onError === 'continueRegularOutput' || node.onError === 'continueErrorOutput';
    const { definition } = node;
    const plan = { inputs: 1, outputs: 1, trigger: false, known: definition !== undefined, required: 0 };
    if (!definition) {
        problem(node, undefined, `node type ${node.type} is not available`, !node.disabled);
        return [node, plan];
    }
    if (!definition.versions.includes(node.version)) {
        problem(node, 'typeVersion', `version ${raw.typeVersion} of ${node.type} is not available (${definition.versions.join(', ')})`, !node.disabled);
    }
    try {
        if (definition.defaults) node.params = merge(definition.defaults(node.version) ?? {}, own);
        plan.inputs = count(definition.inputs, node.params, node.version, 1);
        plan.outputs = count(definition.outputs, node.params, node.version, 1);
        plan.required = count(definition.requiredInputs, node.params, node.version, 0);
        plan.trigger = definition.trigger === true;
        const report = (parameter, missing, fatal = true) => problem(node, parameter, missing, fatal && !node.disabled);
        totem.checkExpressions(own, (path, message) => report(path, message, false));
        definition.check?.({ ...raw, version: node.version, params: node.params, codeFailure: (s) => totem.compileBody(s).failure }, report);
    } catch (error) {
        problem(node, undefined, `its parameters cannot be read: ${error?.message ?? error}`, true);
    }
    if (node.onError === 'continueErrorOutput') {
        node.errorOutput = plan.outputs;
        plan.outputs += 1;
    }
    return [node, plan];
}

const number = (value, fallback, low, high) => Math.min(high, Math.max(low, Number.isFinite(Number(value ?? fallback)) ? Number(value ?? fallback) : fallback));

// `names` are the nodes that count (the caller dropped notes and duplicates), in the caller's order.
totem.prepare = (text, indexes) => {
    const workflow = JSON.parse(text);
    const problems = [];
    const problem = (node, parameter, missing, fatal) => {
        problems.push({ node: node.name, type: node.type, version: node.version, parameter, missing, fatal });
    };
    const { graph } = totem;
    graph.workflow = {
        id: workflow.id, name: workflow.name, active: workflow.active === true,
        settings: workflow.settings ?? {}, staticData: workflow.staticData,
    };
    graph.pins = workflow.pinData ?? {};
    graph.oldOrder = graph.workflow.settings.executionOrder !== 'v1';
    graph.nodes = [];
    graph.byName = new Map();
    graph.outputsTowards = new Map();
    const plans = [];
    const triggers = [];
    for (const at of JSON.parse(indexes)) {
        const raw = workflow.nodes[at];
        const [node, plan] = prepareNode(raw, graph.nodes.length, problem);
        graph.nodes.push(node);
        graph.byName.set(node.name, node);
        plan.retry = raw.retryOnFail === true;
        plan.tries = number(raw.maxTries, 3, 2, 5);
        plan.pause = number(raw.waitBetweenTries, 1000, 0, 5000);
        plan.goesOn = node.continueOnFail;
        node.tries = plan.retry ? plan.tries : 1;
        plans.push(plan);
        if (plan.trigger && !node.disabled) {
            triggers.push({ node: node.name, type: node.type, version: node.version, id: raw.id, webhookId: raw.webhookId, credentials: raw.credentials, parameters: node.params });
        }
    }
    graph.nobody = graph.nodes.length;
    graph.noData = new Array(graph.nobody + 1).fill(undefined);
    // The order in which the file names the sources of connections; JSON in C++ does not keep it.
    const sources = Object.keys(workflow.connections ?? {})
        .map((name) => graph.byName.get(name)?.index).filter((index) => index !== undefined);
    return JSON.stringify({ plans, problems, triggers, sources });
};

// edges: [from, output, to, input] as a flat list.
totem.connect = (text) => {
    const edges = JSON.parse(text);
    const { graph } = totem;
    graph.feeders = graph.nodes.map(() => []);
    for (let i = 0; i < edges.length; i += 4) graph.feeders[edges[i + 2]].push([edges[i], edges[i + 1]]);
};
