// Respond to Webhook: answers the request that started the run, then hands its items on.

const { items, values } = totem.shared;

const kJson = 'application/json; charset=utf-8';
const kText = 'text/html; charset=utf-8';
const kNone = Object.freeze([]);

/// {body | bodyBase64, type, headers, status} for each way of answering.
const kAnswers = {
    noData: () => ({}),

    text: (ctx) => ({ body: values.asText(ctx.get('responseBody', 0, '') ?? ''), type: kText }),

    json(ctx) {
        const value = ctx.get('responseBody', 0, '');
        if (typeof value !== 'string') return { body: JSON.stringify(value), type: kJson };
        try {
            return { body: JSON.stringify(JSON.parse(value)), type: kJson };
        } catch {
            throw ctx.error("Invalid JSON in 'Response Body' field", {
                description: 'Check that the text in the parameter is valid JSON',
            });
        }
    },

    firstIncomingItem(ctx) {
        const key = ctx.get('options.responseKey', 0, '');
        const json = ctx.items[0]?.json ?? {};
        return { body: JSON.stringify(key ? { [key]: json } : json), type: kJson };
    },

    allIncomingItems(ctx) {
        const key = ctx.get('options.responseKey', 0, '');
        const list = ctx.items.map((item) => item.json);
        return { body: JSON.stringify(key ? { [key]: list } : list), type: kJson };
    },

    redirect: (ctx) => ({
        status: 307,
        headers: [['location', values.asText(ctx.get('redirectURL', 0, ''))]],
    }),

    binary(ctx) {
        const all = ctx.items[0]?.binary ?? {};
        const isNamed = ctx.get('responseDataSource', 0) === 'set';
        const name = isNamed ? ctx.get('inputFieldName', 0) : Object.keys(all)[0];
        if (all[name] === undefined) {
            throw ctx.error(`The binary property ${name ?? ''} is missing on item 0`.replace(
                '  ', ' '), { description: 'No binary data was found to answer with.' });
        }
        return { bodyBase64: all[name].data, type: all[name].mimeType ??
            'application/octet-stream' };
    },
};

function response(ctx) {
    const answer = kAnswers[ctx.get('respondWith', 0)];
    if (answer === undefined) {
        throw ctx.error(`The response '${ctx.get('respondWith', 0)}' is not supported`);
    }
    const { body, bodyBase64, type, headers = [], status = 200 } = answer(ctx);
    const own = ctx.get('options.responseHeaders.entries', 0, kNone)
        .filter((entry) => entry.name)
        .map((entry) => [String(entry.name).toLowerCase(), values.asText(entry.value ?? '')]);
    const isTyped = type === undefined || own.some((header) => header[0] === 'content-type');
    const made = { kind: 'respond', status: Number(ctx.get('options.responseCode', 0, status)) || status,
        headers: headers.concat(isTyped ? kNone : [['content-type', type]], own) };
    if (bodyBase64 === undefined) made.body = body ?? '';
    else made.bodyBase64 = bodyBase64;
    return made;
}

totem.node({
    type: 'n8n-nodes-base.respondToWebhook',
    versions: [1, 1.1, 1.2, 1.3, 1.4, 1.5],
    inputs: 1,
    jsonOnly: true,
    outputs: (params) => (params.enableResponseOutput === true ? 2 : 1),
    defaults: () => ({
        enableResponseOutput: false,
        respondWith: 'firstIncomingItem',
        responseBody: '',
        redirectURL: '',
        responseDataSource: 'automatically',
        inputFieldName: 'data',
        options: {},
    }),
    check(node, report) {
        if (node.params.respondWith === 'jwt') {
            report('respondWith', 'answering with a JWT is not supported');
        }
    },
    requests: (ctx) => [response(ctx)],
    finish(ctx, results) {
        const { error } = results[0];
        if (error) throw ctx.error(error.message, { description: error.description });
        if (ctx.params.enableResponseOutput !== true) return [ctx.items];
        const { status, headers, body } = response(ctx);
        return [ctx.items, [{
            json: { response: { statusCode: status, headers: Object.fromEntries(headers),
                body: body ?? '' } },
            pairedItem: items.paired(0),
        }]];
    },
});
