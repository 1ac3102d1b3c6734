// HTML as Markdown: totem.shared.toMarkdown(html, options).

const { shared } = totem;

const kSkipped = new Set(['script', 'style', 'head', 'title', 'noscript', 'template', 'meta',
    'link', 'base']);
const kBlocks = new Set(['p', 'div', 'section', 'article', 'main', 'header', 'footer', 'nav', 'aside',
    'address', 'figure', 'form', 'fieldset', 'dl', 'dt', 'dd', 'body', 'html']);

class Writer {
    constructor(options) {
        this.options = options;
        this.text = '';
    }
    /// Whitespace between words; none after a line break.
    space() {
        if (!/\s$/.test(this.text)) this.text += ' ';
    }
    inline(text) {
        const body = text.replace(/\s+/g, ' ');
        if (body === ' ') return this.space();
        this.text += /\s$/.test(this.text) ? body.trimStart() : body;
        return undefined;
    }
    blank() {
        if (this.text === '' || this.text.endsWith('\n\n')) return;
        this.text = `${this.text.trim() === '' ? this.text : this.text.trimEnd()}\n\n`;
    }
    /// What `write` writes, as text of its own.
    capture(write) {
        const before = this.text;
        this.text = '';
        write();
        const made = this.text;
        this.text = before;
        return made;
    }
}

const inside = (writer, node) =>
    writer.capture(() => node.children.forEach((child) => visit(writer, child))).trim();

function surround(writer, node, mark) {
    const text = inside(writer, node);
    if (text !== '') writer.inline(mark + text + mark);
}

function heading(writer, node) {
    const text = inside(writer, node).replace(/\n+/g, ' ');
    if (text === '') return;
    writer.blank();
    writer.text += `${'#'.repeat(Number(node.tag[1]))} ${text}`;
    writer.blank();
}

function list(writer, node) {
    const isTop = !/\S$/.test(writer.text) || node.parent?.tag !== 'li';
    let number = Number(node.attributes.start ?? 1) || 1;
    const lines = [];
    for (const child of node.children) {
        if (typeof child === 'string' || child.tag !== 'li') continue;
        const mark = node.tag === 'ol' ? `${number}. ` : `${writer.options.bulletMarker ?? '*'} `;
        number += 1;
        lines.push(mark + inside(writer, child).replace(/\n+/g, `\n${' '.repeat(mark.length)}`));
    }
    if (isTop) writer.blank();
    else writer.text = `${writer.text.trimEnd()}\n`;
    writer.text += lines.join('\n');
    if (isTop) writer.blank();
}

function codeBlock(writer, node) {
    const code = node.children.find((child) => child.tag === 'code') ?? node;
    const language = /(?:^|\s)(?:language|lang)-(\S+)/.exec(code.attributes.class ?? '')?.[1] ?? '';
    const fence = writer.options.codeFence ?? '```';
    writer.blank();
    writer.text += `${fence}${language}\n${shared.markup.textContent(code).replace(/\n$/, '')}\n${fence}`;
    writer.blank();
}

function quote(writer, node) {
    const text = inside(writer, node);
    writer.blank();
    writer.text += text.split('\n').map((line) => `> ${line}`.trimEnd()).join('\n');
    writer.blank();
}

function link(writer, node) {
    const text = inside(writer, node);
    const { href, title } = node.attributes;
    if (href === undefined) return writer.inline(text);
    if (text === href && writer.options.useInlineLinks !== false) return writer.inline(`<${href}>`);
    return writer.inline(`[${text}](${href}${title ? ` "${title}"` : ''})`);
}

function image(writer, { attributes: { src = '', alt = '', title } }) {
    if (src.startsWith('data:') && writer.options.keepDataImages !== true) return;
    if (src !== '') writer.inline(`![${alt}](${src}${title ? ` "${title}"` : ''})`);
}

function table(writer, node) {
    const rows = shared.select(node, 'tr').map((row) => row.children
        .filter((cell) => cell.tag === 'td' || cell.tag === 'th')
        .map((cell) => inside(writer, cell).replace(/\n+/g, ' ').replaceAll('|', '\\|')));
    if (rows.length === 0) return;
    const line = (cells) => `| ${cells.join(' | ')} |`;
    writer.blank();
    writer.text += [line(rows[0]), line(rows[0].map(() => '---')),
        ...rows.slice(1).map(line)].join('\n');
    writer.blank();
}

const kWriters = {
    br: (writer) => { writer.text = `${writer.text.trimEnd()}  \n`; },
    hr(writer) { writer.blank(); writer.text += '---'; writer.blank(); },
    strong: (writer, node) => surround(writer, node, writer.options.strongDelimiter ?? '**'),
    em: (writer, node) => surround(writer, node, writer.options.emDelimiter ?? '_'),
    del: (writer, node) => surround(writer, node, '~~'),
    code: (writer, node) => writer.inline(`\`${shared.markup.textContent(node)}\``),
    pre: codeBlock, blockquote: quote, a: link, img: image, ul: list, ol: list, table,
};
Object.assign(kWriters, { b: kWriters.strong, i: kWriters.em, s: kWriters.del,
    strike: kWriters.del });

function visit(writer, node) {
    if (typeof node === 'string') return writer.inline(node);
    if (kSkipped.has(node.tag)) return undefined;
    if (/^h[1-6]$/.test(node.tag)) return heading(writer, node);
    if (Object.hasOwn(kWriters, node.tag)) return kWriters[node.tag](writer, node);
    const isBlock = kBlocks.has(node.tag);
    if (isBlock && node.tag !== 'html' && node.tag !== 'body') writer.blank();
    node.children.forEach((child) => visit(writer, child));
    if (isBlock) writer.blank();
    return undefined;
}

totem.share('toMarkdown', (html, options = {}) => {
    const writer = new Writer(options);
    shared.markup.parseFragment(html).children.forEach((child) => visit(writer, child));
    const most = Number(options.maxConsecutiveNewlines) || 3;
    return writer.text.trimEnd().replace(new RegExp(`\\n{${most + 1},}`, 'g'), '\n'.repeat(most));
});
