// HTML as plain text, laid out in paragraphs: totem.shared.markupText(node, {skips}).

/// Line breaks before and after a block.
const kBlocks = {
    p: [2, 2], pre: [2, 2], blockquote: [2, 2], ul: [2, 2], ol: [2, 2], table: [2, 2],
    h1: [3, 2], h2: [3, 2], h3: [3, 2], h4: [2, 2], h5: [2, 2], h6: [2, 2],
    address: [1, 1], article: [1, 1], aside: [1, 1], div: [1, 1], footer: [1, 1], form: [1, 1],
    header: [1, 1], main: [1, 1], nav: [1, 1], section: [1, 1], fieldset: [1, 1], li: [1, 1],
    tr: [1, 1], dl: [2, 2], dt: [1, 1], dd: [1, 1], figure: [1, 1], body: [0, 0],
};
const kSkipped = new Set(['script', 'style', 'head', 'title', 'noscript', 'template']);

class Writer {
    constructor() {
        this.text = '';
        this.breaks = 0;
        this.hasSpace = false;
        this.isUpper = 0;
    }
    lineBreaks(count) { this.breaks = Math.max(this.breaks, count); }
    word(text, isPre = false) {
        const leads = !isPre && /^\s/.test(text);
        const body = isPre ? text : text.trim().replace(/\s+/g, ' ');
        if (body === '') {
            this.hasSpace ||= text !== '';
            return;
        }
        this.flush(leads);
        this.text += this.isUpper > 0 ? body.toLocaleUpperCase() : body;
        this.hasSpace = !isPre && /\s$/.test(text);
    }
    flush(leads) {
        if (this.breaks > 0) {
            if (this.text !== '') this.text += '\n'.repeat(this.breaks);
        } else if ((leads || this.hasSpace) && this.text !== '' && !/\s$/.test(this.text)) {
            this.text += ' ';
        }
        this.breaks = 0;
        this.hasSpace = false;
    }
    newLine() {
        this.flush(false);
        this.text += '\n';
    }
}

function image(writer, { attributes }) {
    const { alt = '', src = '' } = attributes;
    writer.word([alt, src === '' ? '' : `[${src}]`].filter((part) => part !== '').join(' '));
}

function link(writer, node, skips) {
    const before = writer.text.length;
    children(writer, node, skips);
    const shown = writer.text.slice(before).trim();
    const href = (node.attributes.href ?? '').replace(/^mailto:/, '');
    if (href === '' || href === shown) return;
    writer.hasSpace = shown !== '';
    writer.word(shown === '' ? href : `[${href}]`);
}

function list(writer, node, skips) {
    let number = Number(node.attributes.start ?? 1) || 1;
    for (const child of node.children) {
        if (typeof child === 'string' || child.tag !== 'li' || skips.has(child)) continue;
        const prefix = node.tag === 'ol' ? `${number}. ` : '* ';
        number += 1;
        writer.lineBreaks(1);
        writer.word(` ${prefix}`, true);
        const at = writer.text.length;
        children(writer, child, skips);
        const inside = writer.text.slice(at);
        writer.text = writer.text.slice(0, at) +
            inside.trimStart().replaceAll('\n', `\n${' '.repeat(prefix.length + 1)}`);
    }
}

function children(writer, node, skips) {
    for (const child of node.children) visit(writer, child, skips);
}

function block(writer, node, skips) {
    const [before, after] = kBlocks[node.tag];
    writer.lineBreaks(before);
    writer.hasSpace = false;
    const isHeading = /^h[1-6]$/.test(node.tag);
    if (isHeading) writer.isUpper += 1;
    if (node.tag === 'ul' || node.tag === 'ol') list(writer, node, skips);
    else if (node.tag === 'pre') writer.word(totem.shared.markup.textContent(node), true);
    else children(writer, node, skips);
    if (isHeading) writer.isUpper -= 1;
    writer.lineBreaks(after);
}

function visit(writer, node, skips) {
    if (typeof node === 'string') return writer.word(node);
    if (kSkipped.has(node.tag) || skips.has(node)) return undefined;
    if (node.tag === 'br') return writer.newLine();
    if (node.tag === 'hr') {
        writer.lineBreaks(2);
        writer.word('-'.repeat(40));
        return writer.lineBreaks(2);
    }
    if (node.tag === 'img') return image(writer, node);
    if (node.tag === 'a') return link(writer, node, skips);
    if (node.tag === 'td' || node.tag === 'th') {
        children(writer, node, skips);
        writer.hasSpace = true;
        return undefined;
    }
    if (Object.hasOwn(kBlocks, node.tag)) return block(writer, node, skips);
    return children(writer, node, skips);
}

/// `skips` is a set of elements to leave out.
totem.share('markupText', (node, skips = new Set()) => {
    const writer = new Writer();
    children(writer, node, skips);
    return writer.text.trim();
});
