// Rename Keys: gives fields another name, one by one or by a pattern.

const { fields, items, values } = totem.shared;

function renameOne(json, { currentKey, newKey }) {
    const from = values.asText(currentKey ?? '');
    const to = values.asText(newKey ?? '');
    const value = fields.get(json, from);
    if (from === '' || to === '' || from === to || value === undefined) return;
    if (Object.hasOwn(json, from)) delete json[from];
    else totem.unsetPath(json, from);
    fields.set(json, to, value);
}

/// Renames the keys of `object` and of what is inside, `depth` levels deep; -1 is all of them.
function renameByPattern(object, pattern, replacement, depth) {
    if (Array.isArray(object)) {
        return object.map((entry) => renameByPattern(entry, pattern, replacement, depth));
    }
    if (!values.isPlainObject(object)) return object;
    const result = {};
    for (const [key, value] of Object.entries(object)) {
        const inner = depth === 0 ? value
            : renameByPattern(value, pattern, replacement, depth - 1);
        fields.set(result, key.replace(pattern, replacement), inner, false);
    }
    return result;
}

function renamed(ctx, item, itemIndex) {
    let json = totem.copy(item.json);
    for (const entry of ctx.get('keys.key', itemIndex, [])) renameOne(json, entry);
    const patterns = ctx.get('additionalOptions.regexReplacement.replacements', itemIndex, []);
    for (const { searchRegex, replaceRegex, options = {} } of patterns) {
        const flags = options.caseInsensitive === true ? 'gi' : 'g';
        const pattern = new RegExp(searchRegex ?? '', flags);
        json = renameByPattern(json, pattern, replaceRegex ?? '', options.depth ?? -1);
    }
    return items.derived(item, json, itemIndex);
}

totem.node({
    type: 'n8n-nodes-base.renameKeys',
    versions: [1],
    inputs: 1,
    outputs: 1,
    defaults: () => ({ keys: {}, additionalOptions: {} }),
    execute: (ctx) => [ctx.pairs((item, i) => renamed(ctx, item, i))],
});
