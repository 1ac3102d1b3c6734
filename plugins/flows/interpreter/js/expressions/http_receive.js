// From the daemon's answer to the items of HTTP Request, or to the error that people know:
// totem.shared.httpResponse.

const { items, values } = totem.shared;

const kBinaryTypes = /^(image|audio|video|font)\/|^application\/(octet-stream|pdf|zip|gzip|x-(zip|gzip|tar|bzip2?|7z|rar)|vnd\.|msword|epub|java-archive|rtf|wasm)/i;

const typeOf = (answer) => String(answer.headers?.['content-type'] ?? '').toLowerCase();

/// json, text or file, decided by the content type where the node leaves it open.
function formatOf(answer, wanted) {
    if (wanted !== undefined && wanted !== 'autodetect') return wanted;
    const type = typeOf(answer);
    if (type.startsWith('application/json') || /[/+]json\b/.test(type)) return 'json';
    return kBinaryTypes.test(type) && !/^application\/vnd\.[^;]*(\+xml|\+json)/.test(type)
        ? 'file' : 'text';
}

const textOf = (answer) =>
    answer.body ?? (answer.base64 === undefined ? '' : totem.text(totem.fromBase64(answer.base64)));

function jsonOf(ctx, answer, itemIndex) {
    const text = textOf(answer);
    if (text.trim() === '') return {};
    try {
        return JSON.parse(text);
    } catch {
        throw ctx.error('Response body is not valid JSON. Change "Response Format" to "Text"',
            { itemIndex });
    }
}

/// The body as `$response.body` shows it: parsed if it says that it is JSON.
function bodyOf(answer) {
    const text = textOf(answer);
    if (!/[/+]json\b/.test(typeOf(answer)) && !/^\s*[[{]/.test(text)) return text;
    try {
        return JSON.parse(text);
    } catch {
        return text;
    }
}

const meta = (answer) => ({
    headers: answer.headers,
    statusCode: answer.status,
    statusMessage: answer.statusText ?? '',
});

function fileName(answer, url) {
    const disposition = String(answer.headers?.['content-disposition'] ?? '');
    const given = /filename\*=(?:UTF-8'')?([^;]+)/i.exec(disposition)?.[1] ??
        /filename="?([^";]+)"?/i.exec(disposition)?.[1];
    if (given !== undefined) return decodeURIComponent(given.trim());
    return /\/([^/?#]+\.[^/?#]+)(?:[?#]|$)/.exec(url.replace(/^[a-z]+:\/\/[^/]*/i, ''))?.[1];
}

function fileItem(answer, options, url) {
    const base64 = answer.base64 ?? totem.base64(answer.body ?? '');
    const name = fileName(answer, url);
    const binary = { data: base64,
        mimeType: typeOf(answer).split(';')[0] || 'application/octet-stream' };
    if (name !== undefined) {
        binary.fileName = name;
        if (name.includes('.')) binary.fileExtension = name.split('.').pop();
    }
    return {
        json: options.fullResponse ? meta(answer) : {},
        binary: { [options.outputPropertyName || 'data']: binary },
    };
}

const asObject = (value) => (values.isObject(value) ? value : { data: value });

/// The items that one answer gives.
function itemsOf(ctx, answer, options, url, itemIndex) {
    const pairedItem = items.paired(itemIndex);
    const format = formatOf(answer, options.responseFormat);
    if (format === 'file') return [{ ...fileItem(answer, options, url), pairedItem }];
    if (format === 'text') {
        const json = { [options.outputPropertyName || 'data']: textOf(answer) };
        return [{ json: options.fullResponse ? { ...json, ...meta(answer) } : json, pairedItem }];
    }
    const value = jsonOf(ctx, answer, itemIndex);
    if (options.fullResponse) return [{ json: { body: value, ...meta(answer) }, pairedItem }];
    if (!Array.isArray(value) || options.keepsArray) return [{ json: asObject(value), pairedItem }];
    return value.map((entry) => ({ json: asObject(entry), pairedItem }));
}

/// What n8n tells for a status when the node stops the workflow.
const kMessages = {
    400: 'Bad request - please check your parameters',
    401: 'Authorization failed - please check your credentials',
    402: 'Payment required - perhaps check your payment details?',
    403: 'Forbidden - perhaps check your credentials?',
    404: 'The resource you are requesting could not be found',
    405: 'Method not allowed - please check you are using the right HTTP method',
    429: 'The service is receiving too many requests from you',
    500: 'The service was not able to process your request',
    502: 'Bad gateway - the service failed to handle your request',
    503: 'Service unavailable - try again later or consider setting this node to retry ' +
        'automatically (in the node settings)',
    504: 'Gateway timed out - perhaps try again later?',
};

function descriptionOf(answer) {
    const body = bodyOf(answer);
    const text = values.isPlainObject(body)
        ? body.message ?? body.error?.message ?? body.error ?? body.detail : body;
    return values.asText(text ?? textOf(answer)).slice(0, 2000);
}

function statusError(ctx, answer, itemIndex) {
    const { status } = answer;
    return ctx.error(kMessages[status] ?? (status >= 500
        ? kMessages[500] : `Your request is invalid or could not be processed by the service`), {
        name: 'NodeApiError',
        itemIndex,
        description: descriptionOf(answer),
        httpCode: String(status),
    });
}

/// `json.error` of an item whose request failed while the workflow goes on.
function statusDetails(answer) {
    const text = `Request failed with status code ${answer.status}`;
    return {
        message: `${answer.status} - ${JSON.stringify(textOf(answer))}`,
        name: 'AxiosError',
        stack: `AxiosError: ${text}`,
        code: answer.status >= 500 ? 'ERR_BAD_RESPONSE' : 'ERR_BAD_REQUEST',
        status: answer.status,
    };
}

function networkDetails(error) {
    const details = { message: error.message, name: 'NodeApiError',
        stack: `NodeApiError: ${error.message}` };
    if (error.code !== undefined) details.code = error.code;
    return details;
}

const operationDetails = (error) => ({
    message: error.message, name: error.name, description: error.description, context: {},
});

function errorItem(error, details, itemIndex) {
    return { json: { error: details }, error, pairedItem: items.paired(itemIndex) };
}

totem.share('httpResponse', {
    bodyOf, errorItem, itemsOf, networkDetails, operationDetails, statusDetails, statusError,
    textOf,
});
