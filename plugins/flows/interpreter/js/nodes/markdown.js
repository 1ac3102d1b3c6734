// Markdown: from HTML or to HTML.

const { fields, fromMarkdown, items, toMarkdown, values } = totem.shared;

/// Replaces what the author listed: {pattern, replacement}, patterns being regular expressions.
function replaced(text, list) {
    return list.reduce((result, { pattern, replacement }) =>
        result.replace(new RegExp(values.asText(pattern ?? ''), 'g'),
            values.asText(replacement ?? '')), text);
}

function written(ctx, itemIndex) {
    const options = ctx.get('options', itemIndex, {});
    if (ctx.get('mode', itemIndex) === 'markdownToHtml') {
        return fromMarkdown(values.asText(ctx.get('markdown', itemIndex, '')), options);
    }
    const text = toMarkdown(values.asText(ctx.get('html', itemIndex, '')), options);
    return replaced(text, options.textReplace?.values ?? []);
}

totem.node({
    type: 'n8n-nodes-base.markdown',
    versions: [1],
    inputs: 1,
    outputs: 1,
    defaults: () => ({
        mode: 'htmlToMarkdown', html: '', markdown: '', destinationKey: 'data', options: {},
    }),
    execute: (ctx) => [ctx.pairs((item, i) => {
        const json = totem.copy(item.json);
        fields.set(json, ctx.get('destinationKey', i), written(ctx, i));
        return items.derived(item, json, i);
    })],
});
