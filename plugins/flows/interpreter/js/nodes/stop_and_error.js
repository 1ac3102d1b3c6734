// Stop and Error: fails the run with a message of the author's.

const { values } = totem.shared;

function fromObject(ctx) {
    const value = ctx.get('errorObject', 0);
    try {
        return typeof value === 'string' ? JSON.parse(value) : value ?? {};
    } catch {
        throw ctx.error('The error object is not valid JSON');
    }
}

totem.node({
    type: 'n8n-nodes-base.stopAndError',
    versions: [1],
    inputs: 1,
    outputs: 0,
    defaults: () => ({ errorType: 'errorMessage', errorMessage: '', errorObject: '' }),
    execute(ctx) {
        if (ctx.get('errorType', 0) !== 'errorObject') {
            throw ctx.error(values.asText(ctx.get('errorMessage', 0, '')) ||
                'The workflow was stopped by a Stop and Error node');
        }
        const { message, description, error, ...rest } = fromObject(ctx);
        const text = [message, description, error].find((part) => part !== undefined);
        throw ctx.error(text === undefined ? `Error: ${JSON.stringify(rest)}`
            : values.asText(text), { description: values.asText(description ?? '') || undefined });
    },
});
