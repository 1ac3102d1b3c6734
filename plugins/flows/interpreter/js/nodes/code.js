// Code: runs the user's JavaScript once for all items or once for each.

const { items, values } = totem.shared;

/// The keys of an item; one of them in a returned object means that it is an item already.
const kItemKeys = new Set(['json', 'binary', 'pairedItem', 'error', 'index']);

function isItem(value) {
    const keys = Object.keys(value);
    for (let i = 0; i < keys.length; i++) {
        if (kItemKeys.has(keys[i]) && keys[i] !== 'index') return true;
    }
    return false;
}

function checkItem(ctx, item, index) {
    const keys = Object.keys(item);
    for (let i = 0; i < keys.length; i++) {
        if (kItemKeys.has(keys[i])) continue;
        throw ctx.error(`Unknown top-level item key: ${keys[i]} [item ${index}]`, {
            itemIndex: index,
            description: `Put it into the item's 'json'.`,
        });
    }
    if (!values.isPlainObject(item.json)) {
        throw ctx.error(`A 'json' property isn't an object [item ${index}]`, {
            itemIndex: index,
            description: `In the returned data, every key named 'json' must point to an object.`,
        });
    }
    return item;
}

/// Returned objects as items.
function itemsOf(ctx, list) {
    const hasItems = list.some((entry) => values.isPlainObject(entry) && isItem(entry));
    return list.map((entry, index) => {
        if (!values.isPlainObject(entry)) {
            throw ctx.error("Code doesn't return items properly", {
                itemIndex: index,
                description: 'Return an array of objects, one for each item of the output.',
            });
        }
        return hasItems ? checkItem(ctx, entry, index) : { json: entry };
    });
}

function allItems(ctx, result) {
    if (!values.isObject(result)) {
        throw ctx.error("Code doesn't return items properly", {
            description: 'Return an array of objects, one for each item of the output.',
        });
    }
    return itemsOf(ctx, Array.isArray(result) ? result : [result]);
}

/// The item made out of what a run for one item returned; null drops the item.
function oneItem(ctx, result, itemIndex) {
    if (result === null) return undefined;
    if (typeof result !== 'object') {
        throw ctx.error(`Code doesn't return an object [item ${itemIndex}]`, {
            itemIndex,
            description: `Return an object for the item. It gave ${values.typeName(result)}.`,
        });
    }
    if (Array.isArray(result)) {
        throw ctx.error(`Code doesn't return a single object [item ${itemIndex}]`, {
            itemIndex,
            description: "An array came back. Use the mode 'Run Once for All Items' for that.",
        });
    }
    if (!isItem(result)) return { json: result, pairedItem: items.paired(itemIndex) };
    return { ...checkItem(ctx, result, itemIndex), pairedItem: items.paired(itemIndex) };
}

function failedItem(ctx, error, itemIndex) {
    if (!ctx.continueOnFail) {
        error.itemIndex ??= itemIndex;
        throw error;
    }
    return totem.errorItem(error, itemIndex);
}

/// Item after item; the first promise makes the rest wait for it.
function eachItem(ctx, run, from = 0, made = []) {
    for (let i = from; i < ctx.items.length; i++) {
        try {
            const result = run(i);
            if (result instanceof Promise) {
                return result.then((value) => oneItem(ctx, value, i))
                    .catch((error) => failedItem(ctx, error, i))
                    .then((item) => eachItem(ctx, run, i + 1, push(made, item)));
            }
            push(made, oneItem(ctx, result, i));
        } catch (error) {
            made.push(failedItem(ctx, error, i));
        }
    }
    return made;
}

function push(list, item) {
    if (item !== undefined) list.push(item);
    return list;
}

/// Once for all items; a failure is one error item where the workflow goes on.
function wholeRun(ctx) {
    const failed = (error) => {
        if (!ctx.continueOnFail) throw error;
        return [[totem.errorItem(error, 0)]];
    };
    try {
        const result = ctx.code(ctx.params.jsCode)(undefined);
        if (result instanceof Promise) {
            return result.then((value) => [allItems(ctx, value)]).catch(failed);
        }
        return [allItems(ctx, result)];
    } catch (error) {
        return failed(error);
    }
}

const kNoPython = 'Python code is not supported. Write this node in JavaScript.';

const isPython = (params) => String(params.language ?? '').startsWith('python');

totem.node({
    type: 'n8n-nodes-base.code',
    versions: [1, 2],
    inputs: 1,
    outputs: 1,
    defaults: (version) => ({
        mode: 'runOnceForAllItems',
        jsCode: '',
        ...(version < 2 ? {} : { language: 'javaScript', pythonCode: '' }),
    }),
    check(node, report) {
        if (isPython(node.params)) return report('language', kNoPython);
        const failure = node.codeFailure(node.params.jsCode);
        if (failure !== undefined) report('jsCode', failure, false);
    },
    execute(ctx) {
        if (isPython(ctx.params)) throw ctx.error(kNoPython);
        if (ctx.params.mode === 'runOnceForEachItem') {
            const run = ctx.code(ctx.params.jsCode);
            return items.after(eachItem(ctx, run), (made) => [made]);
        }
        return wholeRun(ctx);
    },
});
