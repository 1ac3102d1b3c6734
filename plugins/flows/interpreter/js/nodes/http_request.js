// HTTP Request. The requests of all items go out together (in batches where asked); pagination
// asks for one further page of each item per round.

const { httpRequest, httpResponse, modernHttp } = totem.shared;

/// So often the same answer, and a pagination is going in circles.
const kSameAnswers = 5;

/// The parameters of one item, evaluated, in the shape of version 3 and later.
function paramsOf(ctx, itemIndex) {
    const params = ctx.evaluateOnce('params', () => {
        const { options, ...rest } = ctx.params;
        const { pagination, ...other } = options ?? {};
        return { ...rest, options: other };
    }, itemIndex);
    return ctx.version < 3 ? modernHttp(params, ctx.version) : params;
}

const paginationOf = (ctx) => {
    const config = ctx.params.options?.pagination?.pagination;
    return config === undefined || config.paginationMode === 'off' ? undefined : config;
};

// ---- pagination

/// What this page adds to the request: lists of [name, value] by place, or the next URL.
function pageParts(ctx, state, config) {
    const more = { $pageCount: state.pageCount, $response: state.response,
        $request: state.request };
    const evaluated = (value) => ctx.evaluate(value, state.item, more);
    if (config.paginationMode === 'responseContainsNextURL') {
        if (state.pageCount === 0) return {};
        const url = evaluated(config.nextURL);
        if (typeof url === 'string' && /^https?:\/\/[^/?#]/i.test(url)) return { url };
        throw ctx.error(`'${url ?? ''}' is not a valid URL.`, {
            itemIndex: state.item,
            description: 'Make sure the "Next URL" parameter evaluates to a valid URL.',
        });
    }
    const parts = { qs: [], headers: [], body: [] };
    for (const entry of config.parameters?.parameters ?? []) {
        const place = parts[entry.type ?? 'qs'] ?? parts.qs;
        place.push([evaluated(entry.name), evaluated(entry.value)]);
    }
    return parts;
}

const statusCodes = (text) => String(text ?? '').split(',').map((code) => Number(code.trim()));

function isEmptyBody(body) {
    return body === '' || totem.shared.values.isEmpty(body);
}

function isComplete(ctx, state, config) {
    const more = { $pageCount: state.pageCount, $response: state.response,
        $request: state.request };
    const evaluated = (value) => ctx.evaluate(value, state.item, more);
    if (config.limitPagesFetched === true &&
        state.pageCount >= Number(evaluated(config.maxRequests ?? 100))) return true;
    switch (config.paginationCompleteWhen ?? 'responseIsEmpty') {
        case 'receiveSpecificStatusCodes':
            return statusCodes(evaluated(config.statusCodesWhenComplete))
                .includes(state.response.statusCode);
        case 'other': return Boolean(evaluated(config.completeExpression));
        default: return isEmptyBody(state.response.body);
    }
}

/// Statuses that end a pagination are no errors.
function expectedStatuses(ctx, state, config) {
    if (config?.paginationCompleteWhen !== 'receiveSpecificStatusCodes') return [];
    return statusCodes(ctx.evaluate(config.statusCodesWhenComplete, state.item));
}

function noteAnswer(ctx, state, answer) {
    const text = httpResponse.textOf(answer);
    state.same = text === state.lastText ? state.same + 1 : 1;
    state.lastText = text;
    state.pageCount += 1;
    state.response = { statusCode: answer.status, statusMessage: answer.statusText,
        headers: answer.headers, body: httpResponse.bodyOf(answer) };
    if (state.same >= kSameAnswers && !isEmptyBody(state.response.body)) {
        throw ctx.error(`The returned response was identical ${kSameAnswers}x, so requests got ` +
            'stopped', {
            itemIndex: state.item,
            description: 'Check if "Pagination Completed When" has been configured correctly.',
        });
    }
}

// ---- one request of one item

function requestFor(ctx, state, config) {
    const page = config === undefined ? undefined : pageParts(ctx, state, config);
    const request = httpRequest(ctx, state.params, state.item, page);
    state.url = request.url;
    if (config === undefined) return request;
    state.request = { url: request.url, method: request.method,
        headers: Object.fromEntries(request.headers), body: request.body };
    return request;
}

/// Keeps the error as the item's result, or throws it on.
function keepError(ctx, state, error, details) {
    if (!ctx.continueOnFail) {
        if (typeof error === 'object') error.itemIndex ??= state.item;
        throw error;
    }
    state.isDone = true;
    state.made = [httpResponse.errorItem(error, details, state.item)];
}

function begin(ctx, item) {
    return { item, params: paramsOf(ctx, item), url: '', pageCount: 0, same: 0, made: [],
        isDone: false };
}

function receive(ctx, state, { ok: answer, error }, config) {
    if (error) {
        const failure = ctx.error(error.message, { name: 'NodeApiError', itemIndex: state.item,
            description: error.description, code: error.code });
        return keepError(ctx, state, failure, httpResponse.networkDetails(error));
    }
    const options = state.params.options?.response?.response ?? {};
    const isRefused = answer.status >= 400 && options.neverError !== true &&
        !expectedStatuses(ctx, state, config).includes(answer.status);
    if (isRefused) {
        return keepError(ctx, state, httpResponse.statusError(ctx, answer, state.item),
            httpResponse.statusDetails(answer));
    }
    try {
        const made = httpResponse.itemsOf(ctx, answer, options, state.url, state.item);
        state.made = state.made.length === 0 ? made : state.made.concat(made);
        if (config !== undefined) noteAnswer(ctx, state, answer);
        state.isDone = config === undefined || isComplete(ctx, state, config);
    } catch (failure) {
        keepError(ctx, state, failure, httpResponse.operationDetails(failure));
    }
    return undefined;
}

/// The next request of every item that is not done; failing ones become done.
function nextRequests(ctx, states, config) {
    const requests = [];
    for (let i = 0; i < states.length; i++) {
        const state = states[i];
        if (state.isDone) continue;
        try {
            requests.push(requestFor(ctx, state, config));
        } catch (error) {
            keepError(ctx, state, error, httpResponse.operationDetails(error));
        }
    }
    return requests;
}

/// Pauses between batches: the first request of each further batch starts later.
function spread(ctx, requests) {
    if (ctx.version >= 3 && ctx.params.options?.batching === undefined) return requests;
    const { batchSize = 50, batchInterval = 1000 } =
        paramsOf(ctx, 0).options?.batching?.batch ?? { batchSize: -1 };
    const size = Number(batchSize) || 1;
    if (size < 1) return requests;
    requests.forEach((request, i) => {
        if (i > 0 && i % size === 0) request.after = Number(batchInterval) || 0;
    });
    return requests;
}

function defaults(version) {
    if (version < 3) {
        return { authentication: 'none', requestMethod: 'GET', url: '',
            allowUnauthorizedCerts: false, responseFormat: 'json', dataPropertyName: 'data',
            jsonParameters: false, options: {}, sendBinaryData: false, binaryPropertyName: 'data',
            bodyParametersJson: '', bodyParametersUi: {}, headerParametersJson: '',
            headerParametersUi: {}, queryParametersJson: '', queryParametersUi: {} };
    }
    return { method: 'GET', url: '', authentication: 'none', provideSslCertificates: false,
        sendQuery: false, specifyQuery: 'keypair', queryParameters: {}, jsonQuery: '',
        sendHeaders: false, specifyHeaders: 'keypair', headerParameters: {}, jsonHeaders: '',
        sendBody: false, contentType: 'json', specifyBody: 'keypair', bodyParameters: {},
        jsonBody: '', body: '', inputDataFieldName: '', rawContentType: '', options: {} };
}

function check(node, report) {
    if (node.params.provideSslCertificates === true) {
        report('provideSslCertificates', 'client certificates are not supported', false);
    }
    const { authentication, genericAuthType, nodeCredentialType } = node.params;
    const type = authentication === 'genericCredentialType' ? genericAuthType
        : authentication === 'predefinedCredentialType' ? nodeCredentialType : undefined;
    if (type !== undefined && node.credentials?.[type] === undefined) {
        report('authentication', `no credential of the type '${type}' is chosen`, false);
    }
}

totem.node({
    type: 'n8n-nodes-base.httpRequest',
    versions: [1, 2, 3, 4, 4.1, 4.2, 4.3, 4.4],
    inputs: 1,
    outputs: 1,
    jsonOnly: true,
    defaults,
    check,
    requests(ctx) {
        const config = paginationOf(ctx);
        ctx.states = ctx.items.map((item, i) => begin(ctx, i));
        return spread(ctx, nextRequests(ctx, ctx.states, config));
    },
    finish(ctx, results) {
        const config = paginationOf(ctx);
        let answered = 0;
        for (let i = 0; i < ctx.states.length; i++) {
            const state = ctx.states[i];
            if (!state.isDone) receive(ctx, state, results[answered++], config);
        }
        const more = nextRequests(ctx, ctx.states, config);
        if (more.length === 0) {
            return [ctx.states.length === 1 ? ctx.states[0].made
                : ctx.states.flatMap((state) => state.made)];
        }
        const pause = Number(ctx.evaluate(config.requestInterval ?? 0, 0)) || 0;
        if (pause > 0) more.forEach((request) => { request.after = pause; });
        return { more };
    },
});
