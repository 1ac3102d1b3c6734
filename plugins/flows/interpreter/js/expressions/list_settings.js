// Reads the parameters of the list operations for the nodes that share them with Item Lists:
// totem.shared.listNodes.<operation>(ctx) gives the outputs.

const { lists, values } = totem.shared;

/// Field names as the three ways of writing them: text, list, {fields: [{fieldName}]}.
function names(ctx, path, itemIndex = 0) {
    const value = ctx.get(path, itemIndex, '');
    if (values.isPlainObject(value)) {
        return (value.fields ?? []).map((entry) => String(entry.fieldName ?? '').trim())
            .filter((name) => name !== '');
    }
    return values.fieldList(value);
}

const dotNotation = (ctx) => ctx.get('options.disableDotNotation', 0, false) !== true;

function splitOut(ctx) {
    const include = { allOtherFields: 'all', selectedOtherFields: 'selected' };
    return [ctx.items.flatMap((item, i) => {
        const fields = names(ctx, 'fieldToSplitOut', i)
            .map((name) => name.replace(/^\$json\./, ''));
        if (fields.length === 0) throw ctx.error('Field To Split Out is needed', { itemIndex: i });
        const targets = values.fieldList(ctx.get('options.destinationFieldName', i, ''));
        if (targets.length > 0 && targets.length !== fields.length) {
            throw ctx.error('If multiple fields to split out are given, the same number of ' +
                'destination fields must be given', { itemIndex: i });
        }
        return lists.splitOut(item, i, {
            names: checkedFields(ctx, item, fields),
            targets,
            include: include[ctx.get('include', i)] ?? 'none',
            selected: names(ctx, 'fieldsToInclude', i),
            dotNotation: dotNotation(ctx),
            keepsBinary: ctx.get('options.includeBinary', i, false) === true,
        });
    })];
}

/// The versions before Split Out refuse a field that holds nothing.
function checkedFields(ctx, item, fields) {
    const isStrict = ctx.node.type.endsWith('.itemLists');
    for (const name of fields) {
        const value = totem.shared.fields.get(item.json, name, dotNotation(ctx));
        if (isStrict && ctx.version < 2.2 && values.isMissing(value)) {
            throw lists.missingField(name);
        }
    }
    return fields;
}

function aggregate(ctx) {
    const common = { dotNotation: dotNotation(ctx) };
    const made = ctx.get('aggregate', 0) === 'aggregateAllItemData'
        ? lists.aggregateItems(ctx.items, { ...common, ...allItemsSettings(ctx) })
        : lists.aggregateFields(ctx.items, fieldsToAggregate(ctx), {
            ...common,
            mergesLists: ctx.get('options.mergeLists', 0, false) === true,
            keepsMissing: ctx.get('options.keepMissing', 0, false) === true,
        });
    if (ctx.get('options.includeBinaries', 0, false) === true) {
        const binary = lists.mergedBinary(ctx.items);
        if (binary !== undefined) made.binary = binary;
    }
    return [[made]];
}

function allItemsSettings(ctx) {
    const include = { specifiedFields: 'only', allFieldsExcept: 'except' }[ctx.get('include', 0)];
    const list = include === 'only' ? 'fieldsToInclude' : 'fieldsToExclude';
    return { include, target: ctx.get('destinationFieldName', 0, 'data') || 'data',
        names: include === undefined ? [] : names(ctx, list) };
}

function fieldsToAggregate(ctx) {
    const list = ctx.get('fieldsToAggregate.fieldToAggregate', 0, [])
        .map((entry) => ({ field: String(entry.fieldToAggregate ?? '').trim(),
            target: entry.renameField === true ? entry.outputFieldName : '' }));
    if (list.length === 0) throw ctx.error('No fields specified');
    if (list.some(({ field }) => field === '')) throw ctx.error('Name of a field is missing');
    const targets = list.map(({ field, target }) => target || field);
    const twice = targets.find((target, i) => targets.indexOf(target) !== i);
    if (twice !== undefined) {
        throw ctx.error(`The '${twice}' output field is used more than once`);
    }
    return list;
}

function removeDuplicates(ctx) {
    const compare = { allFieldsExcept: 'except', selectedFields: 'only' }[ctx.get('compare', 0)];
    const path = compare === 'only' ? 'fieldsToCompare' : 'fieldsToExclude';
    const list = compare === undefined ? [] : names(ctx, path);
    if (compare !== undefined && list.length === 0) {
        throw ctx.error(compare === 'only' ? 'No fields specified. Please add a field to compare on'
            : 'No fields specified. Please add a field to exclude from comparison');
    }
    return [lists.removeDuplicates(ctx.items, {
        compare,
        names: list,
        dotNotation: dotNotation(ctx),
        removesOthers: ctx.get('options.removeOtherFields', 0, false) === true,
    })];
}

function sort(ctx) {
    const type = ctx.get('type', 0);
    if (type === 'random') return [lists.shuffle(ctx.items)];
    if (type === 'code') return [sortByCode(ctx)];
    const order = ctx.get('sortFieldsUi.sortField', 0, []).map((entry) => ({
        name: String(entry.fieldName ?? ''), isDescending: entry.order === 'descending',
    }));
    if (order.length === 0) throw ctx.error('No sorting specified. Please add a field to sort by');
    return [lists.sort(ctx.items, order, dotNotation(ctx))];
}

function sortByCode(ctx) {
    const text = String(ctx.params.code ?? '');
    if (!/\breturn\b/.test(text)) {
        throw ctx.error("Sort code doesn't return. Please add a 'return' statement to your code");
    }
    const compare = ctx.code(`return (a, b) => { ${text}\n};`)(undefined);
    return ctx.items.toSorted(compare);
}

function limit(ctx) {
    const count = Math.max(0, Number(ctx.get('maxItems', 0)) || 0);
    if (ctx.items.length <= count) return [ctx.items];
    return [ctx.get('keep', 0) === 'lastItems' ? ctx.items.slice(ctx.items.length - count)
        : ctx.items.slice(0, count)];
}

totem.share('listNodes', { aggregate, limit, names, removeDuplicates, sort, splitOut });
