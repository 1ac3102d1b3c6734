// Convert to File: items or one of their fields as a file (CSV, JSON, text, decoded base64, HTML).

const { csv, fields, items, markup, values } = totem.shared;

const kTypes = {
    csv: ['text/csv', 'csv'], toJson: ['application/json', 'json'], toText: ['text/plain', 'txt'],
    html: ['text/html', 'html'],
};

function file(base64, options, type, extension) {
    const fileName = options.fileName || (extension ? `file.${extension}` : 'file');
    const size = Math.floor((base64.replace(/=+$/, '').length * 3) / 4);
    return {
        mimeType: options.mimeType || type, data: base64, fileName,
        fileExtension: /\.([^.]+)$/.exec(fileName)?.[1] ?? extension,
        fileSize: size < 1024 ? `${size} B` : `${(size / 1024).toPrecision(3)} kB`,
    };
}

const everyItem = (ctx) => ctx.items.map((item, i) => items.paired(i));

const columnsOf = (ctx) => [...new Set(ctx.items.flatMap((item) => Object.keys(item.json)))];

function csvText(ctx, options) {
    const columns = columnsOf(ctx);
    const rows = ctx.items.map((item) => columns.map((name) => item.json[name]));
    const head = options.headerRow === false ? [] : [columns];
    return `\ufeff${csv.write([...head, ...rows], { delimiter: options.delimiter || ',' })}\n`;
}

function htmlText(ctx) {
    const columns = columnsOf(ctx);
    const row = (list, tag) => `<tr>${list.map((value) =>
        `<${tag}>${markup.escapeText(values.isMissing(value) ? '' : values.asText(value))}</${tag}>`)
        .join('')}</tr>`;
    return `<table>${row(columns, 'th')}${ctx.items.map((item) =>
        row(columns.map((name) => item.json[name]), 'td')).join('')}</table>`;
}

const jsonText = (value, options) => JSON.stringify(value, null, options.format === true ? 2 : 0);

function withFile(ctx, text, options, operation, pairedItem) {
    const [type, extension] = kTypes[operation];
    const name = ctx.get('binaryPropertyName', 0) || 'data';
    return { json: {}, binary: { [name]: file(totem.base64(text), options, type, extension) },
        pairedItem };
}

function wholeFile(ctx, operation, options) {
    const write = { csv: () => csvText(ctx, options), html: () => htmlText(ctx),
        toJson: () => jsonText(ctx.items.map((item) => item.json), options) }[operation];
    return [[withFile(ctx, write(), options, operation, everyItem(ctx))]];
}

function sourceText(ctx, item, itemIndex) {
    const name = ctx.get('sourceProperty', itemIndex);
    const value = fields.get(item.json, name);
    if (value === undefined) {
        throw ctx.error(`The value in "${name}" is not set`, { itemIndex,
            description: `Check that the field '${name}' is there [item ${itemIndex}].` });
    }
    return values.asText(value);
}

function decoded(ctx, item, itemIndex, options) {
    const text = sourceText(ctx, item, itemIndex).replace(/^data:[^,]*,/, '');
    const base64 = options.dataIsBase64 === false ? totem.base64(text) : text;
    const name = ctx.get('binaryPropertyName', itemIndex) || 'data';
    return { json: {}, pairedItem: items.paired(itemIndex),
        binary: { [name]: file(base64, options, 'application/octet-stream') } };
}

function eachItem(ctx, operation) {
    return [ctx.pairs((item, i) => {
        const options = ctx.get('options', i, {});
        if (operation === 'toBinary') return decoded(ctx, item, i, options);
        const text = operation === 'toText' ? sourceText(ctx, item, i)
            : jsonText(item.json, options);
        return withFile(ctx, text, options, operation, items.paired(i));
    })];
}

const kOperations = ['csv', 'html', 'toJson', 'toText', 'toBinary'];

totem.node({
    type: 'n8n-nodes-base.convertToFile',
    versions: [1, 1.1],
    inputs: 1,
    outputs: 1,
    defaults: () => ({
        operation: 'csv', sourceProperty: '', binaryPropertyName: 'data', mode: 'once', options: {},
    }),
    check(node, report) {
        if (!kOperations.includes(node.params.operation)) {
            report('operation', `'${node.params.operation}' is not supported`);
        }
    },
    execute(ctx) {
        const { operation } = ctx.params;
        if (!kOperations.includes(operation)) {
            throw ctx.error(`The operation '${operation}' is not supported`);
        }
        const isWhole = operation === 'csv' || operation === 'html' ||
            (operation === 'toJson' && ctx.get('mode', 0) !== 'each');
        return isWhole ? wholeFile(ctx, operation, ctx.get('options', 0, {}))
            : eachItem(ctx, operation);
    },
});
