// HTML: takes values out of pages by CSS selector, fills templates, makes tables.

const { items, markup, markupText, select, values } = totem.shared;

function sourceOf(ctx, item, itemIndex) {
    const name = ctx.get('dataPropertyName', itemIndex);
    if (ctx.get('sourceData', itemIndex) === 'binary') {
        const binary = item.binary?.[name];
        if (binary === undefined) {
            throw ctx.error(`No binary data field '${name}' exists on item ${itemIndex}`,
                { itemIndex });
        }
        return [totem.text(totem.fromBase64(binary.data))];
    }
    const value = totem.shared.fields.get(item.json, name);
    if (value === undefined) {
        throw ctx.error(`No property named "${name}" exists!`, { itemIndex });
    }
    return [value].flat().map(values.asText);
}

function formValue(node) {
    if (node.tag === 'textarea') return markup.textContent(node);
    if (node.tag !== 'select') return node.attributes.value;
    const options = select(node, 'option');
    const chosen = options.find((option) => Object.hasOwn(option.attributes, 'selected')) ??
        options[0];
    return chosen?.attributes.value ?? (chosen && markup.textContent(chosen));
}

function cleaned(text, options) {
    let result = text;
    if (options.trimValues === true) result = result.trim();
    if (options.cleanUpText === true) {
        result = result.trim().replace(/[\r\n]+/g, '').replace(/\s+/g, ' ');
    }
    return result;
}

function valueOf(node, entry, options) {
    const tidy = (value) => (typeof value === 'string' ? cleaned(value, options) : value);
    switch (entry.returnValue ?? 'text') {
        case 'attribute':
            return entry.attribute ? tidy(node.attributes[entry.attribute]) : { ...node.attributes };
        case 'html': return tidy(markup.inner(node));
        case 'value': return tidy(formValue(node));
        default: {
            const skips = new Set(values.fieldList(entry.skipSelectors ?? '')
                .flatMap((selector) => select(node, selector)));
            return tidy(markupText(node, skips));
        }
    }
}

function extracted(ctx, item, itemIndex) {
    const options = ctx.get('options', itemIndex, {});
    const entries = ctx.get('extractionValues.values', itemIndex, []);
    return sourceOf(ctx, item, itemIndex).map((text) => {
        const root = markup.parseDocument(text);
        const json = {};
        for (const entry of entries) {
            const nodes = select(root, values.asText(entry.cssSelector ?? ''));
            const found = entry.returnArray === true
                ? nodes.map((node) => valueOf(node, entry, options))
                : nodes.length > 0 ? valueOf(nodes[0], entry, options) : undefined;
            totem.shared.fields.set(json, values.asText(entry.key ?? ''), found, false);
        }
        return { json, pairedItem: items.paired(itemIndex) };
    });
}

/// Every item a row, every field a column.
function table(ctx) {
    const options = ctx.get('options', 0, {});
    const headers = [...new Set(ctx.items.flatMap((item) => Object.keys(item.json)))];
    const style = (text) => (options.customStyling === true ? '' : ` style="${text}"`);
    const attributes = (name) => (options[name] ? ` ${options[name]}` : '');
    const shown = (name) => (options.capitalize === true
        ? name.split('_').map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join(' ')
        : name);
    const cell = (value) => (value === undefined || value === null ? ''
        : typeof value === 'boolean' && options.customStyling !== true
            ? `<input type="checkbox" ${value ? 'checked="checked"' : ''}/>` : values.asText(value));
    const rows = ctx.items.map((item) => `<tr${attributes('rowAttributes')}>` + headers.map((name) =>
        `<td${style('padding: 8px')}${attributes('cellAttributes')}>${cell(item.json[name])}</td>`)
        .join('') + '</tr>');
    const caption = options.caption ? `<caption>${options.caption}</caption>` : '';
    const html = `<table${style('border-spacing:0')}${attributes('tableAttributes')}>${caption}` +
        `<thead><tr>${headers.map((name) =>
            `<th${style('padding: 8px; text-align: left')}${attributes('headerAttributes')}>` +
            `${shown(name)}</th>`).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
    return { json: { table: html },
        pairedItem: ctx.items.map((item, i) => items.paired(i)) };
}

totem.node({
    type: 'n8n-nodes-base.html',
    versions: [1, 1.1, 1.2],
    inputs: 1,
    outputs: 1,
    defaults: () => ({
        operation: 'generateHtmlTemplate', html: '', sourceData: 'json', dataPropertyName: 'data',
        extractionValues: {}, options: {},
    }),
    execute(ctx) {
        const operation = ctx.params.operation;
        if (operation === 'convertToHtmlTable') return [ctx.items.length > 0 ? [table(ctx)] : []];
        if (operation === 'extractHtmlContent') {
            return [ctx.pairs((item, i) => extracted(ctx, item, i))];
        }
        return [ctx.pairs((item, i) => ({
            json: { html: values.asText(ctx.get('html', i, '')) }, pairedItem: items.paired(i),
        }))];
    },
});

totem.node({
    type: 'n8n-nodes-base.htmlExtract',
    versions: [1],
    inputs: 1,
    outputs: 1,
    defaults: () => ({
        sourceData: 'json', dataPropertyName: 'data', extractionValues: {}, options: {},
    }),
    execute: (ctx) => [ctx.pairs((item, i) => extracted(ctx, item, i))],
});
