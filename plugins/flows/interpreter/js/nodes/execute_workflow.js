// Execute Workflow: runs another workflow with the items, once or for each item.

const { items, values } = totem.shared;

/// The reference as text: a plain id or the resource locator of newer versions.
const idOf = (reference) => String(reference?.value ?? reference ?? '').trim();

function target(ctx, itemIndex) {
    const source = ctx.get('source', itemIndex);
    if (source === 'parameter') {
        const text = ctx.get('workflowJson', itemIndex);
        try {
            return { workflow: typeof text === 'string' ? JSON.parse(text) : text };
        } catch {
            throw ctx.error('The provided workflow is not valid JSON', { itemIndex });
        }
    }
    if (source !== 'database') {
        throw ctx.error(`A workflow from the source '${source}' is not supported`, { itemIndex });
    }
    const workflowId = idOf(ctx.get('workflowId', itemIndex));
    if (workflowId === '') throw ctx.error('No workflow was chosen', { itemIndex });
    return { workflowId };
}

/// The item as the sub-workflow gets it: mapped inputs where the node defines some.
function inputItem(ctx, item, itemIndex) {
    const mapping = ctx.version >= 1.2 ? ctx.get('workflowInputs', itemIndex, {}) : {};
    const isMapped = mapping.mappingMode === 'defineBelow' && values.isPlainObject(mapping.value) &&
        (mapping.schema ?? []).length > 0;
    return isMapped ? items.derived(item, mapping.value, itemIndex) : item;
}

const isEach = (ctx) => ctx.get('mode', 0) === 'each';

const mustWait = (ctx, itemIndex) =>
    ctx.get('options.waitForSubWorkflow', itemIndex, true) !== false;

function failedItem(ctx, error, itemIndex) {
    const made = ctx.error(error.message, { itemIndex, description: error.description });
    if (!ctx.continueOnFail) throw made;
    return totem.errorItem(made, itemIndex);
}

totem.node({
    type: 'n8n-nodes-base.executeWorkflow',
    versions: [1, 1.1, 1.2, 1.3],
    inputs: 1,
    outputs: 1,
    defaults: (version) => ({
        source: 'database',
        workflowId: '',
        workflowJson: '',
        mode: 'once',
        options: {},
        ...(version < 1.2 ? {} : { workflowInputs: {} }),
    }),
    check(node, report) {
        const source = node.params.source;
        if (source === 'localFile' || source === 'url') {
            report('source', `a workflow from '${source}' is not supported; choose one by its id`);
        }
    },
    requests(ctx) {
        const sent = ctx.items.map((item, i) => inputItem(ctx, item, i));
        const one = (list, i) => ({ kind: 'workflow', item: i, ...target(ctx, i), items: list,
            wait: mustWait(ctx, i) });
        return isEach(ctx) ? sent.map((item, i) => one([item], i)) : [one(sent, 0)];
    },
    finish(ctx, results) {
        const made = results.flatMap(({ ok, error }, i) => {
            if (error) return [failedItem(ctx, error, i)];
            if (!mustWait(ctx, i)) {
                return isEach(ctx) ? [ctx.items[i]] : ctx.items;
            }
            const list = ok?.items ?? [];
            if (!isEach(ctx)) return list.map(({ pairedItem, ...item }) => item);
            return list.map((item) => ({ ...item, pairedItem: items.paired(i) }));
        });
        return [made];
    },
});
