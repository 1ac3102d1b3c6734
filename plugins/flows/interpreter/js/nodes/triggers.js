// Nodes that start a run and need nothing but their items from outside.

totem.node({
    type: ['n8n-nodes-base.manualTrigger', 'n8n-nodes-base.start'],
    versions: [1],
    inputs: 0,
    outputs: 1,
    trigger: true,
    defaults: () => ({}),
});

totem.node({
    type: 'n8n-nodes-base.errorTrigger',
    versions: [1],
    inputs: 0,
    outputs: 1,
    trigger: true,
    defaults: () => ({}),
});

totem.node({
    type: 'n8n-nodes-base.executeWorkflowTrigger',
    versions: [1, 1.1],
    inputs: 0,
    outputs: 1,
    trigger: true,
    defaults: (version) => (version < 1.1 ? {}
        : { inputSource: 'workflowInputs', jsonExample: '{}', workflowInputs: {} }),
});
