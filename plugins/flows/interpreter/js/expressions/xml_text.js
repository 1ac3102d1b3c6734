// XML to values and back, in the shape that flows expect: totem.shared.xml.
// An element's attributes stand beside its children (or under `attrkey`), its text under `charkey`.

const { fields, values } = totem.shared;

const kDepth = 500;

const fail = (message) => { throw totem.error(`The XML cannot be read: ${message}`); };

function decode(text) {
    return text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(amp|lt|gt|quot|apos));/gi,
        (all, hex, number, name) => {
            if (name) {
                return { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }[name.toLowerCase()];
            }
            const code = hex ? parseInt(hex, 16) : Number(number);
            return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '';
        });
}

function attributesOf(text) {
    const attributes = {};
    for (const match of text.matchAll(/([^\s=/]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)) {
        fields.set(attributes, match[1], decode(match[2] ?? match[3]), false);
    }
    return attributes;
}

/// Where the tag that opens at `from` ends; '>' inside quotes does not count.
function tagEnd(text, from) {
    let quote = '';
    for (let i = from; i < text.length; i++) {
        const sign = text[i];
        if (quote !== '') quote = sign === quote ? '' : quote;
        else if (sign === '"' || sign === "'") quote = sign;
        else if (sign === '>') return i;
    }
    return fail('a tag is not closed');
}

const skipTo = (text, mark, from) => {
    const end = text.indexOf(mark, from);
    return end < 0 ? fail(`'${mark}' is missing`) : end + mark.length;
};

/// {name, attributes, children: [element or text]}
function parseTree(source) {
    const text = source.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n');
    const root = { name: '', attributes: {}, children: [] };
    const open = [root];
    let at = 0;
    while (at < text.length) {
        const start = text.indexOf('<', at);
        const end = start < 0 ? text.length : start;
        if (end > at) open.at(-1).children.push(decode(text.slice(at, end)));
        if (start < 0) break;
        at = readMarkup(text, start, open);
        if (open.length > kDepth) fail(`it is nested deeper than ${kDepth} elements`);
    }
    if (open.length > 1) fail(`the element <${open.at(-1).name}> is not closed`);
    const elements = root.children.filter((child) => typeof child !== 'string');
    if (elements.length !== 1) fail(elements.length === 0 ? 'there is no element'
        : 'there is more than one root element');
    return elements[0];
}

function readMarkup(text, start, open) {
    if (text.startsWith('<!--', start)) return skipTo(text, '-->', start + 4);
    if (text.startsWith('<?', start)) return skipTo(text, '?>', start);
    if (text.startsWith('<![CDATA[', start)) {
        const end = skipTo(text, ']]>', start);
        open.at(-1).children.push(text.slice(start + 9, end - 3));
        return end;
    }
    const end = tagEnd(text, start);
    if (text[start + 1] === '!') return end + 1;
    const inside = text.slice(start + 1, end);
    if (inside[0] === '/') {
        const name = inside.slice(1).trim();
        if (open.length < 2 || open.at(-1).name !== name) fail(`</${name}> closes nothing`);
        open.pop();
        return end + 1;
    }
    const isEmpty = inside.endsWith('/');
    const body = isEmpty ? inside.slice(0, -1) : inside;
    const name = /^[^\s/]+/.exec(body)?.[0] ?? fail('a tag has no name');
    const element = { name, attributes: attributesOf(body.slice(name.length)), children: [] };
    open.at(-1).children.push(element);
    if (!isEmpty) open.push(element);
    return end + 1;
}

/// Adds a value under a name; a second one makes a list.
function add(object, name, value, isAlwaysList) {
    if (!Object.hasOwn(object, name)) fields.set(object, name, isAlwaysList ? [value] : value, false);
    else if (Array.isArray(object[name])) object[name].push(value);
    else fields.set(object, name, [object[name], value], false);
}

function valueOf(element, options) {
    const { attrkey = '$', charkey = '_' } = options;
    const nameOf = (name) => (options.normalizeTags ? name.toLowerCase() : name);
    const result = {};
    const attributes = options.ignoreAttrs ? [] : Object.entries(element.attributes);
    if (attributes.length > 0) {
        const target = options.mergeAttrs === false ? {} : result;
        for (const [name, value] of attributes) add(target, name, value, options.explicitArray);
        if (target !== result) fields.set(result, attrkey, target, false);
    }
    let text = '';
    for (const child of element.children) {
        if (typeof child === 'string') text += child;
        else add(result, nameOf(child.name), valueOf(child, options), options.explicitArray);
    }
    if (options.trim) text = text.trim();
    if (options.normalize) text = text.trim().replace(/\s+/g, ' ');
    const isBlank = text.trim() === '';
    if (Object.keys(result).length === 0) return isBlank ? '' : text;
    if (!isBlank) fields.set(result, charkey, text, false);
    return result;
}

function parse(text, options = {}) {
    const element = parseTree(text);
    const name = options.normalizeTags ? element.name.toLowerCase() : element.name;
    const value = valueOf(element, options);
    return options.explicitRoot === false ? value : fields.set({}, name, value, false);
}

// ---- writing

const escapeText = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
const escapeAttribute = (text) => escapeText(text).replaceAll('"', '&quot;');

function checkedName(name) {
    if (/^[\p{L}_:][\p{L}\p{N}_:.-]*$/u.test(name)) return name;
    throw totem.error(`'${name}' cannot be the name of an XML element`);
}

function content(text, options) {
    return options.cdata === true && /[&<>]/.test(text)
        ? `<![CDATA[${text.replaceAll(']]>', ']]]]><![CDATA[>')}]]>` : escapeText(text);
}

/// Lines of one element.
function lines(name, value, options, indent) {
    const { attrkey = '$', charkey = '_' } = options;
    const tag = checkedName(name);
    if (Array.isArray(value)) return value.flatMap((entry) => lines(name, entry, options, indent));
    if (!values.isPlainObject(value)) {
        const text = values.isMissing(value) ? '' : values.asText(value);
        return [text === '' ? `${indent}<${tag}/>`
            : `${indent}<${tag}>${content(text, options)}</${tag}>`];
    }
    const attributes = Object.entries(value[attrkey] ?? {}).map(([key, entry]) =>
        ` ${checkedName(key)}="${escapeAttribute(values.asText(entry))}"`).join('');
    const inner = Object.entries(value).filter(([key]) => key !== attrkey && key !== charkey)
        .flatMap(([key, entry]) => lines(key, entry, options, `${indent}  `));
    const text = value[charkey] === undefined ? '' : content(values.asText(value[charkey]), options);
    if (inner.length === 0) {
        return [text === '' ? `${indent}<${tag}${attributes}/>`
            : `${indent}<${tag}${attributes}>${text}</${tag}>`];
    }
    return [`${indent}<${tag}${attributes}>${text}`, ...inner, `${indent}</${tag}>`];
}

function build(object, options = {}) {
    const keys = Object.keys(object);
    const isRoot = keys.length === 1 && !options.rootName && !Array.isArray(object[keys[0]]);
    const [name, value] = isRoot ? [keys[0], object[keys[0]]] : [options.rootName || 'root', object];
    const body = lines(name, value, options, '').join('\n');
    return options.headless === true ? body
        : `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n${body}`;
}

totem.share('xml', { build, parse });
