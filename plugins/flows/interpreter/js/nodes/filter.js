// Filter: only the items whose conditions hold go on. The others stand in a second list of the
// record, where people look for them; nothing can be connected to it.

const { conditions, oldConditions } = totem.shared;

function holds(ctx, itemIndex) {
    const filter = ctx.get('conditions', itemIndex, {});
    if (ctx.version >= 2) return conditions.holdsFor(ctx, filter, itemIndex);
    return oldConditions.evaluate(filter, ctx.get('combineConditions', itemIndex) !== 'OR');
}

totem.node({
    type: 'n8n-nodes-base.filter',
    versions: [1, 2, 2.1, 2.2, 2.3],
    inputs: 1,
    outputs: 1,
    jsonOnly: true,
    defaults(version) {
        if (version < 2) return { conditions: {}, combineConditions: 'AND' };
        const defaults = { conditions: {}, options: {} };
        return version < 2.1 ? defaults : { ...defaults, looseTypeValidation: false };
    },
    execute(ctx) {
        const kept = [];
        const dropped = [];
        const failed = ctx.pairs((item, i) => { (holds(ctx, i) ? kept : dropped).push(item); });
        kept.push(...failed);
        // With an error output, list 1 belongs to the failed items.
        return ctx.onError === 'continueErrorOutput' ? [kept] : [kept, dropped];
    },
});
