// Markdown as HTML: totem.shared.fromMarkdown(text, options). Options are those of the Markdown
// node: tables, strikethrough, tasklists, simpleLineBreaks, simplifiedAutoLink, …

const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
const escapeQuotes = (text) => text.replaceAll('"', '&quot;');

/// Finished pieces are kept aside, so that no later rule changes them.
class Pieces {
    #list = [];
    keep(html) {
        this.#list.push(html);
        return `\u0001${this.#list.length - 1}\u0002`;
    }
    restore(text) {
        let result = text;
        for (let round = 0; round < 10 && result.includes('\u0001'); round++) {
            result = result.replace(/\u0001(\d+)\u0002/g, (all, i) => this.#list[i]);
        }
        return result;
    }
}

function attributesOf(url, title, options) {
    const target = options.openLinksInNewWindow
        ? ' rel="noopener noreferrer" target="_blank"' : '';
    const shown = title === undefined ? '' : ` title="${escapeQuotes(escape(title))}"`;
    return `href="${escapeQuotes(url)}"${shown}${target}`;
}

const kLink = /\[([^[\]]*(?:\[[^[\]]*\][^[\]]*)*)\]\(\s*<?([^\s<>()]*(?:\([^\s()]*\))?[^\s<>()]*)>?(?:\s+"([^"]*)")?\s*\)/g;

function inline(text, options) {
    const pieces = new Pieces();
    let result = text
        .replace(/(`+)([^`]|[^`][\s\S]*?[^`])\1(?!`)/g, (all, ticks, code) =>
            pieces.keep(`<code>${escape(code.trim())}</code>`))
        .replace(/\\([\\`*_{}[\]()#+\-.!~|>])/g, (all, sign) => pieces.keep(escape(sign)))
        .replace(/!\[([^\]]*)\]\(\s*<?([^\s<>()]+)>?(?:\s+"([^"]*)")?\s*\)/g,
            (all, alt, url, title) => pieces.keep(`<img src="${escapeQuotes(url)}" alt="` +
                `${escapeQuotes(alt)}"${title === undefined ? '' : ` title="${escapeQuotes(title)}"`} />`))
        .replace(kLink, (all, shown, url, title) => pieces.keep(
            `<a ${attributesOf(url, title, options)}>`) + shown + pieces.keep('</a>'))
        .replace(/<((?:https?|ftp):\/\/[^\s>]+)>/g, (all, url) =>
            pieces.keep(`<a ${attributesOf(url, undefined, options)}>${escape(url)}</a>`))
        .replace(/<([\w.+-]+@[\w-]+\.[\w.-]+)>/g, (all, address) =>
            pieces.keep(`<a href="mailto:${address}">${address}</a>`))
        .replace(/<\/?[a-zA-Z][^<>]*>/g, (tag) => pieces.keep(tag));
    if (options.simplifiedAutoLink) {
        result = result.replace(/\b(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)])/g, (url) =>
            pieces.keep(`<a ${attributesOf(url, undefined, options)}>${escape(url)}</a>`));
    }
    result = result.replace(/&(?!#?\w+;)/g, '&amp;').replaceAll('<', '&lt;')
        .replace(/(\*\*\*|___)(?=\S)([^\n]*?\S)\1/g, '<strong><em>$2</em></strong>')
        .replace(/(\*\*|__)(?=\S)([^\n]*?\S)\1/g, '<strong>$2</strong>')
        .replace(options.literalMidWordUnderscores ? /(\*)(?=\S)([^\n*]*?\S)\1/g
            : /(\*|_)(?=\S)([^\n*_]*?\S)\1/g, '<em>$2</em>');
    if (options.strikethrough) result = result.replace(/~~(?=\S)([^\n]*?\S)~~/g, '<del>$1</del>');
    if (options.ellipsis !== false) result = result.replaceAll('...', '…');
    result = options.simpleLineBreaks ? result.replace(/ *\n/g, '<br />\n')
        : result.replace(/ {2,}\n/g, '<br />\n');
    return pieces.restore(result);
}

function headingId(text, options, used) {
    if (options.noHeaderId) return '';
    const plain = text.replace(/<[^>]*>/g, '');
    let id = options.ghCompatibleHeaderId
        ? plain.toLowerCase().replace(/ /g, '-').replace(/[^\p{L}\p{N}_-]/gu, '')
        : plain.toLowerCase().replace(/[^\p{L}\p{N}_]/gu, '').replace(/[^\w]/g, '');
    if (options.prefixHeaderId) id = String(options.prefixHeaderId) + id;
    const count = used.get(id) ?? 0;
    used.set(id, count + 1);
    return ` id="${count > 0 ? `${id}-${count}` : id}"`;
}

const kListItem = /^( {0,3})([*+-]|\d{1,9}[.)])\s+(.*)$/;
const kBlockTag = /^<(\/?)(address|article|aside|blockquote|details|div|dl|fieldset|figure|footer|form|h[1-6]|header|hr|iframe|main|nav|noscript|ol|p|pre|script|section|style|summary|table|ul|video)\b/i;
const isBlank = (line) => line.trim() === '';

class Reader {
    constructor(lines, options, used) {
        this.lines = lines;
        this.at = 0;
        this.options = options;
        this.used = used;
    }
    get line() { return this.lines[this.at]; }
    take(accept) {
        const taken = [];
        while (this.at < this.lines.length && accept(this.line, taken.length)) {
            taken.push(this.line);
            this.at += 1;
        }
        return taken;
    }
    nested(lines) { return new Reader(lines, this.options, this.used).blocks(); }
    blocks() {
        const made = [];
        while (this.at < this.lines.length) {
            if (isBlank(this.line)) this.at += 1;
            else made.push(this.block());
        }
        return made.join('\n');
    }
    block() {
        return this.fence() ?? this.heading() ?? this.rule() ?? this.quote() ?? this.list() ??
            this.html() ?? this.indented() ?? this.table() ?? this.paragraph();
    }
    fence() {
        const open = /^ {0,3}(`{3,}|~{3,})\s*([^\s`]*)/.exec(this.line);
        if (open === null || this.options.ghCodeBlocks === false) return undefined;
        this.at += 1;
        const code = this.take((line) => !line.trim().startsWith(open[1]));
        this.at += 1;
        const kind = open[2] === '' ? '' : ` class="${escapeQuotes(open[2])} language-` +
            `${escapeQuotes(open[2])}"`;
        return `<pre><code${kind}>${escape(code.join('\n'))}\n</code></pre>`;
    }
    heading() {
        const hash = /^(#{1,6})(\s*)(.+?)\s*#*\s*$/.exec(this.line);
        const mayTouch = this.options.requireSpaceBeforeHeadingText !== true;
        if (hash !== null && (hash[2] !== '' || mayTouch)) {
            this.at += 1;
            return this.headingHtml(hash[1].length, hash[3]);
        }
        const under = /^(=+|-+)\s*$/.exec(this.lines[this.at + 1] ?? '');
        if (under === null || kListItem.test(this.line)) return undefined;
        const text = this.line.trim();
        this.at += 2;
        return this.headingHtml(under[1][0] === '=' ? 1 : 2, text);
    }
    headingHtml(level, text) {
        const start = Number(this.options.headerLevelStart ?? 1) || 1;
        const tag = `h${Math.min(6, level + start - 1)}`;
        const html = inline(text, this.options);
        return `<${tag}${headingId(html, this.options, this.used)}>${html}</${tag}>`;
    }
    rule() {
        if (!/^ {0,2}(?:(?:\* ?){3,}|(?:- ?){3,}|(?:_ ?){3,})\s*$/.test(this.line)) return undefined;
        this.at += 1;
        return '<hr />';
    }
    quote() {
        if (!/^ {0,3}>/.test(this.line)) return undefined;
        const lines = this.take((line) => !isBlank(line));
        return `<blockquote>\n  ${this.nested(lines.map((line) =>
            line.replace(/^ {0,3}> ?/, '')))}\n</blockquote>`;
    }
    list() {
        const first = kListItem.exec(this.line);
        if (first === null) return undefined;
        const isOrdered = /\d/.test(first[2]);
        const entries = [];
        let isLoose = false;
        while (this.at < this.lines.length) {
            const item = kListItem.exec(this.line);
            if (item === null || /\d/.test(item[2]) !== isOrdered) break;
            this.at += 1;
            const more = this.take((line, i) => !kListItem.test(line) && (!isBlank(line) ||
                /^\s{2,}\S/.test(this.lines[this.at + 1] ?? '')));
            entries.push([item[3], ...more.map((line) => line.replace(/^ {1,4}|^\t/, ''))]);
            const next = kListItem.exec(this.lines[this.at + 1] ?? '');
            if (next !== null && isBlank(this.line) && /\d/.test(next[2]) === isOrdered) {
                isLoose = true;
                this.at += 1;
            }
        }
        const tag = isOrdered ? 'ol' : 'ul';
        return `<${tag}>\n${entries.map((lines) => this.listItem(lines, isLoose)).join('\n')}\n</${tag}>`;
    }
    listItem(lines, isLoose) {
        const task = this.options.tasklists ? /^\[([ xX])\]\s+/.exec(lines[0]) : null;
        const own = task === null ? lines : [lines[0].slice(task[0].length), ...lines.slice(1)];
        const box = task === null ? '' : '<input type="checkbox" disabled style="margin: 0px 0.35em ' +
            `0.25em -1.6em; vertical-align: middle;"${task[1] === ' ' ? '' : ' checked'}> `;
        const kind = task === null ? '' : ' class="task-list-item" style="list-style-type: none;"';
        const isPlain = !isLoose && own.every((line) => !isBlank(line) && !kListItem.test(line));
        if (isPlain) return `<li${kind}>${box}${inline(own.join('\n'), this.options)}</li>`;
        if (isLoose) return `<li${kind}>${box}${this.nested(own)}</li>`;
        const inner = own.findIndex((line) => kListItem.test(line) || isBlank(line));
        const head = inline(own.slice(0, inner).join('\n'), this.options);
        return `<li${kind}>${box}${head}${this.nested(own.slice(inner))}</li>`;
    }
    html() {
        if (!kBlockTag.test(this.line) && !this.line.startsWith('<!--')) return undefined;
        return this.take((line) => !isBlank(line)).join('\n');
    }
    indented() {
        if (!/^(?: {4}|\t)/.test(this.line)) return undefined;
        const lines = this.take((line) => isBlank(line) || /^(?: {4}|\t)/.test(line));
        const code = lines.map((line) => line.replace(/^(?: {4}|\t)/, '')).join('\n').trimEnd();
        return `<pre><code>${escape(code)}\n</code></pre>`;
    }
    table() {
        const isRuler = /^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/;
        const isTable = this.options.tables && this.line.includes('|') &&
            isRuler.test(this.lines[this.at + 1] ?? '');
        if (!isTable) return undefined;
        const cells = (line) => line.trim().replace(/^\||\|$/g, '').split('|')
            .map((cell) => inline(cell.trim(), this.options));
        const head = cells(this.line);
        const align = this.lines[this.at + 1].trim().replace(/^\||\|$/g, '').split('|')
            .map((rule) => (/^\s*:.*:\s*$/.test(rule) ? 'center' : /:\s*$/.test(rule) ? 'right'
                : /^\s*:/.test(rule) ? 'left' : ''));
        this.at += 2;
        const rows = this.take((line) => !isBlank(line) && line.includes('|')).map(cells);
        const style = (i) => (align[i] ? ` style="text-align:${align[i]};"` : '');
        const row = (list, tag) => `<tr>\n${head.map((_, i) =>
            `<${tag}${style(i)}>${list[i] ?? ''}</${tag}>`).join('\n')}\n</tr>`;
        return `<table>\n<thead>\n${row(head, 'th')}\n</thead>\n<tbody>\n` +
            `${rows.map((list) => row(list, 'td')).join('\n')}\n</tbody>\n</table>`;
    }
    paragraph() {
        const lines = this.take((line, count) => !isBlank(line) && (count === 0 ||
            !(/^#{1,6}\s/.test(line) || /^ {0,3}(?:`{3}|~{3}|>)/.test(line) || kBlockTag.test(line))));
        const text = lines.join('\n').replace(/^\s+|\s+$/g, '').replace(/\n[ \t]+/g, '\n');
        return `<p>${inline(text, this.options)}</p>`;
    }
}

totem.share('fromMarkdown', (text, options = {}) => {
    const clean = text.replace(/\r\n?/g, '\n').replace(/[\u0001\u0002]/g, '');
    const html = new Reader(clean.split('\n'), options, new Map()).blocks();
    if (options.completeHTMLDocument !== true) return html;
    return '<!DOCTYPE HTML>\n<html>\n<head>\n<meta charset="utf-8">\n</head>\n<body>\n' +
        `${html}\n</body>\n</html>`;
});
