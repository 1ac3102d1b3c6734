// Totem's own nodes: start with an event, answer a message, call any action of any plugin.

const { items, values } = totem.shared;

totem.node({
    type: ['totemTrigger', 'totem.trigger'],
    versions: [1],
    inputs: 0,
    outputs: 1,
    trigger: true,
    defaults: () => ({ types: ['message.received'], filters: {}, onlyCustomers: true }),
});

/// One request per item; what an action gives becomes the item's json.
function results(ctx, answers) {
    return answers.flatMap(({ ok, error }, i) => {
        if (error) {
            const failure = ctx.error(error.message,
                { itemIndex: i, description: error.description, code: error.code });
            if (!ctx.continueOnFail) throw failure;
            return [totem.errorItem(failure, i)];
        }
        const list = Array.isArray(ok) ? ok : [ok];
        return list.map((value) => ({
            json: values.isPlainObject(value) ? value : { data: value ?? null },
            pairedItem: items.paired(i),
        }));
    });
}

/// The input of an action: its properties, without those left empty.
function inputOf(ctx, itemIndex) {
    const input = ctx.evaluate(ctx.params, itemIndex);
    return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
}

/// Every action is a node of its own: `totem.<plugin>.<action>`. The daemon's registry of actions
/// says which exist, so the type is found by its form.
totem.node({
    type: 'totem.*',
    versions: [1],
    inputs: 1,
    outputs: 1,
    defaults: () => ({}),
    requests: (ctx) => ctx.items.map((item, i) => ({
        kind: 'action', item: i, action: ctx.node.type.replace(/^totem\./, ''),
        input: inputOf(ctx, i),
    })),
    finish: (ctx, answers) => [results(ctx, answers)],
});

function objectOf(ctx, name, itemIndex) {
    const value = ctx.get(name, itemIndex, {});
    if (values.isPlainObject(value)) return value;
    try {
        const parsed = JSON.parse(value);
        if (values.isPlainObject(parsed)) return parsed;
    } catch {
        // The error below says it better.
    }
    throw ctx.error(`The parameter '${name}' must be a JSON object [item ${itemIndex}]`,
        { itemIndex });
}

totem.node({
    type: 'totem.action',
    versions: [1],
    inputs: 1,
    outputs: 1,
    defaults: () => ({ name: '', input: {} }),
    check(node, report) {
        if (!node.params.name) report('name', 'the name of an action is needed, as in fnb.query');
    },
    requests: (ctx) => ctx.items.map((item, i) => ({
        kind: 'action', item: i, action: String(ctx.get('name', i)),
        input: objectOf(ctx, 'input', i),
    })),
    finish: (ctx, answers) => [results(ctx, answers)],
});

/// The way back that every message carries: {action, arguments}. Further nodes may have replaced
/// the item's json, so the trigger's item is asked next.
function replyOf(ctx, itemIndex) {
    const given = ctx.get('reply', itemIndex);
    const reply = values.isPlainObject(given) ? given : ctx.items[itemIndex].json.reply;
    if (typeof reply?.action === 'string') return reply;
    throw ctx.error(`Nothing to reply to [item ${itemIndex}]`, {
        itemIndex,
        description: "The item has no 'reply' with 'action' and 'arguments'. Set the parameter " +
            "'reply', for example to {{ $('Totem Trigger').item.json.reply }}.",
    });
}

totem.node({
    type: 'totem.reply',
    versions: [1],
    inputs: 1,
    outputs: 1,
    defaults: () => ({ text: '', reply: '', options: {} }),
    requests: (ctx) => ctx.items.map((item, i) => {
        const { action, arguments: target } = replyOf(ctx, i);
        const text = values.asText(ctx.get('text', i, ''));
        return { kind: 'action', item: i, action,
            input: { ...target, ...ctx.get('options', i, {}), text } };
    }),
    finish: (ctx, answers) => [results(ctx, answers)],
});
