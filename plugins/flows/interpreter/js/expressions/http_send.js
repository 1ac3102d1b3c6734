// From the parameters of HTTP Request, evaluated for one item, to the request that the daemon
// sends: totem.shared.httpRequest(ctx, params, itemIndex, page).

const { values } = totem.shared;

/// Accept headers by expected format.
const kAccept = {
    json: 'application/json,text/*;q=0.99',
    text: 'application/json,text/html,application/xhtml+xml,application/xml,text/*;q=0.9, */*;q=0.1',
    any: 'application/json,text/html,application/xhtml+xml,application/xml,text/*;q=0.9, ' +
        'image/*;q=0.8, */*;q=0.7',
};

const kTimeout = 300000;
const kRedirects = 21;

const kNone = Object.freeze([]);
const kNoContent = Object.freeze({});
const kFirstPage = Object.freeze({});

function jsonObject(ctx, value, itemIndex) {
    if (typeof value !== 'string') return value ?? {};
    if (value.trim() === '') return {};
    try {
        return JSON.parse(value);
    } catch {
        throw ctx.error('JSON parameter needs to be valid JSON', { itemIndex });
    }
}

const named = (list) => (list ?? []).filter((entry) => values.asText(entry.name ?? '') !== '');

/// [[name, value]] from pairs or JSON.
function entries(ctx, specify, list, json, itemIndex) {
    if (specify === 'json') return Object.entries(jsonObject(ctx, json, itemIndex));
    return named(list).map((entry) => [values.asText(entry.name), entry.value]);
}

const encode = encodeURIComponent;

/// `pairs` with those of a page, which replace others of the same name.
function withPage(pairs, page) {
    if (page.length === 0) return pairs;
    const names = new Set(page.map(([name]) => name));
    return [...pairs.filter(([name]) => !names.has(name)), ...page];
}

/// One query parameter as 'a=1' parts; lists and objects in the asked notation.
function queryParts(name, value, arrays) {
    if (value === undefined) return [];
    if (Array.isArray(value)) {
        return value.flatMap((entry, i) => queryParts(
            arrays === 'repeat' ? name : `${name}[${arrays === 'indices' ? i : ''}]`, entry, arrays));
    }
    if (values.isPlainObject(value)) {
        return Object.entries(value)
            .flatMap(([key, entry]) => queryParts(`${name}[${key}]`, entry, arrays));
    }
    const text = value === null ? '' : values.asText(value);
    return [`${encode(name)}=${encode(text)}`];
}

/// The URL with more parameters behind those that it has.
function withQuery(url, pairs, arrays) {
    if (pairs.length === 0) return url;
    const parts = pairs.flatMap(([name, value]) => queryParts(name, value, arrays));
    if (parts.length === 0) return url;
    const [, before, hash] = /^([^#]*)(#.*)?$/s.exec(url);
    const glue = !before.includes('?') ? '?' : /[?&]$/.test(before) ? '' : '&';
    return before + glue + parts.join('&') + (hash ?? '');
}

function binaryOf(ctx, name, itemIndex) {
    const binary = ctx.items[itemIndex].binary?.[name];
    if (binary !== undefined) return binary;
    throw ctx.error(`This operation expects the node's input data to contain a binary file ` +
        `'${name}', but none was found [item ${itemIndex}]`, { itemIndex });
}

function multipart(ctx, params, page, itemIndex) {
    const parts = named(params.bodyParameters?.parameters).map((entry) => {
        const name = values.asText(entry.name);
        if (entry.parameterType !== 'formBinaryData') {
            return { name, value: values.asText(entry.value ?? '') };
        }
        const binary = binaryOf(ctx, entry.inputDataFieldName, itemIndex);
        return { name, base64: binary.data, fileName: binary.fileName,
            mimeType: binary.mimeType };
    });
    const names = new Set(page.map(([name]) => name));
    const more = page.map(([name, value]) => ({ name, value: values.asText(value) }));
    return { parts: [...parts.filter((part) => !names.has(part.name)), ...more] };
}

function form(ctx, params, page, itemIndex) {
    const type = 'application/x-www-form-urlencoded';
    if (params.specifyBody === 'string') {
        const more = page.flatMap(([name, value]) => queryParts(name, value, 'repeat'));
        return { type, body: [values.asText(params.body ?? ''), ...more].join('&') };
    }
    const pairs = entries(ctx, params.specifyBody, params.bodyParameters?.parameters,
        params.jsonBody, itemIndex);
    const parts = withPage(pairs, page).flatMap(([name, value]) => queryParts(name, value, 'indices'));
    return { type, body: parts.join('&').replaceAll('%20', '+') };
}

function json(ctx, params, page, itemIndex) {
    const pairs = (list) => Object.fromEntries(list);
    const value = params.specifyBody === 'json' ? jsonObject(ctx, params.jsonBody, itemIndex)
        : pairs(entries(ctx, 'keypair', params.bodyParameters?.parameters, '', itemIndex));
    const full = page.length > 0 && values.isPlainObject(value) ? { ...value, ...pairs(page) }
        : value;
    return { type: 'application/json', body: JSON.stringify(full) };
}

/// {type, body | bodyBase64 | parts}
function body(ctx, params, page, itemIndex) {
    switch (params.contentType ?? 'json') {
        case 'json': return json(ctx, params, page, itemIndex);
        case 'form-urlencoded': return form(ctx, params, page, itemIndex);
        case 'multipart-form-data': return multipart(ctx, params, page, itemIndex);
        case 'binaryData': {
            const binary = binaryOf(ctx, params.inputDataFieldName, itemIndex);
            return { type: binary.mimeType ?? 'application/octet-stream',
                bodyBase64: binary.data };
        }
        default:
            return { type: params.rawContentType || 'text/plain',
                body: values.asText(params.body ?? '') };
    }
}

function credential(ctx, params, itemIndex) {
    if (params.authentication === 'none') return undefined;
    const type = { predefinedCredentialType: params.nodeCredentialType,
        genericCredentialType: params.genericAuthType }[params.authentication];
    if (type === undefined) return undefined;
    const reference = ctx.node.credentials?.[type];
    if (reference === undefined) {
        throw ctx.error(`Node does not have any credentials set for '${type}'`, { itemIndex });
    }
    const use = params.authentication === 'genericCredentialType' ? 'generic' : 'predefined';
    return { type, id: reference.id, name: reference.name, use };
}

function checkedUrl(ctx, url, itemIndex) {
    if (typeof url !== 'string') {
        throw ctx.error(`URL parameter must be a string, got ${values.typeName(url)}`,
            { itemIndex });
    }
    if (/^https?:\/\/[^/?#]/i.test(url.trim())) return url.trim();
    throw ctx.error(`Invalid URL: ${url}. URL must start with "http" or "https".`, { itemIndex });
}

/// The parameters that headers() reads.
const kHeaderParameters = ['sendHeaders', 'specifyHeaders', 'headerParameters', 'jsonHeaders', 'options'];

/// Often the same for every request of the node: then made once. Never change the list.
function headers(ctx, params, page, type, format, itemIndex) {
    const make = () => freshHeaders(ctx, params, page, type, format, itemIndex);
    const isFixed = page.length === 0 && ctx.keep('headers are fixed', () =>
        ctx.version >= 3 && kHeaderParameters.every((path) => ctx.isConstant(path)));
    return isFixed ? ctx.keep(`headers ${type} ${format}`, make) : make();
}

function freshHeaders(ctx, params, page, type, format, itemIndex) {
    const list = [];
    if (params.sendHeaders) {
        list.push(...entries(ctx, params.specifyHeaders, params.headerParameters?.parameters,
            params.jsonHeaders, itemIndex));
    }
    const isLowered = params.options?.lowercaseHeaders !== false;
    const made = withPage(list, page).filter(([, value]) => !values.isMissing(value))
        .map(([name, value]) => [isLowered ? name.toLowerCase() : name, values.asText(value)]);
    const has = (wanted) => made.some(([name]) => name.toLowerCase() === wanted);
    if (type !== undefined && !has('content-type')) made.push(['content-type', type]);
    if (!has('accept')) made.push(['accept', kAccept[format] ?? kAccept.any]);
    return made;
}

/// `page` adds {url, qs, headers, body} of a pagination: a URL and lists of [name, value].
totem.share('httpRequest', (ctx, params, itemIndex, page = kFirstPage) => {
    const options = params.options ?? {};
    const format = options.response?.response?.responseFormat;
    const redirect = options.redirect?.redirect ?? {};
    const pairs = params.sendQuery ? entries(ctx, params.specifyQuery,
        params.queryParameters?.parameters, params.jsonQuery, itemIndex) : kNone;
    const isSent = params.sendBody || (page.body ?? kNone).length > 0;
    const content = isSent ? body(ctx, params, page.body ?? kNone, itemIndex) : kNoContent;
    const url = checkedUrl(ctx, page.url ?? params.url, itemIndex);
    // A next URL brings its own values of the parameters.
    const missing = page.url === undefined ? pairs
        : pairs.filter(([name]) => !url.includes(`${encode(name)}=`));
    return {
        kind: 'http',
        item: itemIndex,
        method: params.method ?? 'GET',
        url: withQuery(url, withPage(missing, page.qs ?? kNone),
            options.queryParameterArrays ?? 'brackets'),
        headers: headers(ctx, params, page.headers ?? kNone, content.type, format, itemIndex),
        body: content.body,
        bodyBase64: content.bodyBase64,
        parts: content.parts,
        timeout: Number(options.timeout) || kTimeout,
        redirects: redirect.followRedirects === false ? 0
            : Number(redirect.maxRedirects) || kRedirects,
        insecure: options.allowUnauthorizedCerts === true || undefined,
        proxy: options.proxy || undefined,
        credential: credential(ctx, params, itemIndex),
        binary: format === 'file' ? true : format === undefined || format === 'autodetect'
            ? 'auto' : undefined,
    };
});
