// Building the items that a node returns: totem.shared.items. An input item is linked to its place
// already, so passing it on needs nothing.

const paired = (item, input = 0) => (input === 0 ? { item } : { item, input });

/// New json in place of the item's own; binary data stays.
function derived(item, json, itemIndex) {
    const result = { json, pairedItem: paired(itemIndex) };
    if (item.binary !== undefined) result.binary = item.binary;
    return result;
}

/// The value, or what a promise resolves to, through `use`.
const after = (value, use) => (value instanceof Promise ? value.then(use) : use(value));

totem.share('items', { after, derived, paired });
