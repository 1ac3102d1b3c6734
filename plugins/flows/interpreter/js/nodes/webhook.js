// Webhook: a run starts with each request to its path.

totem.node({
    type: 'n8n-nodes-base.webhook',
    versions: [1, 1.1, 2, 2.1],
    inputs: 0,
    outputs: (params) => (params.multipleMethods === true && Array.isArray(params.httpMethod)
        ? params.httpMethod.length : 1),
    trigger: true,
    defaults: (version) => ({
        multipleMethods: false,
        httpMethod: 'GET',
        path: '',
        authentication: 'none',
        responseMode: 'onReceived',
        responseData: 'firstEntryJson',
        ...(version < 2 ? { responseCode: 200, responseBinaryPropertyName: 'data' } : {}),
        options: {},
    }),
    check(node, report) {
        if (node.params.responseMode === 'streaming') {
            report('responseMode', 'streaming is not supported');
        }
    },
});
