// Nodes that only hand their items on.

totem.node({
    type: ['n8n-nodes-base.noOp', 'n8n-nodes-base.executionData'],
    versions: [1, 1.1],
    inputs: 1,
    outputs: 1,
    jsonOnly: true,
    defaults: () => ({}),
    execute: (ctx) => [ctx.items],
});
