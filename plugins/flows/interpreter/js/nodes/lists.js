// The list nodes: Split Out, Aggregate, Sort, Limit, Summarize, and Item Lists, which held them all
// before they became nodes of their own.

const { listNodes, summarize } = totem.shared;

const node = (type, versions, defaults, execute) => totem.node({
    type: `n8n-nodes-base.${type}`, versions, inputs: 1, outputs: 1, jsonOnly: true,
    defaults: () => defaults, execute,
});

node('splitOut', [1], {
    fieldToSplitOut: '', include: 'noOtherFields', fieldsToInclude: '', options: {},
}, listNodes.splitOut);

node('aggregate', [1], {
    aggregate: 'aggregateIndividualFields', fieldsToAggregate: {}, destinationFieldName: 'data',
    include: 'allFields', fieldsToInclude: '', fieldsToExclude: '', options: {},
}, listNodes.aggregate);

node('sort', [1], {
    type: 'simple', sortFieldsUi: {}, code: '', options: {},
}, listNodes.sort);

node('limit', [1], { maxItems: 1, keep: 'firstItems' }, listNodes.limit);

node('summarize', [1, 1.1], {
    fieldsToSummarize: {}, fieldsToSplitBy: '', options: {},
}, summarize);

const kOperations = {
    splitOutItems: listNodes.splitOut,
    aggregateItems: listNodes.aggregate,
    concatenateItems: listNodes.aggregate,
    removeDuplicates: listNodes.removeDuplicates,
    sort: listNodes.sort,
    limit: listNodes.limit,
    summarize,
};

/// Version 1 leaves the link of the list of all items to the engine.
function withOldLinks(ctx, outputs) {
    const isOld = ctx.version < 2 && ctx.params.operation === 'aggregateItems' &&
        ctx.params.aggregate === 'aggregateAllItemData';
    return isOld ? [[{ ...outputs[0][0], pairedItem: undefined }]] : outputs;
}

totem.node({
    type: 'n8n-nodes-base.itemLists',
    versions: [1, 2, 2.1, 2.2, 3, 3.1],
    inputs: 1,
    outputs: 1,
    jsonOnly: true,
    defaults: () => ({
        resource: 'itemList', operation: 'splitOutItems', fieldToSplitOut: '',
        include: undefined, fieldsToInclude: '', fieldsToExclude: '',
        aggregate: 'aggregateIndividualFields', fieldsToAggregate: {},
        destinationFieldName: 'data', compare: 'allFields', fieldsToCompare: '', type: 'simple',
        sortFieldsUi: {}, code: '', maxItems: 1, keep: 'firstItems', fieldsToSummarize: {},
        fieldsToSplitBy: '', options: {},
    }),
    execute(ctx) {
        const run = kOperations[ctx.params.operation];
        if (run === undefined) {
            throw ctx.error(`The operation '${ctx.params.operation}' is not supported`);
        }
        return withOldLinks(ctx, run(ctx));
    },
});
