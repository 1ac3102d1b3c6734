// HTTP Request versions 1 and 2: their parameters in the shape of the later versions, so that one
// code serves all. totem.shared.modernHttp(params, version), params evaluated for one item.

const kOldCredentials = {
    basicAuth: 'httpBasicAuth', digestAuth: 'httpDigestAuth', headerAuth: 'httpHeaderAuth',
    queryAuth: 'httpQueryAuth', oAuth1: 'oAuth1Api', oAuth2: 'oAuth2Api',
};

const kFormats = { json: 'json', string: 'text', file: 'file' };

function authentication(params, version) {
    if (version >= 2 || params.authentication === 'none') {
        return { authentication: params.authentication };
    }
    return {
        authentication: 'genericCredentialType',
        genericAuthType: kOldCredentials[params.authentication] ?? params.authentication,
    };
}

/// sendX, specifyX and the two ways of giving X, for query, headers or body.
function part(params, name, target) {
    if (params.jsonParameters) {
        const json = params[`${name}ParametersJson`];
        return { [`send${target}`]: json !== undefined && json !== '',
            [`specify${target}`]: 'json', [`json${target}`]: json };
    }
    const list = params[`${name}ParametersUi`]?.parameter ?? [];
    return { [`send${target}`]: list.length > 0, [`specify${target}`]: 'keypair',
        [`${name}Parameters`]: { parameters: list } };
}

function body(params, options) {
    if (['GET', 'HEAD'].includes(params.requestMethod ?? 'GET')) return { sendBody: false };
    if (params.sendBinaryData) {
        const isMultipart = options.bodyContentType === 'multipart-form-data';
        const entries = String(params.binaryPropertyName ?? 'data').split(',').map((text) => {
            const [name, field] = text.includes(':') ? text.split(':') : ['file', text];
            return { parameterType: 'formBinaryData', name: name.trim(),
                inputDataFieldName: field.trim() };
        });
        return isMultipart
            ? { sendBody: true, contentType: 'multipart-form-data', specifyBody: 'keypair',
                bodyParameters: { parameters: entries } }
            : { sendBody: true, contentType: 'binaryData',
                inputDataFieldName: entries[0].inputDataFieldName };
    }
    const contentType = options.bodyContentType ?? 'json';
    if (contentType === 'raw') {
        const text = params.bodyParametersJson ?? '';
        return { sendBody: text !== '', contentType, body: text,
            rawContentType: options.bodyContentCustomMimeType ?? '' };
    }
    return { contentType, ...part(params, 'body', 'Body') };
}

totem.share('modernHttp', (params, version) => {
    const options = params.options ?? {};
    return {
        ...authentication(params, version),
        genericAuthType: params.genericAuthType,
        nodeCredentialType: params.nodeCredentialType,
        method: params.requestMethod,
        url: params.url,
        ...part(params, 'query', 'Query'),
        ...part(params, 'header', 'Headers'),
        ...body(params, options),
        ...(version < 2 ? authentication(params, version) : {}),
        options: {
            timeout: options.timeout,
            proxy: options.proxy,
            allowUnauthorizedCerts: params.allowUnauthorizedCerts,
            queryParameterArrays: options.useQueryString === true ? 'repeat' : undefined,
            redirect: { redirect: { followRedirects: options.followRedirect !== false } },
            batching: { batch: { batchSize: options.batchSize ?? 50,
                batchInterval: options.batchInterval ?? 1000 } },
            response: { response: {
                fullResponse: options.fullResponse === true,
                neverError: options.ignoreResponseCode === true,
                responseFormat: kFormats[params.responseFormat],
                outputPropertyName: params.dataPropertyName ?? 'data',
                keepsArray: options.splitIntoItems !== true,
            } },
        },
    };
});
