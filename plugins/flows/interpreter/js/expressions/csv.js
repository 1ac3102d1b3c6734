// Comma separated values: totem.shared.csv.parse(text, {delimiter}) gives rows of texts,
// write(rows, {delimiter}) text.

/// Quotes are honoured at the start of a field only.
function parse(text, { delimiter = ',' } = {}) {
    const rows = [];
    let row = [];
    let at = 0;
    const endRow = () => {
        if (row.length > 1 || row[0] !== '') rows.push(row);
        row = [];
    };
    while (at <= text.length) {
        const [field, end] = text[at] === '"' ? quoted(text, at) : bare(text, at, delimiter);
        row.push(field);
        at = end;
        if (text.startsWith(delimiter, at)) {
            at += delimiter.length;
            continue;
        }
        endRow();
        if (at >= text.length) break;
        at += text[at] === '\r' && text[at + 1] === '\n' ? 2 : 1;
        if (at >= text.length) break;
    }
    return rows;
}

function quoted(text, from) {
    let field = '';
    let at = from + 1;
    for (;;) {
        const end = text.indexOf('"', at);
        if (end < 0) return [field + text.slice(at), text.length];
        field += text.slice(at, end);
        if (text[end + 1] !== '"') return [field, end + 1];
        field += '"';
        at = end + 2;
    }
}

function bare(text, from, delimiter) {
    let at = from;
    while (at < text.length && text[at] !== '\n' && text[at] !== '\r' &&
        !text.startsWith(delimiter, at)) at += 1;
    return [text.slice(from, at), at];
}

function cell(value, delimiter) {
    const { asText, isMissing } = totem.shared.values;
    const text = isMissing(value) ? '' : asText(value);
    return text.includes(delimiter) || /["\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"`
        : text;
}

function write(rows, { delimiter = ',' } = {}) {
    return rows.map((row) => row.map((value) => cell(value, delimiter)).join(delimiter)).join('\n');
}

totem.share('csv', { parse, write });
