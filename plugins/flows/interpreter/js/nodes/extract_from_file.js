// Extract from File: what a file holds, as items or as a field (CSV, JSON, text, XML, base64).

const { csv, fields, items } = totem.shared;

function binaryOf(ctx, item, itemIndex) {
    const name = ctx.get('binaryPropertyName', itemIndex) || 'data';
    const binary = item.binary?.[name];
    if (binary !== undefined) return binary;
    throw ctx.error(`This operation expects the node's input data to contain a binary file ` +
        `'${name}', but none was found [item ${itemIndex}]`, { itemIndex });
}

function csvItems(text, options, itemIndex) {
    const rows = csv.parse(text, { delimiter: options.delimiter || ',' });
    const pairedItem = items.paired(itemIndex);
    const limit = Number(options.maxRowCount) > 0 ? Number(options.maxRowCount) : Infinity;
    if (options.headerRow === false) {
        return rows.slice(0, limit).map((row) => ({ json: { row }, pairedItem }));
    }
    const [head = [], ...body] = rows;
    return body.slice(0, limit).map((row) => {
        const json = {};
        head.forEach((name, i) => {
            const value = row[i] ?? '';
            if (value !== '' || options.includeEmptyCells !== false) {
                fields.set(json, name, value, false);
            }
        });
        return { json, pairedItem };
    });
}

function parsedJson(ctx, text, itemIndex) {
    try {
        return text.trim() === '' ? {} : JSON.parse(text);
    } catch {
        throw ctx.error(`The file in item ${itemIndex} holds no valid JSON`, { itemIndex });
    }
}

const kReaders = {
    text: (ctx, text) => text,
    xml: (ctx, text) => text,
    html: (ctx, text) => text,
    fromJson: parsedJson,
    binaryToPropery: (ctx, text, i, binary) => binary.data,
};

function extracted(ctx, item, itemIndex) {
    const options = ctx.get('options', itemIndex, {});
    const binary = binaryOf(ctx, item, itemIndex);
    let text = totem.text(totem.fromBase64(binary.data));
    if (options.stripBOM !== false && ctx.params.operation !== 'csv') {
        text = text.replace(/^\ufeff/, '');
    }
    if (ctx.params.operation === 'csv') return csvItems(text, options, itemIndex);
    const keeps = options.keepSource ?? '';
    const json = keeps === 'json' || keeps === 'both' ? totem.copy(item.json) : {};
    fields.set(json, ctx.get('destinationKey', itemIndex) || 'data',
        kReaders[ctx.params.operation](ctx, text, itemIndex, binary));
    const made = { json, pairedItem: items.paired(itemIndex) };
    if (keeps === 'binary' || keeps === 'both') made.binary = item.binary;
    return made;
}

const isKnown = (operation) => operation === 'csv' || Object.hasOwn(kReaders, operation);

totem.node({
    type: 'n8n-nodes-base.extractFromFile',
    versions: [1, 1.1],
    inputs: 1,
    outputs: 1,
    defaults: () => ({
        operation: 'csv', binaryPropertyName: 'data', destinationKey: 'data', options: {},
    }),
    check(node, report) {
        if (!isKnown(node.params.operation)) {
            report('operation', `'${node.params.operation}' is not supported`);
        }
    },
    execute(ctx) {
        if (!isKnown(ctx.params.operation)) {
            throw ctx.error(`The operation '${ctx.params.operation}' is not supported`);
        }
        return [ctx.pairs((item, i) => extracted(ctx, item, i))];
    },
});
