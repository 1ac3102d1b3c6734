// Reads HTML into a tree, as browsers do where it matters: totem.shared.markup.
// A node is a string or {tag, attributes, children, parent}.

const kVoid = new Set(['area', 'base', 'br', 'col', 'embed', 'hr', 'img', 'input', 'link', 'meta',
    'param', 'source', 'track', 'wbr']);
const kRaw = new Set(['script', 'style', 'textarea', 'title', 'noscript', 'iframe', 'xmp']);
const kHead = new Set(['title', 'meta', 'link', 'script', 'style', 'base', 'noscript']);

/// Start tags that close an open element: by tag, what they close.
const kCloses = {
    li: ['li'], dt: ['dt', 'dd'], dd: ['dt', 'dd'], option: ['option'], optgroup: ['option'],
    tr: ['tr', 'td', 'th'], td: ['td', 'th'], th: ['td', 'th'],
    tbody: ['thead', 'tr', 'td', 'th'], thead: [], tfoot: ['tbody', 'tr', 'td', 'th'],
};
const kClosesParagraph = new Set(['address', 'article', 'aside', 'blockquote', 'div', 'dl',
    'fieldset', 'figure', 'footer', 'form', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'header', 'hr',
    'main', 'nav', 'ol', 'p', 'pre', 'section', 'table', 'ul']);
/// Implied ends do not reach beyond these.
const kBoundary = new Set(['table', 'ul', 'ol', 'dl', 'select', 'body', 'html', '#root']);

const kEntities = {
    amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0', copy: '©', reg: '®',
    trade: '™', hellip: '…', mdash: '—', ndash: '–', lsquo: '‘', rsquo: '’', ldquo: '“',
    rdquo: '”', laquo: '«', raquo: '»', bull: '•', middot: '·', euro: '€', pound: '£', yen: '¥',
    cent: '¢', deg: '°', times: '×', divide: '÷', iexcl: '¡', iquest: '¿', ordf: 'ª', ordm: 'º',
    aacute: 'á', eacute: 'é', iacute: 'í', oacute: 'ó', uacute: 'ú', ntilde: 'ñ', uuml: 'ü',
    Aacute: 'Á', Eacute: 'É', Iacute: 'Í', Oacute: 'Ó', Uacute: 'Ú', Ntilde: 'Ñ', Uuml: 'Ü',
    agrave: 'à', egrave: 'è', ccedil: 'ç', auml: 'ä', ouml: 'ö', Auml: 'Ä', Ouml: 'Ö', szlig: 'ß',
    acirc: 'â', ecirc: 'ê', icirc: 'î', ocirc: 'ô', ucirc: 'û', larr: '←', rarr: '→',
};

function decode(text) {
    if (!text.includes('&')) return text;
    return text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|([a-z0-9]{2,8}));/gi,
        (all, hex, number, name) => {
            if (name !== undefined) return Object.hasOwn(kEntities, name) ? kEntities[name] : all;
            const code = hex !== undefined ? parseInt(hex, 16) : Number(number);
            return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
        });
}

const element = (tag, attributes = {}, parent = null) =>
    ({ tag, attributes, children: [], parent });

/// Attributes of a start tag, from `at`; gives them and where the tag ends.
function readAttributes(text, at) {
    const attributes = {};
    const pattern = /\s*(?:(\/?>)|([^\s=>/][^\s=>/]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]*)))?|\/)/y;
    pattern.lastIndex = at;
    for (;;) {
        const match = pattern.exec(text);
        if (match === null) return { attributes, end: text.length, isClosed: false };
        if (match[1] !== undefined) {
            return { attributes, end: pattern.lastIndex, isClosed: match[1] === '/>' };
        }
        if (match[2] === undefined) continue;
        const name = match[2].toLowerCase();
        if (!Object.hasOwn(attributes, name) && name !== '__proto__') {
            attributes[name] = decode(match[3] ?? match[4] ?? match[5] ?? '');
        }
    }
}

class Builder {
    constructor() {
        this.root = element('#root');
        this.open = [this.root];
    }
    get current() { return this.open.at(-1); }
    text(value) {
        const { children } = this.current;
        if (value === '') return;
        if (typeof children.at(-1) === 'string') children[children.length - 1] += value;
        else children.push(value);
    }
    start(tag, attributes, isEmpty) {
        if (kClosesParagraph.has(tag)) this.closeImplied(['p']);
        this.closeImplied(kCloses[tag] ?? []);
        const made = element(tag, attributes, this.current);
        this.current.children.push(made);
        if (!isEmpty && !kVoid.has(tag)) this.open.push(made);
    }
    closeImplied(tags) {
        for (let i = this.open.length - 1; i > 0 && !kBoundary.has(this.open[i].tag); i--) {
            if (tags.includes(this.open[i].tag)) this.open.length = i;
        }
    }
    end(tag) {
        const at = this.open.findLastIndex((node) => node.tag === tag);
        if (at > 0) this.open.length = at;
    }
}

/// Offset of `</tag`, however it is written, or the end of the text.
function rawEnd(text, tag, from) {
    const pattern = new RegExp(`</${tag}[\\s>/]`, 'gi');
    pattern.lastIndex = from;
    return pattern.exec(text)?.index ?? text.length;
}

function parseFragment(text) {
    const builder = new Builder();
    const source = text.replace(/\r\n?/g, '\n');
    let at = 0;
    while (at < source.length) {
        const open = source.indexOf('<', at);
        if (open < 0) break;
        builder.text(decode(source.slice(at, open)));
        at = markup(builder, source, open);
    }
    builder.text(decode(source.slice(at)));
    return builder.root;
}

/// Handles what begins with the '<' at `open`; gives where it ends.
function markup(builder, source, open) {
    if (source.startsWith('<!--', open)) {
        const end = source.indexOf('-->', open + 4);
        return end < 0 ? source.length : end + 3;
    }
    if (source[open + 1] === '!' || source[open + 1] === '?') {
        const end = source.indexOf('>', open);
        return end < 0 ? source.length : end + 1;
    }
    const name = /^<(\/?)([a-z][^\s/>]*)/i.exec(source.slice(open, open + 200));
    if (name === null) {
        builder.text('<');
        return open + 1;
    }
    const tag = name[2].toLowerCase();
    if (name[1] === '/') {
        builder.end(tag);
        const end = source.indexOf('>', open);
        return end < 0 ? source.length : end + 1;
    }
    const { attributes, end, isClosed } = readAttributes(source, open + name[0].length);
    builder.start(tag, attributes, isClosed && kVoid.has(tag));
    if (!kRaw.has(tag)) return end;
    const stop = rawEnd(source, tag, end);
    const inside = source.slice(end, stop);
    builder.text(tag === 'textarea' || tag === 'title' ? decode(inside) : inside);
    return stop;
}

function adopt(parent, node) {
    if (typeof node !== 'string') node.parent = parent;
    parent.children.push(node);
}

/// A whole document: html, head and body are there even if the text has none of them.
function parseDocument(text) {
    const fragment = parseFragment(text);
    const root = element('#root');
    const found = fragment.children.find((node) => node.tag === 'html');
    const html = element('html', found?.attributes ?? {}, root);
    root.children.push(html);
    const head = element('head', {}, html);
    const body = element('body', {}, html);
    let isBody = false;
    const place = (node) => {
        if (typeof node !== 'string' && node.tag === 'html') return node.children.forEach(place);
        if (node.tag === 'head') return node.children.forEach((child) => adopt(head, child));
        if (node.tag === 'body') {
            body.attributes = { ...node.attributes };
            isBody = true;
            return node.children.forEach((child) => adopt(body, child));
        }
        const isBlank = typeof node === 'string' && node.trim() === '';
        if (!isBody && (isBlank || kHead.has(node.tag))) {
            return isBlank ? undefined : adopt(head, node);
        }
        isBody = true;
        return adopt(body, node);
    };
    fragment.children.forEach(place);
    html.children.push(head, body);
    return root;
}

const escapeText = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;').replaceAll('\u00a0', '&nbsp;');
const escapeAttribute = (text) => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;')
    .replaceAll('\u00a0', '&nbsp;');

function serialize(node) {
    if (typeof node === 'string') {
        return escapeText(node);
    }
    const attributes = Object.entries(node.attributes)
        .map(([name, value]) => ` ${name}="${escapeAttribute(value)}"`).join('');
    const inside = inner(node);
    return `<${node.tag}${attributes}>${kVoid.has(node.tag) ? '' : `${inside}</${node.tag}>`}`;
}

function inner(node) {
    const isRaw = kRaw.has(node.tag) && node.tag !== 'textarea' && node.tag !== 'title';
    return node.children.map((child) =>
        (isRaw && typeof child === 'string' ? child : serialize(child))).join('');
}

const textContent = (node) => (typeof node === 'string' ? node
    : node.children.map(textContent).join(''));

totem.share('markup', { decode, escapeText, inner, parseDocument, parseFragment, serialize,
    textContent });
