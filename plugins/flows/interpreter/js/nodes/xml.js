// XML: JSON to XML or XML to JSON.

const { fields, items, values, xml } = totem.shared;

function converted(ctx, item, itemIndex) {
    const options = ctx.get('options', itemIndex, {});
    const name = ctx.get('dataPropertyName', itemIndex);
    if (ctx.get('mode', itemIndex) === 'jsonToxml') {
        return { [name]: xml.build(item.json, options) };
    }
    const text = fields.get(item.json, name);
    if (text === undefined) {
        throw ctx.error(`Item has no JSON property called "${name}"`, { itemIndex });
    }
    const result = xml.parse(values.asText(text), options);
    return values.isPlainObject(result) ? result : { [name]: result };
}

totem.node({
    type: 'n8n-nodes-base.xml',
    versions: [1],
    inputs: 1,
    outputs: 1,
    defaults: () => ({ mode: 'xmlToJson', dataPropertyName: 'data', options: {} }),
    execute: (ctx) => [ctx.pairs((item, i) =>
        items.derived(item, converted(ctx, item, i), i))],
});
